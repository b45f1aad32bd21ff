// `site predict`: the risk of one child of this hospital after each of its visits, by weights that the coordinator exported.
// A number, or a clear refusal when weights, study and child do not fit together.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { modelOf } from '../../shared/study/model-of.ts'
import { preparerFor } from '../children.ts'
import { type Cohort, type CohortChild, loadCohort } from '../cohort/cohort.ts'
import { preparedChild, prepareScans, withFiles } from '../cohort/prepare-cohort.ts'
import { readExportedModel } from '../exported-model.ts'
import { readSettings, type SiteHome } from '../home.ts'
import { readIdentity } from '../identity-file.ts'
import type { PreparedChild } from '../learning/trainer.ts'
import { createWorkerTrainer } from '../learning/worker-trainer.ts'
import { predictionFrom, questionsAbout } from '../prediction.ts'
import { type Prediction, predictionText } from './prediction-text.ts'

export interface PredictOptions {
  /** `participant_id`, with or without `sub-`. */
  readonly child: string
  /** A .safetensors file from `coordinator export`, with its note of origin beside it. */
  readonly weights: string
  readonly json?: true
}

const notice = 'Research software. Not a medical device. These risks are not recalibrated for this hospital.'

/** A longer time between two visits than models are shown in training. */
const longGapDays = 730

/**
 * Prints the risk after each visit.
 * @throws SequelaError as `readExportedModel`; `usage` for an unknown child, `cohort_empty` when none of its scans can be used.
 */
export async function predict(home: SiteHome, options: PredictOptions): Promise<void> {
  const { weights, digest, study } = await readExportedModel(home, options.weights)
  const settings = await readSettings(home)
  const { site } = await readIdentity(home.identityFile)
  const cohort = await loadCohort({ root: settings.data, study: study.study, site })
  const { question } = cohort
  if (question === undefined) {
    throw new SequelaError(
      'study_state',
      `study ${study.study.study} has no stage of recurrence, so its model knows no risk`,
    )
  }
  const child = childNamed(cohort, options.child)
  const preparer = preparerFor(home, study.study)
  const { files, findings } = await prepareScans([child], preparer).finally(() => preparer.close())
  const heldBack = [...cohort.findings, ...findings].filter((finding) => finding.child === child.participant)
  const shown = withFiles(child, files)
  const flags = heldBack.map(({ visit, sentence }) => `${visit === undefined ? '' : `${visit}: `}${sentence}`)
  if (shown.scans.length === 0) {
    throw new SequelaError('cohort_empty', `no scan of ${child.participant} can be used:\n  ${flags.join('\n  ')}`)
  }
  const prepared = preparedChild(shown, files)
  const trainer = createWorkerTrainer({ threads: settings.threads })
  try {
    const model = modelOf(study.study)
    const { horizonDays } = question
    const answers = await trainer.score({
      model,
      horizonDays,
      weights,
      children: questionsAbout(prepared),
      seed: child.key,
    })
    const sessions = shown.scans.map(({ session }) => session)
    const prediction: Prediction = {
      ...{ child: child.participant, study: study.digest, horizonDays, weightsDigest: digest },
      visits: predictionFrom(prepared, sessions, answers),
      flags: [...cautions(child, prepared), ...flags],
      notice,
    }
    process.stdout.write(`${options.json ? JSON.stringify(prediction) : predictionText(prediction)}\n`)
  } finally {
    await trainer.close()
  }
}

function childNamed(cohort: Cohort, name: string): CohortChild {
  const participant = name.startsWith('sub-') ? name : `sub-${name}`
  const child = cohort.children.find((one) => one.participant === participant)
  if (child !== undefined) return child
  const reasons = cohort.findings.filter((finding) => finding.child === participant)
  if (reasons.length === 0) throw new SequelaError('usage', `there is no child ${participant} in this hospital's data`)
  const sentences = reasons.map(({ sentence }) => sentence).join('\n  ')
  throw new SequelaError('cohort_empty', `no scan of ${participant} can be used:\n  ${sentences}`)
}

/** Where a child differs from what a model is shown in training. */
function cautions(child: CohortChild, { fold, scans }: PreparedChild): string[] {
  const flags: string[] = []
  if (scans.length < 2) flags.push('There is one scan only; one scan says little about recurrence.')
  const gaps = scans.slice(1).map(({ day }, i) => day - (scans[i]?.day ?? day))
  const longest = Math.max(0, ...gaps)
  if (longest > longGapDays) flags.push(`Two visits lie ${longest} days apart, longer than models are trained on.`)
  if (fold === 'train')
    flags.push('The model was trained on this very child, so its answer is better than it would be on others.')
  if (child.outcome?.eventDay !== undefined)
    flags.push('An event of this child is recorded; what is shown is what was said before it.')
  return flags
}
