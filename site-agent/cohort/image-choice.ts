// Which image of each visit is used. A child is shown in one sequence throughout, so that no change of protocol can be
// taken for a change of the child; which one, its first visit decides (child-sequence.ts). Where the study shows several
// sequences at once, there is one image of each that the visit has. Contrast agent makes T1w another sequence, T1c; FLAIR and
// T2w after it are taken where a visit has no other (decision 25).

import type { FeaturePipeline, ImagePipeline } from '../../shared/study/inputs.ts'
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

/**
 * Chooses for one child, of each visit on its own.
 * @param sequence that the child is shown in, where the study shows a visit in one image; undefined when none of its visits
 *   can be shown, whose images are then chosen each by itself, so that the reasons can be told of them
 */
export function chooseImages(
  child: string,
  visits: readonly VisitImages[],
  pipeline: Study['pipeline'],
  sequence: string | undefined,
): ImageChoice {
  return 'features' in pipeline ? chooseArrays(child, visits, pipeline) : chooseScans(child, visits, pipeline, sequence)
}

/** What a visit would be shown in if it were the child's only one. */
export interface PreferredImage {
  readonly image: Image
  readonly sequence: string
  /** Lower is preferred: without contrast agent before after it, then the study's order. */
  readonly rank: number
}

/** Undefined when the visit has none of the study's sequences. */
export function preferredImage({ images }: VisitImages, pipeline: ImagePipeline): PreferredImage | undefined {
  const sequences: readonly string[] = usedSequences(pipeline)
  const [best] = images
    .map((image) => {
      const sequence = sequenceIn(image.name)
      const place = sequences.indexOf(sequence)
      return { image, sequence, place, rank: place + (isAfterAgent(image) ? sequences.length : 0) }
    })
    .filter(({ place }) => place >= 0)
    .toSorted((a, b) => a.rank - b.rank || byRank(pipeline.template)(a.image, b.image))
  return best
}

/** Of each visit the array that the study names. */
function chooseArrays(child: string, visits: readonly VisitImages[], { features }: FeaturePipeline): ImageChoice {
  const findings: Finding[] = []
  const chosen = new Map<string, ChosenImages>()
  for (const { session, images } of visits) {
    const candidates = images
      .filter(({ name }) => name.sequence === 'features' && name.entities.get('desc') === features)
      .toSorted(byRank())
    const [best] = candidates
    if (best !== undefined) {
      chosen.set(session, [best])
      findings.push(...aboutChoice(child, session, candidates))
      continue
    }
    const sentence = `this visit has no ${child}_${session}_desc-${features}_features.npy in its folder anat.`
    findings.push({ holds: 'scan', rule: 'no-image', child, visit: session, sentence })
  }
  return { chosen, findings }
}

function chooseScans(
  child: string,
  visits: readonly VisitImages[],
  pipeline: ImagePipeline,
  shown: string | undefined,
): ImageChoice {
  const findings: Finding[] = []
  const chosen = new Map<string, ChosenImages>()
  const sequences = usedSequences(pipeline)
  const channels = channelsOf(pipeline)
  for (const visit of visits) {
    const { session, images } = visit
    const own = shown ?? preferredImage(visit, pipeline)?.sequence
    const best = (channels ?? [own]).map((sequence) => {
      const candidates = images.filter(({ name }) => sequenceIn(name) === sequence).toSorted(byRank(pipeline.template))
      findings.push(...aboutChoice(child, session, candidates))
      return candidates[0]
    })
    if (best.every((image) => image === undefined)) findings.push(nothingChosen(child, visit, shown, sequences))
    else chosen.set(session, best)
    if (channels === undefined || !chosen.has(session)) continue
    const missing = channels.filter((_, channel) => best[channel] === undefined)
    findings.push(...missing.map((sequence) => missingSequence(child, visit, sequence)))
  }
  return { chosen, findings }
}

