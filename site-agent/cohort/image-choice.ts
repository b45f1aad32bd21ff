// Which image of each visit is used. A child is shown in one sequence throughout, so that no change of protocol can be
// taken for a change of the child: the sequence that covers most of its visits, the study's first choice among equals. Where
// the study shows several sequences at once, there is one image of each that the visit has.

import { channelsOf, usedSequences } from '../../shared/study/sequences.ts'
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

/** One image; or one for each sequence that the study shows at once, in its order, at least one of them there. */
export type ChosenImages = readonly (Image | undefined)[]

export interface ImageChoice {
  /** By session; visits of which nothing can be used have none. */
  readonly chosen: ReadonlyMap<string, ChosenImages>
  readonly findings: readonly Finding[]
}

/** Chooses for one child. */
export function chooseImages(child: string, visits: readonly VisitImages[], pipeline: Study['pipeline']): ImageChoice {
  const findings: Finding[] = []
  const chosen = new Map<string, ChosenImages>()
  const sequences = usedSequences(pipeline)
  const plain = visits.map((visit) => ({
    ...visit,
    images: visit.images.filter(({ name }) => !name.entities.has('ce')),
  }))
  const channels = channelsOf(pipeline)
  const common = channels === undefined ? commonSequence(plain, sequences) : undefined
  for (const [index, { session, images }] of plain.entries()) {
    const all = visits[index] ?? { session, images }
    const best = (channels ?? [common]).map((sequence) => {
      const candidates = images.filter(({ name }) => name.sequence === sequence).toSorted(byRank(pipeline.template))
      if (candidates.length > 1) findings.push(...severalImages(child, session, candidates))
      return candidates[0]
    })
    if (best.every((image) => image === undefined)) findings.push(nothingChosen(child, all, common, sequences))
    else chosen.set(session, best)
    if (channels === undefined || !chosen.has(session)) continue
    const missing = channels.filter((_, channel) => best[channel] === undefined)
    findings.push(...missing.map((sequence) => missingSequence(child, all, sequence)))
  }
  return { chosen, findings }
}

function severalImages(child: string, visit: string, candidates: readonly Image[]): Finding[] {
  const [best] = candidates
  if (best === undefined) return []
  const sentence =
    `this visit has ${candidates.length} images of ${best.name.sequence}; this one is used ` +
    '(in template space before others, then the plainest name, then the last run).'
  return [{ holds: 'nothing', rule: 'several-images', child, visit, file: best.path, sentence }]
}

/** Of a visit that is used without it. */
function missingSequence(child: string, { session, images }: VisitImages, sequence: string): Finding {
  const withAgent = images.some(({ name }) => name.sequence === sequence)
  const what = withAgent
    ? `its ${sequence} is with contrast agent (ce-…), which the study does not ask for`
    : `this visit has no ${sequence}`
  const sentence = `${what}; it is used without, and the model is told that it is missing.`
  return { holds: 'nothing', rule: 'missing-sequence', child, visit: session, sentence }
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
