// The children of one seed, made as a hospital would have them (BIDS folders of NIfTI files) and prepared by the site agent's own
// code. The images are deleted as soon as they are prepared: a seed then takes 0.3 GB instead of 1.3.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { ScannerOrder } from '../demo/hospitals/cohort.ts'
import { writeHospitals } from '../demo/hospitals/hospitals.ts'
import { upToLandmark } from '../demo/test-children.ts'
import { seededRandom } from '../shared/random.ts'
import type { Study } from '../shared/study/study.ts'
import { readyCohort } from '../site-agent/children.ts'
import { siteHome } from '../site-agent/home.ts'
import type { PreparedChild } from '../site-agent/learning/trainer.ts'
import { scanFeatures } from './features.ts'
import type { BenchmarkOptions, CohortName } from './options.ts'
import { siteNames, siteShares } from './study-text.ts'

/** A child with what the controls and the lesion probe need; none of it is shown to the network. */
export interface BenchmarkChild extends PreparedChild {
  /** [scan][feature], see features.ts. */
  readonly features: readonly (readonly number[])[]
  /** True radius of the lesion at each scan, mm. */
  readonly radiiMm: readonly number[]
}

export interface BenchmarkCohort {
  readonly sites: ReadonlyMap<string, readonly BenchmarkChild[]>
  /** Up to their landmark, which is decided. */
  readonly test: readonly BenchmarkChild[]
}

const truthSchema = z.object({
  children: z.array(
    z.object({
      participant: z.string(),
      hospital: z.string(),
      visits: z.array(z.object({ day: z.number(), lesionRadiusMm: z.number() })),
    }),
  ),
})

export interface CohortRequest {
  readonly options: BenchmarkOptions
  readonly study: Study
  readonly seed: number
  readonly scanners: ScannerOrder
  /** Counts scans that are painted, then prepared. */
  readonly onProgress: (what: string, done: number, total: number) => void
  readonly signal: AbortSignal
}

/** The seed's cohort, made unless it is there. */
export async function benchmarkCohort(request: CohortRequest): Promise<BenchmarkCohort> {
  const { options, seed, scanners } = request
  const folder = cohortFolder(options, seed, scanners)
  if (!existsSync(join(folder, childrenFile))) await makeCohort(request, folder)
  const { sites, test } = readChildren(folder)
  return { sites: new Map(sites), test }
}

/** Who a seed's test children are, in their order; undefined where the cohort was never made here. */
export function testTruth(
  options: BenchmarkOptions,
  seed: number,
):
  | { readonly hospitals: readonly string[] | undefined; readonly radiiMm: readonly BenchmarkChild['radiiMm'][] }
  | undefined {
  const folder = cohortFolder(options, seed, 'any')
  if (!existsSync(join(folder, childrenFile))) return undefined
  const { test, testHospitals } = readChildren(folder)
  return { hospitals: testHospitals, radiiMm: test.map(({ radiiMm, scans }) => radiiMm.slice(0, scans.length)) }
}

/** To be raised where children of the cohort are drawn or painted otherwise than before. */
export const cohortVersions: Readonly<Record<CohortName, number>> = { hardened: 1, growth: 2 }

const childrenFile = 'children.json'

function cohortFolder(options: BenchmarkOptions, seed: number, scanners: ScannerOrder): string {
  const { cohort, preset, children, testChildren } = options
  const version = cohortVersions[cohort]
  const drawn = version > 1 ? `${cohort}.${version}` : cohort
  return join(options.outFolder, 'cohorts', [drawn, preset, children, testChildren, scanners, seed].join('-'))
}

interface StoredChildren {
  readonly sites: [string, BenchmarkChild[]][]
  readonly test: BenchmarkChild[]
  /** The hospital whose scanners each test child saw, in their order; absent in cohorts of earlier versions. */
  readonly testHospitals?: readonly string[]
}

/** What `makeCohort` wrote, and nobody else. */
function readChildren(folder: string): StoredChildren {
  return JSON.parse(readFileSync(join(folder, childrenFile), 'utf8'))
}

