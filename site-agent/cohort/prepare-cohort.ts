// From a cohort to what training gets: every scan prepared, those that cannot be held back with their reason, and
// usability taken from what is left. Two scans with one content are a mix-up, so both are held.

import { SequelaError } from '../../shared/protocol/errors.ts'
import type { PreparedChild } from '../learning/trainer.ts'
import { mapBounded } from './bounded-map.ts'
import type { Cohort, CohortChild, CohortScan } from './cohort.ts'
import type { Finding } from './finding.ts'
import { type PreparedVisit, prepareVisit, type ScanPreparer, type ScanVolume } from './prepare-visit.ts'
import { countSequences, type SequenceCount } from './sequence-counts.ts'
import { canTrain } from './usability.ts'

export interface PrepareOptions {
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
  /** Children that are worked on at once; 2 when left out. */
  readonly childrenAtOnce?: number
}

export interface PreparedCohort<Volume extends ScanVolume = ScanVolume> {
  /** What training gets, ordered by key. */
  readonly children: readonly PreparedChild[]
  /** The same children with the scans that are left, for the report. */
  readonly used: readonly CohortChild[]
  /** What is known of each scan that could be prepared, held back later or not. */
  readonly volumes: ReadonlyMap<CohortScan, Volume>
  /** Where the study shows several sequences at once: the same of the image of each, in the study's order. */
  readonly channels: PreparedScans<Volume>['channels']
  /** Of the scans that are left, where the study shows several sequences at once. */
  readonly sequences: readonly SequenceCount[]
  /** What preparing found, beside the cohort's own findings. */
  readonly findings: readonly Finding[]
}

/**
 * A child's scans follow one another, since the first decides where the others come to lie. One child reads while another
 * computes; more would only take memory: a whole head is 36 MB as float32.
 */
const usualAtOnce = 2

/** Prepared volumes of scans by scan, and why the others have none. */
export interface PreparedScans<Volume extends ScanVolume = ScanVolume> {
  /** What the model is shown: one volume, or those of all sequences one after the other. */
  readonly files: ReadonlyMap<CohortScan, string>
  /** What the preparer said of the first image of each scan that it could prepare, duplicates included. */
  readonly volumes: ReadonlyMap<CohortScan, Volume>
  /** Where the study shows several sequences at once: what it said of the image of each, in the study's order. */
  readonly channels: ReadonlyMap<CohortScan, readonly (Volume | undefined)[]>
  readonly findings: readonly Finding[]
}

/**
 * Prepares every scan of some children.
 * @throws SequelaError `cancelled` when `signal` aborts; whatever `preparer` throws that is not about the scan, such as
 *   `disk_full`
 */
export async function prepareScans<Volume extends ScanVolume>(
  of: readonly CohortChild[],
  preparer: ScanPreparer<Volume>,
  options: PrepareOptions = {},
): Promise<PreparedScans<Volume>> {
  const total = of.reduce((sum, { scans }) => sum + scans.length, 0)
  let done = 0
  const byChild = await mapBounded(of, options.childrenAtOnce ?? usualAtOnce, async (child) => {
    const visits: PreparedVisit<Volume>[] = []
    const held: Finding[] = []
    let reference: Volume | undefined
    for (const scan of child.scans) {
      if (options.signal?.aborted) throw new SequelaError('cancelled', 'preparing the scans was called off')
      const { visit, findings } = await prepareVisit(preparer, child, scan, reference)
      held.push(...findings)
      if (visit !== undefined) visits.push(visit)
      reference ??= visit?.volume
      options.onProgress?.(++done, total)
    }
    return { visits, held }
  })
  const prepared = byChild.flatMap(({ visits }) => visits)
  const findings = byChild.flatMap(({ held }) => held)
  const volumes = new Map(prepared.map(({ scan, volume }) => [scan, volume]))
  const channels = new Map(prepared.flatMap(({ scan, channels }) => (channels === undefined ? [] : [[scan, channels]])))
  return { files: filesOfSingles(prepared, findings), volumes, channels, findings }
}

