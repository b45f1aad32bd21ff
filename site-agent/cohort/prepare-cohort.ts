// From a cohort to what training gets: every scan prepared, those that cannot be held back with their reason, and
// usability taken from what is left. Two scans with one content are a mix-up, so both are held.

import { SequelaError } from '../../shared/protocol/errors.ts'
import type { PreparedChild } from '../learning/trainer.ts'
import { mapBounded } from './bounded-map.ts'
import type { Cohort, CohortChild, CohortScan } from './cohort.ts'
import type { Finding } from './finding.ts'
import { canTrain } from './usability.ts'

/** Makes the prepared volume of a scan, or finds it where it was made before (imaging/prepared.ts). */
export interface ScanPreparer<Volume extends ScanVolume = ScanVolume> {
  /**
   * @param reference the child's first scan that could be prepared, to which the others are registered
   * @throws SequelaError `scan_unreadable` or `scan_unsuitable` when the scan is to be held back.
   */
  prepare(path: string, reference?: Volume): Promise<Volume>
}

/** A prepared volume on disk. */
export interface ScanVolume {
  readonly file: string
  readonly contentDigest: string
}

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
  readonly files: ReadonlyMap<CohortScan, string>
  /** What the preparer said of each scan that it could prepare, duplicates included. */
  readonly volumes: ReadonlyMap<CohortScan, Volume>
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
    const attempts: Attempt<Volume>[] = []
    let reference: Volume | undefined
    for (const scan of child.scans) {
      if (options.signal?.aborted) throw new SequelaError('cancelled', 'preparing the scans was called off')
      const attempt = await tryPrepare(preparer, child, scan, reference)
      attempts.push(attempt)
      if ('volume' in attempt) reference ??= attempt.volume
      options.onProgress?.(++done, total)
    }
    return attempts
  })
  const attempts = byChild.flat()
  const findings = attempts.flatMap((attempt) => ('finding' in attempt ? [attempt.finding] : []))
  const prepared = attempts.filter((attempt) => 'volume' in attempt)
  const volumes = new Map(prepared.map(({ scan, volume }) => [scan, volume]))
  return { files: filesOfSingles(prepared, findings), volumes, findings }
}

/** Prepares every scan of a cohort, and drops children of whom nothing is left to learn. @throws as `prepareScans` */
export async function prepareCohort<Volume extends ScanVolume>(
  cohort: Cohort,
  preparer: ScanPreparer<Volume>,
  options: PrepareOptions = {},
): Promise<PreparedCohort<Volume>> {
  const { files, volumes, findings: ofScans } = await prepareScans(cohort.children, preparer, options)
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
    children.push(preparedChild(left, files))
  }
  return { children: children.toSorted((a, b) => (a.key < b.key ? -1 : 1)), used, volumes, findings }
}

/** The child with the scans that have a prepared volume. */
export function withFiles(child: CohortChild, files: PreparedScans['files']): CohortChild {
  return { ...child, scans: child.scans.filter((scan) => files.has(scan)) }
}

/** What training and scoring get of a child all of whose scans have a prepared volume. */
export function preparedChild(
  { key, fold, scans, outcome, chart }: CohortChild,
  files: PreparedScans['files'],
): PreparedChild {
  return {
    ...{ key, fold, outcome, chart },
    scans: scans.map((scan) => {
      const { day, followUp, scanner } = scan
      return { file: files.get(scan) ?? '', day, followUp, scanner }
    }),
  }
}

interface Prepared<Volume extends ScanVolume = ScanVolume> {
  readonly child: CohortChild
  readonly scan: CohortScan
  readonly volume: Volume
}

type Attempt<Volume extends ScanVolume> = Prepared<Volume> | { readonly finding: Finding }

async function tryPrepare<Volume extends ScanVolume>(
  preparer: ScanPreparer<Volume>,
  child: CohortChild,
  scan: CohortScan,
  reference: Volume | undefined,
): Promise<Attempt<Volume>> {
  try {
    return { child, scan, volume: await preparer.prepare(scan.file, reference) }
  } catch (error) {
    if (!(error instanceof SequelaError)) throw error
    if (error.code !== 'scan_unreadable' && error.code !== 'scan_unsuitable') throw error
    const rule = error.code === 'scan_unreadable' ? 'unreadable' : 'unsuitable'
    const about = { child: child.participant, visit: scan.session, file: scan.path }
    return { finding: { holds: 'scan', rule, ...about, sentence: error.message.replaceAll(scan.file, scan.path) } }
  }
}

/** The files of scans whose content no other scan has; a finding for each of the others. */
function filesOfSingles(prepared: readonly Prepared[], findings: Finding[]): ReadonlyMap<CohortScan, string> {
  const byContent = Map.groupBy(prepared, ({ volume }) => volume.contentDigest)
  const files = new Map<CohortScan, string>()
  for (const alike of byContent.values()) {
    for (const { child, scan, volume } of alike) {
      if (alike.length === 1) {
        files.set(scan, volume.file)
        continue
      }
      const others = alike.filter((other) => other.scan !== scan).map((other) => other.scan.path)
      const sentence = `it has the same content as ${others.join(' and ')}; one of them is in the wrong place.`
      const about = { child: child.participant, visit: scan.session, file: scan.path }
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
