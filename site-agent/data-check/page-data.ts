// What the page of the data check shows of each child: its visits in order of time, used or not, and a sentence for
// everything that is held back.

import type { CheckReport } from '../cohort/checks.ts'
import type { CohortChild, CohortScan } from '../cohort/cohort.ts'
import type { Finding } from '../cohort/finding.ts'
import type { ScanPictures } from './scan-picture.ts'

/** An image of a visit beside the first. */
export interface FurtherImage {
  readonly sequence: string
  readonly pictures: ScanPictures
  readonly quality: string
}

export interface PageVisit {
  readonly visit: string
  /** Since the surgery or the first scan; undefined when that is not known. */
  readonly day: number | undefined
  readonly used: boolean
  readonly label: 0 | 1 | null
  readonly sentences: readonly string[]
  /** Absent when the scan could not be prepared. */
  readonly pictures: ScanPictures | undefined
  /** For people, such as the overlap of the brain with the template's. */
  readonly quality: string | undefined
  /** Where the study shows several sequences at once: the others of this visit. */
  readonly further: readonly FurtherImage[]
}

export interface PageChild {
  readonly child: string
  readonly used: boolean
  /** For example `train: ordering, recurrence`. */
  readonly use: string
  readonly eventDay: number | undefined
  readonly lastFollowUpDay: number | undefined
  /** About the child as a whole. */
  readonly sentences: readonly string[]
  readonly visits: readonly PageVisit[]
}

export interface CheckPage {
  readonly report: CheckReport
  readonly madeAt: string
  readonly children: readonly PageChild[]
  /** About the data set as a whole. */
  readonly sentences: readonly string[]
}

export interface PageSources {
  readonly report: CheckReport
  /** Children with at least one scan to prepare. */
  readonly children: readonly CohortChild[]
  readonly pictures: ReadonlyMap<CohortScan, ScanPictures>
  readonly quality: ReadonlyMap<CohortScan, string>
  /** Absent where the study shows a visit in one image. */
  readonly further?: ReadonlyMap<CohortScan, readonly FurtherImage[]>
  readonly madeAt: string
}

export function checkPage({ report, children, madeAt, ...seen }: PageSources): CheckPage {
  const byChild = Map.groupBy(report.findings, ({ child }) => child)
  const names = new Set([...children.map(({ participant }) => participant), ...byChild.keys()])
  const used = new Map(report.used.map((child) => [child.child, child]))
  const known = new Map(children.map((child) => [child.participant, child]))
  const pageChild = (name: string): PageChild => {
    const child = known.get(name)
    const use = used.get(name)
    const findings = byChild.get(name) ?? []
    return {
      child: name,
      used: use !== undefined,
      use: use === undefined ? 'not used' : `${use.fold}: ${use.tasks.join(', ')}`,
      eventDay: child?.outcome?.eventDay,
      lastFollowUpDay: child?.outcome?.lastFollowUpDay,
      sentences: findings.filter(({ visit }) => visit === undefined).map(sentenceOf),
      visits: visitsOf(child, new Set(use?.scans.map(({ visit }) => visit)), findings, seen),
    }
  }
  return {
    ...{ report, madeAt },
    children: [...names]
      .filter((name) => name !== undefined)
      .toSorted()
      .map(pageChild),
    sentences: (byChild.get(undefined) ?? []).map(sentenceOf),
  }
}

/** Visits with a scan in order of time, then those that never came so far. */
function visitsOf(
  child: CohortChild | undefined,
  used: ReadonlySet<string>,
  findings: readonly Finding[],
  { pictures, quality, further }: Pick<PageSources, 'pictures' | 'quality' | 'further'>,
): PageVisit[] {
  const about = (visit: string): string[] => findings.filter((finding) => finding.visit === visit).map(sentenceOf)
  const scans = child?.scans ?? []
  const placed = scans.map((scan): PageVisit => {
    const { session, day, label } = scan
    return {
      ...{ visit: session, day, used: used.has(session), label, sentences: about(session) },
      ...{ pictures: pictures.get(scan), quality: quality.get(scan), further: further?.get(scan) ?? [] },
    }
  })
  const others = new Set(findings.flatMap(({ visit }) => (visit === undefined ? [] : [visit])))
  for (const { session } of scans) others.delete(session)
  const unplaced = [...others].map((visit): PageVisit => {
    const nothing = { day: undefined, used: false, label: null, pictures: undefined, quality: undefined, further: [] }
    return { visit, ...nothing, sentences: about(visit) }
  })
  return [...placed, ...unplaced]
}

function sentenceOf({ holds, sentence }: Finding): string {
  return holds === 'nothing' ? `To look at: ${sentence}` : `Held back: ${sentence}`
}
