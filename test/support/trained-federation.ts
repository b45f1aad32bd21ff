// A federation on loopback of two synthetic hospitals, north and south, that has run one study to its end: for journeys that look
// at what came of it. The programs are started as a person starts them, and the engine trains for real.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunStatus } from '../../coordinator/status.ts'
import { type DemoFederation, runOf, startFederation } from '../../demo/federation.ts'
import { writeHospitals } from '../../demo/hospitals/hospitals.ts'
import { programs, runCommand } from '../../demo/programs.ts'
import { demoStudyText } from '../../demo/study-text.ts'
import { ensureEngine } from '../../deploy/engine/ensure-engine.ts'
import { parseStudy } from '../../shared/study/study.ts'
import { eventually } from './eventually.ts'

export const trainedSites = ['north', 'south'] as const

export interface TrainedFederation {
  /** Everything it made. */
  readonly folder: string
  readonly federation: DemoFederation
  readonly run: RunStatus
  /** Starts another study in which these sites take part, and waits for its end. */
  runStudy(text: string, sites: readonly string[]): Promise<RunStatus>
  /** Of the study. */
  readonly digest: string
  /** What `sequela-site` of one of the sites prints. */
  atSite(site: string, ...args: readonly string[]): Promise<string>
  /** What `sequela-coordinator` prints. */
  atCoordinator(...args: readonly string[]): Promise<string>
  /** Exports what the run came to. @returns the file */
  exported(name: string): Promise<string>
  /** Ends the programs and deletes the folder. */
  close(): Promise<void>
}

export interface TrainedFederationOptions {
  /** Part of the folder's name. */
  readonly name: string
  readonly hospitalSeed: number
  readonly studySeed: number
  readonly childrenPerSite: number
  /** Hospitals that are enrolled and take no part in the study. */
  readonly others?: readonly string[]
  /** Changes a hospital's data before anybody reads it. @returns where it lies then */
  readonly changeData?: (data: string, site: string) => string
  /** Changes the study, which has a round of ordering and one of recurrence and waits for both sites. */
  readonly changeStudy?: (text: string) => string
}

export async function trainedFederation({
  name,
  hospitalSeed,
  studySeed,
  childrenPerSite,
  others = [],
  changeData = (data) => data,
  changeStudy = (text) => text,
}: TrainedFederationOptions): Promise<TrainedFederation> {
  await ensureEngine()
  const folder = await mkdtemp(join(tmpdir(), `sequela-${name}-`))
  let federation: DemoFederation | undefined
  const close = async (): Promise<void> => {
    await federation?.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const sites = trainedSites
    const seed = String(hospitalSeed)
    const hospitals = await writeHospitals({
      ...{ outDir: folder, seed, sites: [...sites, ...others], childrenPerSite, testChildren: 0 },
    })
    const data = hospitals.sites.map((site) => ({ name: site.name, folder: changeData(site.folder, site.name) }))
    const started = await startFederation({ folder, sites: data, say: () => {} })
    federation = started
    const text = demoStudyText({ sites, seed: studySeed, orderingRounds: 1, recurrenceRounds: 1, pretrained: true })
    const study = parseStudy(changeStudy(text).replace('quorum: 1', 'quorum: 2'))
    const run = await finishedRun(started, folder, study, sites)
    const { sites: homes, coordinator } = started
    const atCoordinator = (...args: readonly string[]): Promise<string> =>
      runCommand(programs.coordinator, ['--home', coordinator.folder, ...args])
    return {
      ...{ folder, federation: started, run, digest: study.digest, close },
      runStudy: (another, taking) => finishedRun(started, folder, parseStudy(another), taking),
      atSite: (site, ...args) => runCommand(programs.site, ['--home', homes.get(site)?.folder ?? '', ...args]),
      atCoordinator,
      exported: async (file) => {
        const out = join(folder, file)
        await atCoordinator('export', study.digest, '--out', out)
        return out
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Starts the study and waits for its end; the end of a program is an error. */
async function finishedRun(
  federation: DemoFederation,
  folder: string,
  { text, digest }: ReturnType<typeof parseStudy>,
  sites: readonly string[],
): Promise<RunStatus> {
  const studyFile = join(folder, `${digest}.yaml`)
  await writeFile(studyFile, text)
  await federation.start(studyFile, digest, sites)
  return Promise.race([
    eventually('the run to finish', async () => {
      const now = runOf(await federation.status(), digest)
      return now?.phase === 'finished' && now
    }),
    federation.failed.then((how): never => {
      throw new Error(how)
    }),
  ])
}
