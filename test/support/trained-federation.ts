// A federation on loopback that has run one study to its end, for journeys that look at what came of it.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunStatus } from '../../coordinator/status.ts'
import { type DemoFederation, runOf, startFederation } from '../../demo/federation.ts'
import { programs, runCommand } from '../../demo/programs.ts'
import { parseStudy } from '../../shared/study/study.ts'
import { eventually } from './eventually.ts'

export interface TrainedFederation {
  readonly federation: DemoFederation
  readonly run: RunStatus
  /** What `sequela-site` of one of the sites prints. */
  atSite(site: string, ...args: readonly string[]): Promise<string>
  /** Exports what the run came to. @returns the file */
  exported(name: string): Promise<string>
}

/**
 * @param folder for everything it makes @param sites with their data folders @param text the study file
 * @param onStarted receives the federation as soon as it must be stopped, whatever becomes of the run
 */
export async function trainedFederation({
  folder,
  sites,
  text,
  onStarted,
}: {
  readonly folder: string
  readonly sites: Parameters<typeof startFederation>[0]['sites']
  readonly text: string
  readonly onStarted: (federation: DemoFederation) => void
}): Promise<TrainedFederation> {
  const federation = await startFederation({ folder, sites, say: () => {} })
  onStarted(federation)
  const { digest } = parseStudy(text)
  const studyFile = join(folder, 'study.yaml')
  await writeFile(studyFile, text)
  await federation.start(studyFile, digest)
  const run = await Promise.race([
    eventually('the run to finish', async () => {
      const now = runOf(await federation.status(), digest)
      return now?.phase === 'finished' && now
    }),
    federation.failed.then((how): never => {
      throw new Error(how)
    }),
  ])
  return {
    federation,
    run,
    atSite: (site, ...args) => runCommand(programs.site, ['--home', federation.sites.get(site)?.folder ?? '', ...args]),
    exported: async (name) => {
      const out = join(folder, name)
      const home = ['--home', federation.coordinator.folder]
      await runCommand(programs.coordinator, [...home, 'export', digest, '--out', out])
      return out
    },
  }
}
