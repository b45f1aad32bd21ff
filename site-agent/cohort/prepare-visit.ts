// One visit prepared: its image, or where a study shows several sequences at once all that it has, put into one file. The first
// image that can be prepared decides where the visit comes to lie; its other images are registered to that one, which shows the
// same head on the same day.

import { SequelaError } from '../../shared/protocol/errors.ts'
import type { CohortChild, CohortImage, CohortScan } from './cohort.ts'
import type { Finding, Rule } from './finding.ts'

/** Makes the prepared volume of a scan, or finds it where it was made before (imaging/prepared.ts). */
export interface ScanPreparer<Volume extends ScanVolume = ScanVolume> {
  /**
   * @param reference a scan of the child that could be prepared, to which this one is registered; absent for the first
   * @throws SequelaError `scan_unreadable` or `scan_unsuitable` when the scan is to be held back.
   */
  prepare(path: string, reference?: Volume): Promise<Volume>
  /**
   * Puts the prepared images of a visit into one file, in order, noughts for those that are missing. Asked only where a study
   * shows several sequences at once. @returns the file
   */
  join?(images: readonly (Volume | undefined)[]): Promise<string>
}

/** A prepared volume on disk. */
export interface ScanVolume {
  readonly file: string
  readonly contentDigest: string
  readonly quality?: {
    /** Of a mask by network: its overlap with the template's. */
    readonly agreement?: number | undefined
  }
}

export interface PreparedVisit<Volume extends ScanVolume = ScanVolume> {
  readonly child: CohortChild
  readonly scan: CohortScan
  /** Of the first image that could be prepared. */
  readonly volume: Volume
  /** What the model is shown. */
  readonly file: string
  /** Of every image that could be prepared: equal for copies of one. */
  readonly contents: readonly { readonly path: string; readonly contentDigest: string }[]
  /** Where the study shows several sequences at once: the prepared image of each, in its order. */
  readonly channels?: readonly (Volume | undefined)[]
}

/** A visit, unless nothing of it can be used, and what is held back of it. */
export interface VisitAttempt<Volume extends ScanVolume> {
  readonly visit: PreparedVisit<Volume> | undefined
  readonly findings: readonly Finding[]
}

/**
 * @param reference the child's first scan that could be prepared; absent for that one
 * @throws whatever `preparer` throws that is not about the scan, such as `disk_full`
 */
export async function prepareVisit<Volume extends ScanVolume>(
  preparer: ScanPreparer<Volume>,
  child: CohortChild,
  scan: CohortScan,
  reference: Volume | undefined,
): Promise<VisitAttempt<Volume>> {
  const images = scan.channels ?? [scan]
  const volumes: (Volume | undefined)[] = []
  const refused: { readonly path: string; readonly rule: Rule; readonly sentence: string }[] = []
  let first: Volume | undefined
  for (const image of images) {
    const tried = image && (await tryPrepare(preparer, image, first ?? reference))
    if (tried !== undefined && 'sentence' in tried) refused.push({ path: image?.path ?? '', ...tried })
    const volume = tried !== undefined && 'volume' in tried ? tried.volume : undefined
    first ??= volume
    volumes.push(volume)
  }
  const holds = first === undefined ? 'scan' : 'image'
  const findings = refused.map(({ path, rule, sentence }): Finding => {
    return { holds, rule, child: child.participant, visit: scan.session, file: path, sentence }
  })
  if (first === undefined) return { visit: undefined, findings }
  const contents = images.flatMap((image, at) => {
    const volume = volumes[at]
    return image === undefined || volume === undefined
      ? []
      : [{ path: image.path, contentDigest: volume.contentDigest }]
  })
  const of = { child, scan, volume: first, contents }
  if (scan.channels === undefined) return { visit: { ...of, file: first.file }, findings }
  if (preparer.join === undefined) throw new Error('a study of several sequences needs a preparer that joins them')
  return { visit: { ...of, file: await preparer.join(volumes), channels: volumes }, findings }
}

async function tryPrepare<Volume extends ScanVolume>(
  preparer: ScanPreparer<Volume>,
  { path, file }: CohortImage,
  reference: Volume | undefined,
): Promise<{ readonly volume: Volume } | { readonly rule: Rule; readonly sentence: string }> {
  try {
    return { volume: await preparer.prepare(file, reference) }
  } catch (error) {
    if (!(error instanceof SequelaError)) throw error
    if (error.code !== 'scan_unreadable' && error.code !== 'scan_unsuitable') throw error
    const rule = error.code === 'scan_unreadable' ? 'unreadable' : 'unsuitable'
    return { rule, sentence: error.message.replaceAll(file, path) }
  }
}