/**
 * What a study calls an image. T1w after contrast agent shows something else than T1w before it, and is a sequence of its own;
 * FLAIR and T2w stay what they are.
 */
export function sequenceIn({ sequence, entities }: ScanName): string {
  return sequence === 'T1w' && entities.has('ce') ? 'T1c' : sequence
}

/** FLAIR or T2w that was made after contrast agent; T1c is what it is. */
function isAfterAgent({ name }: Image): boolean {
  return name.entities.has('ce') && sequenceIn(name) !== 'T1c'
}

/** What to say of the image that is taken. @param candidates the one that is taken first */
function aboutChoice(child: string, visit: string, candidates: readonly Image[]): Finding[] {
  const [best] = candidates
  if (best === undefined) return []
  const sequence = sequenceIn(best.name)
  const about = { holds: 'nothing', child, visit, file: best.path } as const
  const alike = candidates.filter((image) => isAfterAgent(image) === isAfterAgent(best)).length
  const findings: Finding[] = []
  if (isAfterAgent(best)) {
    const sentence = `this visit has ${sequence} only after contrast agent (ce-…), which is used.`
    findings.push({ ...about, rule: 'contrast-agent', sentence })
  }
  if (alike > 1) {
    const sentence =
      `this visit has ${alike} images of ${sequence}; this one is used ` +
      '(in template space before others, then the plainest name, then the last run).'
    findings.push({ ...about, rule: 'several-images', sentence })
  }
  return findings
}

/** Of a visit that is used without it. */
function missingSequence(child: string, { session, images }: VisitImages, sequence: string): Finding {
  const what =
    sequence === 'T1w' && images.some(({ name }) => sequenceIn(name) === 'T1c')
      ? 'its T1w is after contrast agent (ce-…), which is T1c to a study and no T1w'
      : `this visit has no ${sequence}`
  const sentence = `${what}; it is used without, and the model is told that it is missing.`
  return { holds: 'nothing', rule: 'missing-sequence', child, visit: session, sentence }
}

function nothingChosen(
  child: string,
  { session, images }: VisitImages,
  sequence: string | undefined,
  sequences: readonly string[],
): Finding {
  const about = { holds: 'scan', child, visit: session } as const
  const wanted = images.filter(({ name }) => sequences.includes(sequenceIn(name)))
  if (wanted.length > 0) {
    const others = [...new Set(wanted.map(({ name }) => sequenceIn(name)))].join(' and ')
    const sentence =
      `this visit has ${others} but no ${sequence}, in which this child is shown: ` +
      'its first visit was, and pictures of two sequences cannot be compared.'
    return { ...about, rule: 'other-sequence', sentence }
  }
  if (sequences.includes('T1w') && images.some(({ name }) => sequenceIn(name) === 'T1c')) {
    const sentence = 'its T1w is after contrast agent (ce-…), which is T1c to a study, and this study does not name it.'
    return { ...about, rule: 'contrast-agent', sentence }
  }
  const sentence = `this visit has no image of ${sequences.join(' or ')} in its folder anat.`
  return { ...about, rule: 'no-image', sentence }
}

/** The image to use comes first: without contrast agent where there is one, in template space, then fewest words in its name, then the last run, then by name. */
function byRank(template?: string): (a: Image, b: Image) => number {
  const apart = ({ name }: Image): number =>
    template !== undefined && name.entities.get('space')?.toLowerCase().startsWith(template) ? 0 : 1
  const words = ({ name }: Image): number => name.entities.size - (name.entities.has('run') ? 1 : 0)
  const run = ({ name }: Image): number => Number.parseInt(name.entities.get('run') ?? '0', 10) || 0
  const agent = (image: Image): number => (isAfterAgent(image) ? 1 : 0)
  return (a, b) =>
    agent(a) - agent(b) ||
    apart(a) - apart(b) ||
    words(a) - words(b) ||
    run(b) - run(a) ||
    (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)
}
