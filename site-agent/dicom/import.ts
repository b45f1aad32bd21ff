// The import from a folder: read headers, plan, convert what is new, keep the tables. Interrupted, it goes on where it
// stopped; run again, it converts nothing twice.

import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { isDiskFull, systemCode } from '../../shared/system-code.ts'
import { sidecarOf as sidecarPath } from '../cohort/scan-name.ts'
import { writeFileDurably } from '../durable-file.ts'
import { exists, imagePath, isWithdrawn, labelVisits, removeHalves, writeChildTables } from './bids-output.ts'
import { type Children, readChildren } from './children.ts'
import type { Converter } from './converter.ts'
import type { ScannedFolder, UnreadableSeries } from './folder.ts'
import type { Grid } from './geometry.ts'
import { contentOf, type ImportRecord, openRecord, unfinished } from './import-record.ts'
import { type ImportSource, SeriesMissed } from './import-source.ts'
import type { MappedPatient } from './map-file.ts'
import { type Plan, type PlannedChild, type PlannedImage, planImport } from './plan.ts'
import { heldSentence, type ImportReport, type ReportedImage, type ReportedVisit, shownWhen } from './report.ts'
import { judgeSeries } from './series-verdict.ts'
import { sidecarOf } from './sidecar.ts'
import { type Located, stacksOf } from './stacks.ts'

export interface ImportRequest {
  readonly source: ImportSource
  /** The BIDS folder to write. */
  readonly into: string
  readonly childrenFile: string
  readonly recordFile: string
  readonly map: ReadonlyMap<string, MappedPatient>
  readonly dryRun: boolean
  readonly converter: Converter
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: ImportProgress) => void
}

export type ImportProgress =
  | { readonly step: 'reading'; readonly files: number }
  | { readonly step: 'converting'; readonly done: number; readonly total: number }

/** Said of what was missed. */
const nextTime = 'the next import asks for it again'

/**
 * Imports, or with `dryRun` says what it would do. What the source does not give at the moment stands under the rule `missed`
 * in the report.
 * @throws SequelaError `file_unreadable`, `table_invalid`, `config_invalid`, `disk_full`, `cancelled`
 */
export async function importDicom(request: ImportRequest): Promise<ImportReport> {
  const { signal, onProgress } = request
  const scanned = await request.source.scan({
    ...(signal === undefined ? {} : { signal }),
    onProgress: (files) => onProgress?.({ step: 'reading', files }),
  })
  const children = await readChildren(request.childrenFile, { dryRun: request.dryRun })
  const plan = planImport({ images: scanned.images, map: request.map, childOf: children.of })
  return importPlanned(request, plan, scanned, children)
}

async function importPlanned(
  request: ImportRequest,
  plan: Plan,
  scanned: ScannedFolder,
  children: Children,
): Promise<ImportReport> {
  const record = await openRecord(request.recordFile)
  if (!request.dryRun) await children.save()
  const total = plan.children.reduce(
    (sum, { visits }) => sum + visits.reduce((n, { images }) => n + images.length, 0),
    0,
  )
  const failed: { rule: string; sentence: string }[] = []
  let done = 0
  const reported: ImportReport['children'][number][] = []
  for (const planned of plan.children) {
    const { participant } = planned.child
    if (await isWithdrawn(request.into, participant, record)) {
      const reason =
        'it is not in participants.tsv any more, so nothing of it is imported; add its row again if it may take part'
      failed.push({ rule: 'withdrawn', sentence: `${participant}: ${reason}.` })
      continue
    }
    const labels = await (request.dryRun ? labelVisits : writeChildTables)(request.into, planned)
    const visits: ReportedVisit[] = []
    for (const { day, images } of planned.visits) {
      const session = labels.get(day) ?? ''
      const shown: ReportedImage[] = []
      for (const image of images) {
        request.onProgress?.({ step: 'converting', done: done++, total })
        const path = imagePath(participant, session, image)
        const isComplete = !scanned.unreadableSeries.some((series) => isMissedOf(series, planned, day))
        const outcome = await importImage(request, record, { image, path, isComplete })
        if ('state' in outcome) shown.push(outcome)
        else failed.push({ rule: outcome.rule, sentence: failureSentence(planned, day, image, outcome.reason) })
      }
      visits.push({ visit: session, when: shownWhen(day, planned.child, planned.surgeryDay), images: shown })
    }
    reported.push({ child: participant, visits })
  }
  const surgery = new Map(plan.children.map(({ child, surgeryDay }) => [child.participant, surgeryDay]))
  const held = plan.held.map((series) => ({
    rule: series.rule,
    sentence: heldSentence(series, surgery.get(series.child?.participant ?? '')),
  }))
  return {
    dryRun: request.dryRun,
    into: request.into,
    found: { images: scanned.images.length, copies: scanned.copies, foreign: scanned.foreign },
    children: reported,
    held: [...failed, ...held, ...unreadableSeries(scanned, plan), ...unreadableSentences(scanned)],
    remarks: remarksOn(plan, request),
  }
}

/** Whether a series was missed that may belong to this visit. */
function isMissedOf({ missed, patientId, day }: UnreadableSeries, { child }: PlannedChild, visitDay: number): boolean {
  return missed && patientId === child.patientId && (day === undefined || day === visitDay)
}

interface ImageOfVisit {
  readonly image: PlannedImage
  /** Below the data folder. */
  readonly path: string
  /** Whether all series of the visit were looked at. */
  readonly isComplete: boolean
}

type Failure = { readonly rule: string; readonly reason: string }

