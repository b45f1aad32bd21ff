// `site view`: the children of this hospital on pages of a local server, for one browser on this machine, until it is ended or
// nobody has looked for a while.

import { randomBytes } from 'node:crypto'
import { userInfo } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../shared/clock.ts'
import { stopSignal } from '../../shared/command-line.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { StudyFile } from '../../shared/study/study.ts'
import { notice } from '../bedside/answer.ts'
import { openBedside } from '../bedside/bedside.ts'
import { openModel } from '../bedside/open-model.ts'
import { createAccess } from '../bedside/view/access.ts'
import { createOpenedChildren } from '../bedside/view/opened-children.ts'
import { addRoutes } from '../bedside/view/routes.ts'
import { startViewServer } from '../bedside/view/server.ts'
import { createViewLog } from '../bedside/view-log.ts'
import { readSettings, type SiteHome } from '../home.ts'
import { createWorkerTrainer } from '../learning/worker-trainer.ts'
import { approvedStudies } from './approved-studies.ts'

export interface ViewOptions {
  /** 0: any that is free. */
  readonly port: number
  /** Absent: scans are shown and no risk. */
  readonly weights?: string
  readonly card?: string
  /** After so long without a request the server ends. */
  readonly idleMinutes: number
}

/** How often is looked whether anybody looks. */
const idleCheckMs = 1000

/**
 * Serves until a signal comes or nobody looks. Prints the link.
 * @throws SequelaError as `openModel` and `openBedside`; `not_approved` when there is neither a model nor an approved study,
 *   `config_invalid` for a port that is taken.
 */
export async function view(home: SiteHome, options: ViewOptions): Promise<void> {
  const { weights, card } = options
  const stopped = stopSignal()
  if (card !== undefined && weights === undefined) {
    throw new SequelaError('usage', '--card is of weights; give them too, with --weights')
  }
  if (options.idleMinutes < 1) throw new SequelaError('usage', '--idle-minutes must be 1 or more')
  const { threads } = await readSettings(home)
  const model = weights === undefined ? undefined : await openModel(home, { weights, card })
  const study: StudyFile = model?.study ?? (await latestApproved(home))
  const trainer = createWorkerTrainer({ threads })
  const log = createViewLog({ file: home.viewsFile, user: userInfo().username, clock: systemClock })
  try {
    const bedside = await openBedside({ home, study, model, trainer })
    const access = createAccess(randomBytes)
    let lastUseMs = systemClock.now()
    const server = await startViewServer({
      ...{ access, port: options.port },
      routes: (inside) =>
        addRoutes(inside, { room: access.room, bedside, opened: createOpenedChildren(bedside, home), log }),
      onEntered: () => log.record({ what: 'link-used' }),
      onUse: () => {
        lastUseMs = systemClock.now()
      },
    })
    try {
      await log.record({ what: 'server-started', ...(model !== undefined && { weights: model.digest }) })
      print(`${notice}\n\nOpen this link in a browser on this machine; it works once:\n\n  ${server.link}\n`)
      print(`It ends after ${options.idleMinutes} minutes without a look, or with Ctrl-C. Each view is written down.`)
      const idleMs = options.idleMinutes * 60_000
      while (!stopped.aborted && systemClock.now() - lastUseMs < idleMs) {
        await delay(idleCheckMs, undefined, { signal: stopped }).catch(() => undefined)
      }
      if (!stopped.aborted) print('Nobody has looked for a while; ended.')
    } finally {
      await server.close()
      await log.record({ what: 'server-ended' })
    }
  } finally {
    await trainer.close()
  }
}

async function latestApproved(home: SiteHome): Promise<StudyFile> {
  const approved = (await approvedStudies(home)).at(-1)
  if (approved !== undefined) return approved
  const message = 'no study is approved here, so nobody knows how scans are to be shown; approve one, or give --weights'
  throw new SequelaError('not_approved', message)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
