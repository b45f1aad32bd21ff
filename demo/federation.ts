// A whole consortium on one machine: a coordinator with an authority of its own and an agent for each hospital, all of them
// processes that know each other only through codes, certificates and the network.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { askCoordinator } from '../coordinator/admin/socket.ts'
import { type CoordinatorHome, coordinatorHome } from '../coordinator/home.ts'
import type { CoordinatorStatus, RunStatus } from '../coordinator/status.ts'
import { type SiteHome, siteHome } from '../site-agent/home.ts'
import { programs, runCommand, type Service, startService } from './programs.ts'

export interface FederationOptions {
  readonly folder: string
  readonly sites: readonly { readonly name: string; readonly folder: string }[]
  /** Says what is being done. */
  readonly say: (sentence: string) => void
}

export interface DemoFederation {
  readonly coordinator: CoordinatorHome
  readonly sites: ReadonlyMap<string, SiteHome>
  /** Resolves with what went wrong when a process ends before it was asked to. */
  readonly failed: Promise<string>
  status(): Promise<CoordinatorStatus>
  /** Proposes the study, has these sites approve it (all, where none are named), starts their agents and the first round. */
  start(studyFile: string, studyDigest: string, taking?: readonly string[]): Promise<void>
  stop(): Promise<void>
}

/** Starts the coordinator and enrols every site; agents start with the study. */
export async function startFederation({ folder, sites, say }: FederationOptions): Promise<DemoFederation> {
  const home = join(folder, 'coordinator')
  const logs = join(folder, 'logs')
  mkdirSync(logs, { recursive: true })
  const services: Service[] = []
  const stop = async (): Promise<void> => {
    const agents = services.filter(({ name }) => name !== 'coordinator')
    await Promise.all(agents.map((service) => service.stop()))
    await Promise.all(services.map((service) => service.stop()))
  }
  const coordinator = coordinatorHome(home)
  const homes = new Map(sites.map(({ name }) => [name, siteHome(join(folder, 'sites', name))]))
  const siteCommand = (site: string, ...args: string[]): Promise<string> =>
    runCommand(programs.site, ['--home', homes.get(site)?.folder ?? '', ...args])
  const coordinatorCommand = (...args: string[]): Promise<string> =>
    runCommand(programs.coordinator, ['--home', home, ...args])

  try {
    await coordinatorCommand(
      'init',
      '--host',
      'localhost',
      '--domain',
      'demo.sequela',
      '--listen',
      '127.0.0.1',
      '--port',
      '0',
      '--enrolment-port',
      '0',
      '--min-free-disk-mb',
      '100',
    )
    services.push(
      await startService({
        name: 'coordinator',
        program: programs.coordinator,
        args: ['--home', home, 'serve'],
        logFile: join(logs, 'coordinator.log'),
        readyWord: 'serving',
      }),
    )
    say('The coordinator serves with an authority of its own. Each hospital enrols with a one-time code.')
    for (const { name, folder: data } of sites) {
      const code = (await coordinatorCommand('invite', name)).trim()
      await siteCommand(name, 'enrol', code, '--data', data)
    }
  } catch (error) {
    await stop()
    throw error
  }
  const failure = Promise.withResolvers<string>()
  const watch = (service: Service): void => void service.failed.then(failure.resolve)
  services.forEach(watch)

  return {
    coordinator,
    sites: homes,
    failed: failure.promise,
    status: async () => (await askCoordinator(coordinator, { type: 'status' })) as CoordinatorStatus,
    start: async (studyFile, studyDigest, taking = sites.map(({ name }) => name)) => {
      await coordinatorCommand('study', 'propose', studyFile)
      say('Each hospital reads the study and approves its digest.')
      for (const name of taking) await siteCommand(name, 'approve', studyDigest)
      for (const name of taking.filter((site) => !services.some((service) => service.name === site))) {
        const service = await startService({
          name,
          program: programs.site,
          args: ['--home', homes.get(name)?.folder ?? '', 'run'],
          logFile: join(logs, `${name}.log`),
        })
        services.push(service)
        watch(service)
      }
      await coordinatorCommand('study', 'start', studyFile)
    },
    stop,
  }
}

/** The run of a study in a status. */
export function runOf(status: CoordinatorStatus, studyDigest: string): RunStatus | undefined {
  return status.runs.find((run) => run.studyDigest === studyDigest)
}