async function importImage(
  request: ImportRequest,
  record: ImportRecord,
  { image, path, isComplete }: ImageOfVisit,
): Promise<ReportedImage | Failure> {
  const { grid, stack } = image
  const target = join(request.into, path)
  const content = contentOf(grid)
  const report = (state: ReportedImage['state']): ReportedImage => ({
    file: path,
    sequence: `${image.weighting}${image.contrast ? ' +c' : ''}`,
    series: stack.instance.seriesNumber ?? null,
    slices: grid.slices.length,
    spacingMm: grid.spacingMm,
    reason: image.reason,
    remark: image.remark ?? null,
    state,
  })
  const there = await exists(target)
  const recorded = record.contentOf(target)
  if (there && recorded === content) return report('there already')
  if (there && recorded === undefined) {
    return { rule: 'exists', reason: 'a file of its name is there that the import did not make; move it away' }
  }
  if (there && recorded !== unfinished && !isComplete) {
    const reason = `the visit's image is there and stays, as a series that was missed may be the better one; ${nextTime}`
    return { rule: 'waits', reason }
  }
  if (request.dryRun) return report('would be converted')
  try {
    await mkdir(dirname(target), { recursive: true })
    await removeHalves(target)
    await convertFrom(request, record, { image, target })
    await writeFileDurably(sidecarPath(target), sidecarOf(image), 0o640)
    await record.add(target, content)
    return report('converted')
  } catch (error) {
    if (error instanceof SeriesMissed) return { rule: 'missed', reason: `${error.message}; ${nextTime}` }
    if (!isUnusable(error)) throw writeRefusal(error)
    return { rule: 'pixels', reason: error.message }
  }
}

/** Converts an image out of its files, which may have to be fetched first. */
async function convertFrom(
  { source, converter, signal }: ImportRequest,
  record: ImportRecord,
  { image, target }: { readonly image: PlannedImage; readonly target: string },
): Promise<void> {
  const fetched = await source.fetch?.(image, signal)
  try {
    const { rows, columns, affine, slices } = fetched === undefined ? image.grid : gridAgain(image, fetched.images)
    // Said beforehand, so that an image that is there after an interruption is known to be ours, and made again.
    await record.add(target, unfinished)
    const files = slices.map(({ source, frame }) => ({
      file: source.file,
      frame: frame.index,
      sopUid: source.instance.identifiers.sopUid,
    }))
    await converter.convert({ slices: files, rows, columns, affine, target }, signal)
  } catch (error) {
    // What cannot be used is not kept; an interruption finds its files again.
    if (isUnusable(error)) await fetched?.release()
    throw error
  }
  await fetched?.release()
}

function isUnusable(error: unknown): error is SequelaError {
  return error instanceof SequelaError && (error.code === 'scan_unreadable' || error.code === 'scan_unsuitable')
}

/** The grid that the files themselves give; it must be made of the slices that were planned. */
function gridAgain(planned: PlannedImage, images: readonly Located[]): Grid {
  for (const stack of stacksOf(images)) {
    const verdict = judgeSeries(stack)
    if (verdict.use && verdict.weighting === planned.weighting && contentOf(verdict.grid) === contentOf(planned.grid))
      return verdict.grid
  }
  throw new SequelaError('scan_unsuitable', 'its files are not what the PACS announced')
}

function writeRefusal(error: unknown): unknown {
  const code = systemCode(error, '')
  if (isDiskFull(error)) {
    const message = 'there is no room left for images; make room and run it again'
    return new SequelaError('disk_full', message, { cause: error })
  }
  if (code === 'EACCES' || code === 'EROFS') {
    return new SequelaError('file_unreadable', `the folder for images cannot be written (${code})`, { cause: error })
  }
  return error
}

function failureSentence(
  { child, surgeryDay }: PlannedChild,
  day: number,
  { stack }: PlannedImage,
  reason: string,
): string {
  const { seriesNumber } = stack.instance
  return heldSentence(
    { child, day, seriesNumber, images: stack.slices.length, reason: reason.replace(/\.$/, '') },
    surgeryDay,
  )
}

/** Named as the series that were read are: by child, day and number. */
function unreadableSeries(scanned: ScannedFolder, { children }: Plan): { rule: string; sentence: string }[] {
  return scanned.unreadableSeries.map(({ patientId, reason, missed, ...series }) => {
    const planned = children.find(({ child }) => child.patientId === patientId)
    const why = reason.replace(/\.$/, '')
    const held = { ...series, child: planned?.child, reason: missed ? `${why}; ${nextTime}` : why }
    return { rule: missed ? 'missed' : 'unreadable', sentence: heldSentence(held, planned?.surgeryDay) }
  })
}

function unreadableSentences({ unreadable }: ScannedFolder): { rule: string; sentence: string }[] {
  return [...unreadable].map(([reason, count]) => ({
    rule: 'unreadable',
    sentence: `${count} DICOM ${count === 1 ? 'file' : 'files'}: ${reason}`,
  }))
}

function remarksOn(plan: Plan, { map }: ImportRequest): string[] {
  const remarks: string[] = []
  if (plan.identified > 0) {
    remarks.push(
      `${plan.identified} images carry an age and a date and no mark that the patient's identity was removed. Nothing of that is imported; keep the DICOM files where patients' data may lie.`,
    )
  }
  const unmapped = plan.children.filter(({ surgeryDay }) => surgeryDay === undefined).length
  if (unmapped > 0 && map.size > 0) {
    remarks.push(
      `${unmapped} children have no surgery_date in the map; their days count from the first scan, and outcomes cannot be laid over them.`,
    )
  }
  return remarks
}
