// What an import did or would do, as data and in words for the data manager. Names children by their random ids, series by
// their number and days as they were written, so nothing in it leads back to a patient without the table at the site.

import { counted } from '../../shared/counted.ts'
import { dateText } from '../cohort/acquisition-time.ts'
import type { KnownChild } from './children.ts'
import type { HeldSeries } from './plan.ts'

export interface ReportedImage {
  readonly file: string
  readonly sequence: string
  readonly series: number | null
  readonly slices: number
  /** Between columns, rows and slices. */
  readonly spacingMm: readonly number[]
  readonly reason: string
  readonly remark: string | null
  readonly state: 'would be converted' | 'converted' | 'there already'
}

export interface ReportedVisit {
  readonly visit: string
  /** `day 90` after surgery, or a shifted date. */
  readonly when: string
  readonly images: readonly ReportedImage[]
}

export interface ImportReport {
  readonly dryRun: boolean
  readonly into: string
  readonly found: { readonly images: number; readonly copies: number; readonly foreign: number }
  readonly children: readonly { readonly child: string; readonly visits: readonly ReportedVisit[] }[]
  readonly held: readonly { readonly rule: string; readonly sentence: string }[]
  readonly remarks: readonly string[]
}

/** When something was, as it may be shown. */
export function shownWhen(
  day: number | undefined,
  child: KnownChild | undefined,
  surgeryDay: number | undefined,
): string {
  if (day === undefined) return 'unknown day'
  if (surgeryDay !== undefined) return `day ${day - surgeryDay}`
  return child === undefined ? 'unknown day' : shiftedDate(day, child)
}

/** The date that is written instead of the real one, `YYYY-MM-DD`. */
export function shiftedDate(day: number, { shiftDays }: KnownChild): string {
  return dateText((day + shiftDays) * 86_400_000)
}

/** A held series in a sentence. */
export function heldSentence(
  held: Omit<HeldSeries, 'rule' | 'images'> & { readonly images: number | undefined },
  surgeryDay: number | undefined,
): string {
  const whose = held.child === undefined ? 'a patient without usable scans' : held.child.participant
  const which = held.seriesNumber === undefined ? 'images' : `series ${held.seriesNumber}`
  const images = held.images === undefined ? '' : ` (${counted(held.images, 'image')})`
  return `${whose}, ${shownWhen(held.day, held.child, surgeryDay)}, ${which}${images}: ${held.reason}.`
}

/** The report in words. */
export function importReportText(report: ImportReport): string {
  const { found, children, held } = report
  const lines = [
    `${found.images} images read${found.copies > 0 ? `, ${found.copies} copies left aside` : ''}${found.foreign > 0 ? `; ${found.foreign} files are not DICOM` : ''}`,
    '',
  ]
  for (const { child, visits } of children) {
    lines.push(child)
    for (const { visit, when, images } of visits) {
      lines.push(`  ${visit}  ${when}`)
      for (const image of images) {
        const number = image.series === null ? '' : `series ${image.series}, `
        const size = `${image.slices} slices, ${image.spacingMm.map((step) => Number(step.toFixed(2))).join(' × ')} mm`
        lines.push(`    ${image.sequence.padEnd(9)} ${image.state}: ${number}${size}; ${image.reason}`)
        if (image.remark !== null) lines.push(`              note: ${image.remark}`)
      }
    }
  }
  if (children.length > 0) lines.push('')
  if (held.length > 0) {
    lines.push(`Not imported, and why (${held.length}):`)
    for (const { sentence } of held) lines.push(`  ${sentence}`)
    lines.push('')
  }
  for (const remark of report.remarks) lines.push(`Note: ${remark}`)
  const images = children.flatMap(({ visits }) => visits.flatMap((visit) => visit.images))
  const count = (state: ReportedImage['state']): number => images.filter((image) => image.state === state).length
  const visits = children.reduce((sum, child) => sum + child.visits.length, 0)
  const done = report.dryRun
    ? `${count('would be converted')} would be converted, ${count('there already')} are there already. Nothing was written.`
    : `${count('converted')} converted, ${count('there already')} were there already. They lie in ${report.into}.\nNext: site check-data --data ${report.into}`
  lines.push(
    `${counted(children.length, 'child', 'children')}, ${counted(visits, 'visit')}, ${counted(images.length, 'image')}: ${done}`,
  )
  return lines.join('\n')
}
