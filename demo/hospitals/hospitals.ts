// Hospitals out of nothing: a longitudinal BIDS data set of NIfTI scans for each site, one of test children that no
// site has, and the truth beside them. Put together in a folder apart and moved into place at the end, so that a data
// set that is there is whole.

import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { siteIdPattern } from '../../shared/study/names.ts'
import { loadTemplate } from './anatomy.ts'
import { datasetTexts, type ListedChild, scannerName } from './bids-writer.ts'
import { templateOf, visitExposure } from './child-painter.ts'
import type { PaintedChild } from './child-scans.ts'
import {
  type ChildPlan,
  type CohortKind,
  type CohortPlan,
  childrenOf,
  drawCourse,
  planChildren,
  type ScannerOrder,
  unseenHospital,
} from './cohort.ts'
import { drawIdentity } from './identity.ts'
import { paintAll } from './painting-pool.ts'
import { cohortTruth } from './truth.ts'
import { asRefusal } from './write-failure.ts'

export interface HospitalOptions {
  /** Gets `hospitals/<site>`, `test-children` and `truth.json`; none of them may be there yet. */
  readonly outDir: string
  readonly seed: string
  readonly sites: readonly string[]
  /** The same for all, or one number a site in the order of `sites`. */
  readonly childrenPerSite: number | readonly number[]
  /** Default: `demo`. */
  readonly kind?: CohortKind
  /** Default: `any`. */
  readonly scanners?: ScannerOrder
  /** Children in no site's data set, a quarter of them from a hospital that never trains. 0 makes no such data set. */
  readonly testChildren: number
  /** Share of the sites' children with a row in the table of outcomes, 0 to 1. Default 1. */
  readonly knownOutcomes?: number
  /** Threads that paint. Default: one a core, two at most. */
  readonly workers?: number
  readonly onProgress?: (progress: HospitalProgress) => void
  /** Calls painting off between two children. */
  readonly signal?: AbortSignal
}

export interface HospitalProgress {
  readonly scansDone: number
  readonly scansTotal: number
  readonly bytes: number
}

export interface Hospitals {
  readonly sites: readonly { readonly name: string; readonly folder: string }[]
  readonly testFolder: string | undefined
  readonly truthFile: string
  readonly scans: number
  readonly bytes: number
}

/** Bounds that keep a slip of the keyboard from filling a disk: at most about 8,000 scans, 2.5 GB. */
const mostSites = 16
const mostChildrenPerSite = 200
const mostTestChildren = 1000
const mostScans = 8000

const hospitalsFolder = 'hospitals'
const testFolder = 'test-children'
const truthFile = 'truth.json'
const stagingFolder = 'hospitals-in-progress'

/**
 * Writes all data sets. The same options give the same bytes, whatever the number of threads.
 * @throws SequelaError `usage` for options out of bounds or results already there, `disk_full`, `file_unreadable`, `cancelled`;
 *   nothing half done is left
 */
