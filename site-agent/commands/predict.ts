// `site predict`: the risk of one child of this hospital after each of its visits, by weights that the coordinator exported.
// A calibrated risk, or a clear refusal when model card, study and child do not fit together.

import { userInfo } from 'node:os'
import { systemClock } from '../../shared/clock.ts'
import { answerText } from '../bedside/answer-text.ts'
import { childNamed, openBedside } from '../bedside/bedside.ts'
import { openModel } from '../bedside/open-model.ts'
import { createViewLog } from '../bedside/view-log.ts'
import { readSettings, type SiteHome } from '../home.ts'
import { createWorkerTrainer } from '../learning/worker-trainer.ts'

export interface PredictOptions {
  /** `participant_id`, with or without `sub-`. */
  readonly child: string
  /** A .safetensors file from `coordinator export`, with its note of origin beside it. */
  readonly weights: string
  /** Its model card; absent: the one beside it, if there is one. */
  readonly card?: string
  readonly json?: true
}

/**
 * Prints what is said about the child, and writes down that it was asked.
 * @throws SequelaError as `openModel` and `openBedside`; `usage` for an unknown child, `cohort_empty` when none of its scans
 *   can be used.
 */
export async function predict(home: SiteHome, { child: name, weights, card, json }: PredictOptions): Promise<void> {
  const model = await openModel(home, { weights, card })
  const { threads } = await readSettings(home)
  const trainer = createWorkerTrainer({ threads })
  const showsProgress = process.stderr.isTTY && !json
  try {
    const bedside = await openBedside({ home, study: model.study, model, trainer })
    const { answer } = await bedside.open(childNamed(bedside.cohort, name), {
      onProgress: (what, done, total) => {
        if (showsProgress) process.stderr.write(`\r\u001b[K${what}${total > 0 ? `: ${done} of ${total}` : ''} `)
      },
    })
    if (showsProgress) process.stderr.write('\r\u001b[K')
    if (answer === undefined) throw new Error('a model was given, so there is an answer')
    const log = createViewLog({ file: home.viewsFile, user: userInfo().username, clock: systemClock })
    await log.record({ what: 'prediction', child: answer.key, weights: model.digest })
    process.stdout.write(`${json ? JSON.stringify(answer) : answerText(answer)}\n`)
  } finally {
    await trainer.close()
  }
}
