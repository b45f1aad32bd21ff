// A cohort whose scans are prepared for the network. Scans that cannot be used are taken out with the reason, and so are
// images that lie under two children, which no split would survive.

import { sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { PreparedChild } from '../learning/trainer.ts'
import type { Cohort, CohortChild, CohortVisit } from './cohort.ts'
import type { Finding } from './visits.ts'

/** Prepares one scan, or says why not. See imaging/prepared.ts. */
export interface ScanPreparer {
  prepare(path: string): Promise<{ readonly file: string; readonly contentDigest: string }>
}

export interface PreparedCohort {
  readonly children: readonly PreparedChild[]
  /** What was held back here; the cohort's own findings are not repeated. */
  readonly findings: readonly Finding[]
}

export interface PrepareOptions {
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

interface ReadyScan {
  readonly visit: CohortVisit
  readonly file: string
  readonly contentDigest: string
}

/** Prepares every scan, one after the other. @throws SequelaError `cancelled`, or what is no fault of a scan. */
export async function prepareCohort(
  cohort: Cohort,
  preparer: ScanPreparer,
  options: PrepareOptions = {},
): Promise<PreparedCohort> {
  const total = cohort.children.reduce((sum, child) => sum + child.visits.length, 0)
  const findings: Finding[] = []
  const ready: { readonly child: CohortChild; readonly scans: ReadyScan[] }[] = []
  let done = 0
  for (const child of cohort.children) {
    const scans: ReadyScan[] = []
    for (const visit of child.visits) {
      if (options.signal?.aborted) throw new SequelaError('cancelled', 'preparing the scans was called off')
      const prepared = await prepareScan(preparer, child, visit, findings)
      if (prepared !== undefined) scans.push({ visit, ...prepared })
      options.onProgress?.(++done, total)
    }
    ready.push({ child, scans })
  }
  const shared = sharedBetweenChildren(ready)
  const children = ready.flatMap(({ child, scans }): PreparedChild[] => {
    const own = scans.filter(({ contentDigest, visit }) => {
      if (!shared.has(contentDigest)) return true
      findings.push({
        child: child.id,
        scan: visit.relativePath,
        what: 'the same image lies under another child too; both are held back',
      })
      return false
    })
    if (own.length === 0) return []
    return [
      {
        key: sha256(`sequela child\n${child.id}`).slice(0, 16),
        fold: child.fold,
        scans: own.map(({ file, visit }) => ({ file, day: visit.day })),
        labels: own.map(({ visit }) => visit.label),
      },
    ]
  })
  return { children, findings }
}

async function prepareScan(
  preparer: ScanPreparer,
  child: CohortChild,
  visit: CohortVisit,
  findings: Finding[],
): Promise<{ readonly file: string; readonly contentDigest: string } | undefined> {
  try {
    const { file, contentDigest } = await preparer.prepare(visit.scanPath)
    return { file, contentDigest }
  } catch (error) {
    if (!(error instanceof SequelaError) || (error.code !== 'scan_unreadable' && error.code !== 'scan_unsuitable'))
      throw error
    findings.push({ child: child.id, scan: visit.relativePath, what: `${error.message}; it is held back` })
    return undefined
  }
}

function sharedBetweenChildren(ready: readonly { readonly scans: readonly ReadyScan[] }[]): ReadonlySet<string> {
  const owner = new Map<string, number>()
  const shared = new Set<string>()
  for (const [index, { scans }] of ready.entries()) {
    for (const { contentDigest } of scans) {
      const first = owner.get(contentDigest)
      if (first === undefined) owner.set(contentDigest, index)
      else if (first !== index) shared.add(contentDigest)
    }
  }
  return shared
}
