// A consortium of enrolled sites in a folder of its own, whose programs a journey or a benchmark starts, kills and starts
// again. Enrolment makes keys, which is slow, so it happens once a test file; every journey works on a copy.

import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { askCoordinator } from '../../coordinator/admin/socket.ts'
import { createAuthority } from '../../coordinator/authority/authority.ts'
import { startCoordinator } from '../../coordinator/coordinator.ts'
import { coordinatorHome, createHome, readSettings } from '../../coordinator/home.ts'
import type { CoordinatorStatus, RunStatus } from '../../coordinator/status.ts'
import { openFileBlobs } from '../../coordinator/store/files.ts'
import { systemClock } from '../../shared/clock.ts'
import { silentLog } from '../../shared/log.ts'
import { parseStudy, type StudyFile } from '../../shared/study/study.ts'
import { createApprovals } from '../../site-agent/approvals.ts'
import { redeemCode } from '../../site-agent/enrolment-client.ts'
import { type SiteHome, siteHome, writeSettings } from '../../site-agent/home.ts'
import { readIdentity, type SiteIdentity, writeIdentity } from '../../site-agent/identity-file.ts'
import type { CastOfAgents } from './agent-process.ts'
import { eventually } from './eventually.ts'
import { type Program, startProgram } from './program.ts'
import type { StoreFault } from './store-faults.ts'

/** Different numbers of children, so that the sites' weights in the average differ. `d` is enrolled and in no study. */
const usualSites = { a: 5, b: 8, c: 13, d: 3 }
const domain = 'journey.sequela'

/** Shorter keys than in production, which take seconds to make. */
const keyBits = 2048

export interface ConsortiumOptions {
  /** Sites of the study; a, b and c by default. */
  readonly sites?: readonly string[]
  /** Rounds of ordering, then one of recurrence. */
  readonly orderingRounds?: number
  readonly quorum?: number
  readonly deadline?: string
  /** Added to the study's policy. */
  readonly policy?: string
  /** Sites' children are those of their tables. */
  readonly fromTables?: true
}

export interface Consortium {
  readonly folder: string
  readonly study: StudyFile
  /** Port of the coordinator's federation listener; the same after every restart. */
  readonly port: number
  /** While this file exists no training ends. */
  readonly holdFile: string
  /** Starts the coordinator, with a fault if one is named; resolves when it serves. */
  startCoordinator(fault?: StoreFault): Promise<Program>
  /** Starts the agents of these sites in one process. */
  startAgents(sites: readonly string[], training?: CastOfAgents['training']): Promise<Program>
  /** Shows the study to its sites. */
  propose(): Promise<void>
  /** Proposes the study and starts the run; what has been done before is left as it is. */
  startRun(): Promise<void>
  status(): Promise<RunStatus>
  /** The status once it is as `condition` wants it. */
  when(what: string, condition: (status: RunStatus) => boolean): Promise<RunStatus>
  finished(): Promise<RunStatus>
  /** Every training that began, as study seed/site/stage/round, sorted. */
  trainings(): Promise<readonly string[]>
  /** Digests of what the coordinator's store holds whole. */
  blobs(): Promise<readonly string[]>
  identity(site: string): Promise<SiteIdentity>
  siteHome(site: string): SiteHome
  /** Sends what the site says to another port on this machine. */
  reroute(site: string, port: number): Promise<void>
  close(): Promise<void>
}

export interface EnrolledConsortium {
  open(options?: ConsortiumOptions): Promise<Consortium>
  close(): Promise<void>
}

/**
 * Authority, coordinator's home and sites' homes, enrolled with codes; nothing runs.
 * @param childrenOf how many children each site has
 */
