// A data set in one of the layouts of public-layouts.ts, read as the same children, visits and images that a BIDS data set
// gives. What the paths do not say (days, outcomes, charts) comes from the site's own tables.

import { SequelaError } from '../../shared/protocol/errors.ts'
import type { BidsChild, BidsVisit } from './bids.ts'
import type { DataFolder } from './data-folder.ts'
import type { Dataset } from './dataset.ts'
import { type Finding, fewOf, quoted } from './finding.ts'
import type { Image } from './image-choice.ts'
import { childOf, type OwnTable, readOwnTable } from './own-table.ts'
import { type PublicLayout, sequenceOf, sessionOf } from './public-layouts.ts'
import { joinScanList } from './scan-list.ts'
import { readVisitRow, type VisitRow } from './visit-table.ts'

/** An image that a layout's pattern fits. */
export interface FoundImage {
  readonly path: string
  readonly child: string
  /** As the path has it. */
  readonly visit: string
  /** Undefined where the path does not say. */
  readonly sequence: string | undefined
}

/** What a layout finds of a folder's images. @param paths below the data folder */
export function imagesIn({ pattern }: PublicLayout, paths: readonly string[]): readonly FoundImage[] {
  return paths.flatMap((path) => {
    const { child, visit, sequence } = pattern.exec(path)?.groups ?? {}
    return child === undefined || visit === undefined ? [] : [{ path, child, visit, sequence }]
  })
}

/** Days of a layout's own count become dates of this year, so that they order visits and are nobody's days since surgery. */
const countedFromMs = Date.UTC(1900, 0, 1)
const dayMs = 86_400_000

export interface PublicDatasetRequest {
  readonly folder: DataFolder
  readonly layout: PublicLayout
  readonly images: readonly FoundImage[]
  /** Of images whose path does not say; from the site's settings. */
  readonly sequence: string | undefined
  readonly visits: OwnTable | undefined
  /** Which scans each child should have. */
  readonly scans: OwnTable | undefined
}

/** The part of a data set that comes from paths and the table of visits. @throws SequelaError `config_invalid`, `table_invalid`. */
export async function readPublicImages(
  request: PublicDatasetRequest,
): Promise<Pick<Dataset, 'participants' | 'found' | 'readChild' | 'findings'>> {
  const { folder, layout, images } = request
  const silent = images.filter(({ sequence }) => sequence === undefined)
  if (silent.length > 0 && request.sequence === undefined) {
    const message =
      `${silent.length} images such as ${quoted(silent[0]?.path ?? '')} do not say of which sequence they are; ` +
      'write sequence: FLAIR (or T2w, T1w, T1c) into site.yaml'
    throw new SequelaError('config_invalid', message)
  }
  const children = Map.groupBy(images, ({ child }) => child)
  const findings: Finding[] = []
  const note = layout.note === undefined ? '' : `; ${layout.note}`
  findings.push({
    ...{ holds: 'nothing', rule: 'layout' },
    sentence: `the folder was read in the layout ${layout.name} (${layout.shape})${note}.`,
  })
  const rows = await readVisitRows(request, new Set(children.keys()), findings)
  const listed = await joinScanList(folder, request.scans, children)
  findings.push(...listed.findings)
  return {
    participants: [...children.keys()].filter((child) => !listed.held.has(child)).toSorted(),
    found: children.size,
    readChild: async (participant) => childFrom(participant, children.get(participant) ?? [], rows, request),
    findings,
  }
}

type Rows = ReadonlyMap<string, VisitRow>

const placeOf = (child: string, visit: string): string => `${child}/${visit}`

/** The table of visits, by child and the visit's name in the path. */
async function readVisitRows(
  { folder, visits, images }: PublicDatasetRequest,
  present: ReadonlySet<string>,
  findings: Finding[],
): Promise<Rows> {
  const rows = new Map<string, VisitRow>()
  if (visits === undefined) return rows
  const table = await readOwnTable(folder, visits, ['participant_id', 'session_id'])
  const known = new Set(images.map(({ child, visit }) => placeOf(child, visit)))
  const absent: string[] = []
  for (const row of table.rows) {
    const child = childOf(row.value('participant_id'), present)
    const place = placeOf(child, row.value('session_id') ?? '')
    const earlier = rows.get(place)
    if (earlier === undefined) rows.set(place, readVisitRow(table.name, row))
    else {
      const problem = `${table.name} lines ${earlier.line} and ${row.line} are both about this visit; keep one.`
      rows.set(place, { ...earlier, problem })
    }
    if (!known.has(place)) absent.push(quoted(place))
  }
  if (absent.length > 0) {
    const sentence = `${table.name} lists visits without an image: ${fewOf(absent)}.`
    findings.push({ holds: 'nothing', rule: 'visit-table', sentence })
  }
  return rows
}

function childFrom(
  participant: string,
  images: readonly FoundImage[],
  rows: Rows,
  { layout, sequence: told }: PublicDatasetRequest,
): BidsChild {
  const findings: Finding[] = []
  const visits = [...Map.groupBy(images, ({ visit }) => visit)].map(([visit, found]): BidsVisit => {
    const session = sessionOf(visit)
    const known = found.flatMap(({ path, sequence }): Image[] => {
      const word = sequence ?? told ?? ''
      const kind = sequenceOf(word)
      if (kind === undefined) {
        const sentence = `${quoted(path)} is not used: nobody knows the sequence ${quoted(word)}.`
        findings.push({ holds: 'scan', rule: 'file-name', child: participant, visit: session, sentence })
        return []
      }
      const entities = new Map(kind.ce ? [['ce', 'agent']] : [])
      return [{ path, name: { participant, session, entities, sequence: kind.sequence } }]
    })
    return {
      session,
      images: known,
      row: rows.get(placeOf(participant, visit)) ?? ownCount(layout, visit),
      scanTimes: new Map(),
    }
  })
  return { participant, visits: visits.toSorted((a, b) => (a.session < b.session ? -1 : 1)), findings }
}

function ownCount({ dayOf }: PublicLayout, visit: string): VisitRow | undefined {
  const day = dayOf?.(visit)
  if (day === undefined) return undefined
  return { line: 0, daysSinceSurgery: undefined, acquiredMs: countedFromMs + day * dayMs, problem: undefined }
}