/** Children of each site: those with an outcome and as many without. */
export function childrenPerSite(children: number): number[] {
  return siteNames.map((site) => Math.max(4, Math.round(2 * children * siteShares[site as keyof typeof siteShares])))
}

async function makeCohort(
  { options, study, seed, scanners, onProgress, signal }: CohortRequest,
  folder: string,
): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const hospitals = await writeHospitals({
    outDir: folder,
    kind: options.cohort,
    scanners,
    seed: `benchmark ${seed}`,
    sites: siteNames,
    childrenPerSite: childrenPerSite(options.children),
    testChildren: options.testChildren,
    knownOutcomes: 0.5,
    workers: options.workers,
    signal,
    onProgress: ({ scansDone, scansTotal }) => onProgress('painted', scansDone, scansTotal),
  })
  const truth = truthSchema.parse(JSON.parse(readFileSync(hospitals.truthFile, 'utf8')))
  const truthOf = new Map(
    truth.children.map(({ participant, hospital, visits }) => [
      participant,
      { hospital, radii: new Map(visits.map(({ day, lesionRadiusMm }) => [day, lesionRadiusMm])) },
    ]),
  )
  const hospitalByKey = new Map<string, string>()
  const ready = async (site: string, data: string): Promise<BenchmarkChild[]> => {
    const home = siteHome(join(folder, 'prepared', site))
    const { prepared } = await readyCohort(
      { home, settings: { data, threads: 1 }, site },
      { study },
      {
        onProgress: (done, total) => onProgress(`prepared ${site}`, done, total),
        signal,
      },
    )
    const participants = new Map(prepared.used.map(({ key, participant }) => [key, participant]))
    return prepared.children.map((child) => {
      const known = truthOf.get(participants.get(child.key) ?? '')
      if (known === undefined) throw new Error(`nothing is known of child ${child.key}`)
      hospitalByKey.set(child.key, known.hospital)
      return {
        ...child,
        features: child.scans.map(({ file }) => scanFeatures(file)),
        radiiMm: child.scans.map(({ day }) => known.radii.get(day) ?? 0),
      }
    })
  }
  const sites: [string, BenchmarkChild[]][] = []
  for (const { name, folder: data } of hospitals.sites) sites.push([name, await ready(name, data)])
  const all = hospitals.testFolder === undefined ? [] : await ready('test', hospitals.testFolder)
  const byKey = new Map(all.map((child) => [child.key, child]))
  const test = upToLandmark(all, study).map((child): BenchmarkChild => {
    const whole = byKey.get(child.key)
    return { ...child, features: whole?.features ?? [], radiiMm: whole?.radiiMm ?? [] }
  })
  const testHospitals = test.map(({ key }) => hospitalByKey.get(key) ?? '')
  const stored: StoredChildren = { sites, test, testHospitals }
  writeFileSync(join(folder, 'children.part'), JSON.stringify(stored))
  renameSync(join(folder, 'children.part'), join(folder, childrenFile))
  for (const name of ['hospitals', 'test-children']) rmSync(join(folder, name), { recursive: true, force: true })
}

/** The children with only a share of the known outcomes; a larger share holds all of a smaller one. */
export function withKnownShare<Child extends PreparedChild>(children: readonly Child[], share: number): Child[] {
  const known = children.filter(({ outcome }) => outcome !== undefined)
  const rank = new Map(
    known
      .map(({ key }) => ({ key, at: seededRandom(`known/${key}`).uniform() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ key }, position) => [key, position]),
  )
  const kept = Math.max(1, Math.round(share * known.length))
  return children.map((child) => ((rank.get(child.key) ?? kept) < kept ? child : withoutOutcome(child)))
}

function withoutOutcome<Child extends PreparedChild>(child: Child): Child {
  return { ...child, outcome: undefined, scans: child.scans.map((scan) => ({ ...scan, followUp: null })) }
}