export async function enrolConsortium(
  childrenOf: Readonly<Record<string, number>> = usualSites,
): Promise<EnrolledConsortium> {
  const folder = await mkdtemp(join(tmpdir(), 'sequela-consortium-'))
  const original = join(folder, 'original')
  const home = coordinatorHome(join(original, 'coordinator'))
  const listener = { address: '127.0.0.1', port: 0 }
  const settings = await createHome(home, {
    ...{ domain, host: 'localhost', federation: listener, enrolment: listener, minFreeDiskMb: 1 },
  })
  await createAuthority({ folder: home.authorityFolder, domain, hosts: ['localhost'], keyBits }, systemClock.now())
  const fail = (error: unknown): never => {
    throw error
  }
  const coordinator = await startCoordinator({ home, settings, log: silentLog, onFatal: fail })
  for (const site of Object.keys(childrenOf)) {
    const code = await coordinator.admin({ type: 'invite', site })
    const siteFolder = siteHome(join(original, 'sites', site))
    await writeIdentity(siteFolder.identityFile, await redeemCode(String(code), {}))
    await writeSettings(siteFolder, { data: original, threads: 1 })
  }
  await coordinator.close(0)
  let copies = 0
  return {
    open: async (options = {}) => {
      const copy = join(folder, `copy-${copies++}`)
      await cp(original, copy, { recursive: true })
      return openConsortium(copy, childrenOf, options)
    },
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

async function openConsortium(
  folder: string,
  childrenOf: Readonly<Record<string, number>>,
  options: ConsortiumOptions,
): Promise<Consortium> {
  const home = coordinatorHome(join(folder, 'coordinator'))
  const homeOf = (site: string): SiteHome => siteHome(join(folder, 'sites', site))
  const study = parseStudy(studyText(options))
  const port = await freePort()
  const settings = await readSettings(home)
  await writeFile(
    home.settingsFile,
    stringify({ ...settings, federation: { ...settings.federation, port }, enrolment: settings.enrolment }),
  )
  const reroute = async (site: string, to: number): Promise<void> => {
    const { identityFile } = homeOf(site)
    await writeIdentity(identityFile, { ...(await readIdentity(identityFile)), federationAddress: `localhost:${to}` })
  }
  for (const site of Object.keys(childrenOf)) {
    await mkdir(homeOf(site).approvalsFolder, { recursive: true })
    await createApprovals(homeOf(site).approvalsFolder).approve(study)
    await reroute(site, port)
  }
  const holdFile = join(folder, 'hold')
  const trainingsFile = join(folder, 'trainings')
  await writeFile(trainingsFile, '')
  const programs: Program[] = []
  const started = async (options: Parameters<typeof startProgram>[0]): Promise<Program> => {
    const program = await startProgram(options)
    programs.push(program)
    return program
  }

  const propose = async (): Promise<void> => void (await askCoordinator(home, { type: 'propose', text: study.text }))

  const status = async (): Promise<RunStatus> => {
    const { runs } = (await askCoordinator(home, { type: 'status' })) as CoordinatorStatus
    const run = runs.find(({ studyDigest }) => studyDigest === study.digest)
    if (run === undefined) throw new Error('the coordinator does not know the study')
    return run
  }
  const when: Consortium['when'] = (what, condition) =>
    eventually(what, async () => {
      const now = await status()
      return condition(now) && now
    })

  return {
    ...{ folder, study, port, holdFile, status, when, reroute },
    startCoordinator: (fault) =>
      started({
        entry: 'coordinator-process.ts',
        args: [home.folder, ...(fault === undefined ? [] : [JSON.stringify(fault)])],
        logFile: join(folder, 'coordinator.log'),
        readyWord: 'serving',
      }),
    startAgents: (names, training = 'arithmetic') => {
      const cast: CastOfAgents = {
        sites: names.map((site) => ({
          home: homeOf(site).folder,
          children: options.fromTables ? 'from tables' : (childrenOf[site] ?? 1),
        })),
        ...{ trainingsFile, heldWhile: holdFile, training },
      }
      return started({
        entry: 'agent-process.ts',
        args: [JSON.stringify(cast)],
        logFile: join(folder, `agents-${names.join('')}.log`),
        readyWord: 'running',
      })
    },
    propose,
    startRun: async () => {
      await propose()
      const { phase } = await status()
      if (phase === 'proposed') await askCoordinator(home, { type: 'start', studyDigest: study.digest })
    },
    finished: () => when('the run to finish', ({ phase }) => phase === 'finished'),
    trainings: async () => (await readFile(trainingsFile, 'utf8')).trim().split('\n').sort(),
    blobs: async () => (await openFileBlobs({ folder: home.storeFolder, minFreeBytes: 0, readOnly: true })).list(),
    identity: (site) => readIdentity(homeOf(site).identityFile),
    siteHome: homeOf,
    close: async () => {
      await Promise.all(programs.map((program) => program.end()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function studyText({
  sites = ['a', 'b', 'c'],
  orderingRounds = 2,
  quorum = 2,
  deadline = '1h',
  policy = '',
}: ConsortiumOptions): string {
  return `study: journey
seed: 7
model: { preset: tiny, grid: [24, 32, 24], spacingMm: 7 }
pipeline: { template: mni152, sequences: [FLAIR] }
sites: [${sites.join(', ')}]
folds: { train: 0.8, validation: 0.2, test: 0 }
stages:
  - { task: ordering, rounds: ${orderingRounds}, learningRate: 1e-3 }
  - { task: recurrence, rounds: 1, learningRate: 1e-3 }
strategy: { serverMomentum: 0.6 }
round: { quorum: ${quorum}, deadline: ${deadline} }
policy: { minChildren: 1, minCell: 1, maxUpdateNorm: 1${policy} }
`
}

/** Below the ports that systems hand out by themselves, so nobody is given this one before the coordinator comes. */
const [lowestPort, ports] = [16_000, 16_000]

/** A port that is free: a coordinator must come back where its sites look for it. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = lowestPort + Math.floor(Math.random() * ports)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise<void>((resolve) => server.close(() => resolve()))
    return port
  }
}
