// `site run`: the agent, put together and run until a signal comes.

import { mkdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../shared/clock.ts'
import { stopSignal } from '../../shared/command-line.ts'
import { createLog, type LogLevel } from '../../shared/log.ts'
import { seededRandom } from '../../shared/random.ts'
import { runAgent } from '../agent.ts'
import { createApprovals } from '../approvals.ts'
import { approvalIn } from '../approvals-watch.ts'
import { brainNetworkFor } from '../brain-network-setting.ts'
import { createChildrenProvider, identifiersFor } from '../children.ts'
import { createCoordinatorClient } from '../coordinator-client.ts'
import { createEgress } from '../egress.ts'
import { createEvaluator } from '../evaluation/evaluator.ts'
import { readSettings, type SiteHome } from '../home.ts'
import { lockHome } from '../home-lock.ts'
import { certificateLife, readIdentity, renewalDueMs, type SiteIdentity } from '../identity-file.ts'
import type { Trainer } from '../learning/trainer.ts'
import { createWorkerTrainer } from '../learning/worker-trainer.ts'
import { createLinkage } from '../linkage/linkage.ts'
import { createParticipation } from '../participation.ts'
import { createPersonalParameters } from '../personal-parameters.ts'
import { routeTo } from '../proxy.ts'
import { renewedIdentity } from '../renewed-identity.ts'
import { createSpool } from '../spool.ts'
import { createStatusBoard } from '../status-board.ts'

export interface RunOptions {
  readonly logLevel: LogLevel
  /** What trains; tests of transfers and crashes bring something quicker. */
  readonly trainer?: Trainer
  readonly children?: Parameters<typeof runAgent>[0]['preparedChildren']
}

/** @throws SequelaError when the agent cannot start; once it runs, everything is tried again. */
export async function run(home: SiteHome, options: RunOptions): Promise<void> {
  const settings = await readSettings(home)
  const { identityFile } = home
  const identity = await readIdentity(identityFile)
  // Also whether it is sound, which later would be taken for a line that is down.
  certificateLife(identity)
  const log = createLog('site-agent', options.logLevel)
  const route = routeTo(hostOf(identity), process.env)
  log.info('starting', { site: identity.site, reason: route.kind === 'proxy' ? `through ${route.shown}` : 'direct' })
  const unlock = lockHome(home)
  try {
    for (const folder of [home.spoolFolder, home.weightsFolder, home.approvalsFolder]) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
    }
    // Better now than in the night when the first round opens.
    const approvals = createApprovals(home.approvalsFolder)
    for (const { study } of (await approvals.list()).studies) brainNetworkFor(home, settings, study)
    const clock = systemClock
    const random = seededRandom(`${identity.site}/${process.pid}/${clock.now()}`)
    const jitter = random.uniform()
    const trainer = options.trainer ?? createWorkerTrainer({ threads: settings.threads })
    const participation = createParticipation({ file: home.participationFile, site: identity.site, clock })
    const egress = createEgress({ file: home.egressFile, clock, participation })
    await runAgent(
      {
        site: identity.site,
        approvals,
        preparedChildren: options.children ?? createChildrenProvider({ home, settings, site: identity.site, log }),
        trainer,
        evaluator: createEvaluator({
          ...{ site: identity.site, trainer },
          ...{ reportedFile: home.reportedFile, cutsFile: home.cutsFile },
        }),
        egress,
        linkage: createLinkage({
          identifiers: (study) => identifiersFor({ home, settings, site: identity.site }, study),
          ...{ keyFile: home.linkKeyFile, recordFile: home.linkageFile, egress, clock, log },
        }),
        spool: createSpool(home.spoolFolder),
        personal: createPersonalParameters(home.personalFolder),
        weightsFolder: home.weightsFolder,
        connect: async () =>
          createCoordinatorClient(await renewedIdentity({ identityFile, clock, jitter, log, renew })),
        renewalInMs: async () => renewalDueMs(certificateLife(await readIdentity(identityFile)), jitter) - clock.now(),
        approvalsChanged: (signal) => approvalIn(home.approvalsFolder, { signal, log }),
        status: createStatusBoard({ file: home.statusFile, clock }),
        clock,
        random,
        log,
        wait: (ms, signal) => delay(Math.max(0, Math.min(ms, 2 ** 31 - 1)), undefined, { signal }).catch(() => {}),
      },
      stopSignal(),
    )
  } finally {
    unlock()
  }
}

/** Asks for a certificate under the one in force. */
async function renew(identity: SiteIdentity, csrPem: string): Promise<string> {
  const client = createCoordinatorClient(identity)
  try {
    return await client.renewCertificate(csrPem)
  } finally {
    client.close()
  }
}

function hostOf({ federationAddress }: SiteIdentity): string {
  return new URL(`https://${federationAddress}`).hostname
}