/** Prepares every scan of a cohort, and drops children of whom nothing is left to learn. @throws as `prepareScans` */
export async function prepareCohort<Volume extends ScanVolume>(
  cohort: Cohort,
  preparer: ScanPreparer<Volume>,
  options: PrepareOptions = {},
): Promise<PreparedCohort<Volume>> {
  const { files, volumes, channels, findings: ofScans } = await prepareScans(cohort.children, preparer, options)
  const findings = [...ofScans]
  const children: PreparedChild[] = []
  const used: CohortChild[] = []
  for (const child of cohort.children) {
    const left = withFiles(child, files)
    if (!cohort.tasks.some((task) => canTrain(task, left.scans, cohort.question))) {
      findings.push(nothingToLearn(cohort, left))
      continue
    }
    used.push(left)
    children.push(preparedChild(left, { files, channels }))
  }
  const scans = used.flatMap((child) => child.scans)
  const sequences = countSequences(cohort.channels ?? [], scans, channels)
  return {
    children: children.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    used,
    volumes,
    channels,
    sequences,
    findings,
  }
}

/** The child with the scans that have a prepared volume. */
export function withFiles(child: CohortChild, files: PreparedScans['files']): CohortChild {
  return { ...child, scans: child.scans.filter((scan) => files.has(scan)) }
}

/** What training and scoring get of a child all of whose scans have a prepared volume. */
export function preparedChild(
  { key, fold, scans, outcome, chart }: CohortChild,
  prepared: PreparedImages,
): PreparedChild {
  return {
    ...{ key, fold, outcome, chart },
    scans: scans.map((scan) => {
      const { day, followUp, scanner } = scan
      const sequence = shownIn(scan, prepared)
      const file = prepared.files.get(scan) ?? ''
      return { file, day, followUp, scanner, ...(sequence !== undefined && { sequence }) }
    }),
  }
}

type PreparedImages = Pick<PreparedScans<ScanVolume>, 'files' | 'channels'>

/** The sequence of a scan, or of several those that could be prepared. */
function shownIn(scan: CohortScan, { channels }: PreparedImages): string | undefined {
  if (scan.channels === undefined) return scan.sequence
  const there = channels.get(scan) ?? []
  const named = scan.channels.flatMap((image, channel) => (there[channel] === undefined ? [] : [image?.sequence ?? '']))
  return named.join(' and ')
}

/** The files of visits whose images no other visit has, nor themselves twice; a finding for each of the others. */
function filesOfSingles(prepared: readonly PreparedVisit[], findings: Finding[]): ReadonlyMap<CohortScan, string> {
  const images = prepared.flatMap(({ child, scan, contents }) =>
    contents.map(({ path, contentDigest }) => ({ child, scan, path, contentDigest })),
  )
  const files = new Map(prepared.map(({ scan, file }) => [scan, file]))
  for (const alike of Map.groupBy(images, ({ contentDigest }) => contentDigest).values()) {
    if (alike.length === 1) continue
    for (const image of alike) {
      files.delete(image.scan)
      const others = alike.filter((other) => other !== image).map(({ path }) => path)
      const sentence = `it has the same content as ${others.join(' and ')}; one of them is in the wrong place.`
      const about = { child: image.child.participant, visit: image.scan.session, file: image.path }
      findings.push({ holds: 'scan', rule: 'duplicate', ...about, sentence })
    }
  }
  return files
}

function nothingToLearn({ tasks }: Cohort, { participant, scans }: CohortChild): Finding {
  const why = tasks.map((task) => {
    if (task === 'recurrence') return 'no visit whose outcome is decided'
    return scans.length === 0 ? 'no usable scan' : 'only one usable scan, which has no order'
  })
  const sentence = `it has ${why.join(', and ')}.`
  return { holds: 'child', rule: 'nothing-to-learn', child: participant, sentence }
}