export async function writeHospitals(options: HospitalOptions): Promise<Hospitals> {
  const plan = checkedPlan(options)
  const { outDir } = options
  for (const name of [hospitalsFolder, testFolder, truthFile]) refuseExisting(join(outDir, name))
  const children = planChildren(plan).map((child) => ({ child, dataset: datasetOf(child) }))
  const truth = cohortTruth(plan)
  const scansTotal = truth.reduce((sum, { visits }) => sum + visits.length, 0)
  if (scansTotal > mostScans) throw usage(`${scansTotal} scans are more than the ${mostScans} that are allowed.`)

  const template = templateOf(plan.kind ?? 'demo', loadTemplate())
  const staging = emptyFolder(join(outDir, stagingFolder))
  try {
    let [scansDone, bytes] = [0, 0]
    options.onProgress?.({ scansDone, scansTotal, bytes })
    const orders = children.map(({ child, dataset }) => ({ plan: child, folder: join(staging, dataset) }))
    const threads = options.workers ?? Math.min(2, availableParallelism())
    const onPainted = (painted: PaintedChild): void => {
      scansDone += painted.scans
      bytes += painted.bytes
      options.onProgress?.({ scansDone, scansTotal, bytes })
    }
    await paintAll(orders, template, threads, onPainted, options.signal)
    for (const [dataset, members] of Map.groupBy(children, (entry) => entry.dataset)) {
      const listing = members.map(({ child }) => listed(child))
      writeTexts(join(staging, dataset), datasetTexts(`Synthetic children (${dataset})`, listing))
    }
    writeTexts(staging, [[truthFile, `${JSON.stringify({ seed: plan.seed, children: truth }, null, 1)}\n`]])
    for (const name of [hospitalsFolder, testFolder, truthFile]) {
      if (existsSync(join(staging, name))) renameSync(join(staging, name), join(outDir, name))
    }
    return {
      sites: plan.sites.map((name) => ({ name, folder: join(outDir, hospitalsFolder, name) })),
      testFolder: plan.testChildren > 0 ? join(outDir, testFolder) : undefined,
      truthFile: join(outDir, truthFile),
      scans: scansDone,
      bytes,
    }
  } catch (error) {
    throw asRefusal(error)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

/** Path of the child's data set below the folder that holds them all. */
function datasetOf(child: ChildPlan): string {
  return child.test ? testFolder : join(hospitalsFolder, child.hospital)
}

function listed(plan: ChildPlan): ListedChild {
  const child = drawCourse(plan)
  const scanners = child.days.map((_, visit) => scannerName(visitExposure(plan, visit).scannerIndex))
  const { hospital, outcomeKnown } = plan
  return { hospital, outcomeKnown, child, identity: drawIdentity(plan, child), scanners }
}

function writeTexts(folder: string, texts: readonly (readonly [path: string, text: string])[]): void {
  for (const [path, text] of texts) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

/** The folder, made anew; what an interrupted attempt left in it is gone. */
function emptyFolder(path: string): string {
  try {
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path, { recursive: true })
  } catch (error) {
    throw asRefusal(error)
  }
  return path
}

function checkedPlan(options: HospitalOptions): CohortPlan {
  const {
    seed,
    kind = 'demo',
    scanners = 'any',
    sites,
    childrenPerSite,
    testChildren,
    knownOutcomes = 1,
    workers = 1,
  } = options
  if (sites.length < 1 || sites.length > mostSites || new Set(sites).size !== sites.length) {
    throw usage(`The synthetic hospitals must be 1 to ${mostSites} different names, not: ${sites.join(', ')}.`)
  }
  for (const site of sites) {
    if (!siteIdPattern.test(site) || site === unseenHospital) {
      throw usage(`"${site}" cannot name a synthetic hospital: use lower-case letters, digits and hyphens.`)
    }
  }
  if (typeof childrenPerSite !== 'number' && childrenPerSite.length !== sites.length) {
    throw usage(`${childrenPerSite.length} numbers of children were given for ${sites.length} synthetic hospitals.`)
  }
  for (const position of sites.keys()) {
    whole('children per hospital', childrenOf({ childrenPerSite }, position), 1, mostChildrenPerSite)
  }
  whole('test children', testChildren, 0, mostTestChildren)
  whole('painting threads', workers, 1, 64)
  if (!(knownOutcomes >= 0 && knownOutcomes <= 1)) {
    throw usage(`The share of known outcomes must lie between 0 and 1, not ${knownOutcomes}.`)
  }
  return { seed, kind, scanners, sites, childrenPerSite, testChildren, knownOutcomes }
}

function whole(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw usage(`The number of ${what} must be a whole number from ${least} to ${most}, not ${value}.`)
}

function refuseExisting(path: string): void {
  if (existsSync(path)) throw usage(`${path} is there already: name another folder, or move it away first.`)
}

function usage(message: string): SequelaError {
  return new SequelaError('usage', message)
}
