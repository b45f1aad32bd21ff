// The list that goes with the flat layout: one row a child, the dates of its scans joined by hyphens, and a label. It says which
// scans belong to the data set; a child that it does not list is held, for its row may have been taken out with a consent.

import type { DataFolder } from './data-folder.ts'
import { type Finding, fewOf, quoted } from './finding.ts'
import { childOf, type OwnTable, readOwnTable } from './own-table.ts'

/** Images by child, each with the visit that its path names. */
export type VisitsByChild = ReadonlyMap<string, readonly { readonly visit: string }[]>

export interface ScanList {
  readonly held: ReadonlySet<string>
  readonly findings: readonly Finding[]
}

/** Joins list and images both ways. @throws SequelaError `table_invalid`. */
export async function joinScanList(
  folder: DataFolder,
  list: OwnTable | undefined,
  images: VisitsByChild,
): Promise<ScanList> {
  if (list === undefined) return { held: new Set(), findings: [] }
  const table = await readOwnTable(folder, list, ['participant_id', 'scan_dates'])
  const present = new Set(images.keys())
  const dates = new Map<string, Set<string>>()
  const held = new Set<string>()
  const findings: Finding[] = []
  const hold = (child: string, sentence: string): void => {
    held.add(child)
    findings.push({ holds: 'child', rule: 'not-listed', child, sentence })
  }
  for (const row of table.rows) {
    const child = childOf(row.value('participant_id'), present)
    if (dates.has(child) && present.has(child)) hold(child, `${table.name} lists it twice; keep one row.`)
    dates.set(child, new Set((row.value('scan_dates') ?? '').split('-').map((date) => date.trim())))
  }
  for (const [child, found] of images) {
    const listed = dates.get(child)
    if (listed === undefined) {
      hold(child, `${table.name} does not list it; add a row if the child may take part, or remove its images.`)
      continue
    }
    const visits = new Set(found.map(({ visit }) => visit))
    const about = (what: string, names: readonly string[]): void => {
      if (names.length === 0) return
      const sentence = `${table.name} ${what}: ${fewOf(names.map(quoted))}.`
      findings.push({ holds: 'nothing', rule: 'scan-table', child, sentence })
    }
    const absent = [...listed].filter((date) => date !== '' && !visits.has(date))
    about(`lists ${absent.length} scans that are not there`, absent)
    about(
      'does not list all of its scans',
      [...visits].filter((visit) => !listed.has(visit)),
    )
  }
  const unknown = [...dates.keys()].filter((child) => !present.has(child))
  if (unknown.length > 0) {
    const sentence = `${table.name} lists children without an image: ${fewOf(unknown.map(quoted))}.`
    findings.push({ holds: 'nothing', rule: 'participants', sentence })
  }
  if (table.rows.some((row) => row.value('label') !== undefined)) {
    const sentence = `the label in ${table.name} says whether and not when, so it is not used; name a table of outcomes with days.`
    findings.push({ holds: 'nothing', rule: 'outcome-row', sentence })
  }
  return { held, findings }
}
