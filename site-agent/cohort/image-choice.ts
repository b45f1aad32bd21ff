// Which image of each visit is used. A child is shown in one sequence throughout, so that no change of protocol can be
// taken for a change of the child: the sequence that covers most of its visits, the study's first choice among equals.

import type { Study } from '../../shared/study/study.ts'
import type { Finding } from './finding.ts'
import type { ScanName } from './scan-name.ts'

export interface Image {
  /** Below the data folder. */
  readonly path: string
  readonly name: ScanName
}

export interface VisitImages {
  readonly session: string
  readonly images: readonly Image[]
}

export interface ImageChoice {
  /** At most one for each visit, by session. */
  readonly chosen: ReadonlyMap<string, Image>
  readonly findings: readonly Finding[]
}

/** Chooses for one child. */
export function chooseImages(child: string, visits: readonly VisitImages[], pipeline: Study['pipeline']): ImageChoice {
  const findings: Finding[] = []
  const chosen = new Map<string, Image>()
  const plain = visits.map((visit) => ({
    ...visit,
    images: visit.images.filter(({ name }) => !name.entities.has('ce')),
  }))
  const sequence = commonSequence(plain, pipeline.sequences)
  for (const [index, { session, images }] of plain.entries()) {
    const candidates = images.filter(({ name }) => name.sequence === sequence).toSorted(byRank(pipeline.template))
    const [best] = candidates
    if (best === undefined) {
      findings.push(nothingChosen(child, visits[index] ?? { session, images }, sequence, pipeline.sequences))
      continue
    }
    chosen.set(session, best)
    if (candidates.length === 1) continue
    const sentence =
      `this visit has ${candidates.length} images of ${sequence}; this one is used ` +
      '(in template space before others, then the plainest name, then the last run).'
    findings.push({ holds: 'nothing', rule: 'several-images', child, visit: session, file: best.path, sentence })
  }
  return { chosen, findings }
}

function commonSequence(visits: readonly VisitImages[], sequences: readonly string[]): string | undefined {
  const covered = sequences.map((sequence) => ({
    sequence,
    visits: visits.filter(({ images }) => images.some(({ name }) => name.sequence === sequence)).length,
  }))
  // Sorting keeps the order of equals, which is the study's.
  const [best] = covered.toSorted((a, b) => b.visits - a.visits)
  return best === undefined || best.visits === 0 ? undefined : best.sequence
}

function nothingChosen(
  child: string,
  { session, images }: VisitImages,
  sequence: string | undefined,
  sequences: readonly string[],
): Finding {
  const about = { holds: 'scan', child, visit: session } as const
  const wanted = images.filter(({ name }) => sequences.includes(name.sequence))
  const others = [...new Set(wanted.map(({ name }) => name.sequence))].join(' and ')
  if (wanted.length === 0) {
    return {
      ...about,
      rule: 'no-image',
      sentence: `this visit has no image of ${sequences.join(' or ')} in its folder anat.`,
    }
  }
  if (wanted.every(({ name }) => name.entities.has('ce'))) {
    const sentence = `its ${others} is with contrast agent (ce-…), which the study does not ask for.`
    return { ...about, rule: 'contrast-agent', sentence }
  }
  const sentence = `this visit has ${others} but no ${sequence}, in which most of this child's visits were scanned.`
  return { ...about, rule: 'other-sequence', sentence }
}

/** The image to use comes first: in template space, then fewest words in its name, then the last run, then by name. */
function byRank(template: string): (a: Image, b: Image) => number {
  const apart = ({ name }: Image): number => (name.entities.get('space')?.toLowerCase().startsWith(template) ? 0 : 1)
  const words = ({ name }: Image): number => name.entities.size - (name.entities.has('run') ? 1 : 0)
  const run = ({ name }: Image): number => Number.parseInt(name.entities.get('run') ?? '0', 10) || 0
  return (a, b) =>
    apart(a) - apart(b) || words(a) - words(b) || run(b) - run(a) || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)
}
