// How this site answers a pass of an evaluation: the risks of its validation and test children, turned into landmarks, and
// those into sums and counts. Risks are computed once for the weights that are judged, not again in every pass.

import { answerPass } from '../../shared/evaluation/answer.ts'
import { evaluationPasses } from '../../shared/evaluation/passes.ts'
import { nothingPooled, parsePooled } from '../../shared/evaluation/pooled.ts'
import type { SiteAnswer } from '../../shared/evaluation/site-answer.ts'
import { cutVersion } from '../../shared/evaluation/suppression/cut-version.ts'
import { visitOfShown } from '../../shared/evaluation/suppression/stratify.ts'
import { formatAssignmentId } from '../../shared/protocol/assignment-id.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { modelOf } from '../../shared/study/model-of.ts'
import { recurrenceQuestionOf } from '../../shared/study/recurrence-question.ts'
import type { StudyFile } from '../../shared/study/study.ts'
import { tasksOf } from '../../shared/study/tasks.ts'
import type { Weights } from '../../shared/weights/weights.ts'
import type { Assignment } from '../assignment.ts'
import type { ChildRisks } from '../learning/risks.ts'
import type { JobOptions, PreparedChild, Trainer } from '../learning/trainer.ts'
import { noteCuts } from './cut-record.ts'
import { cohortOf, noteReported } from './reported-cohorts.ts'
import { siteLandmarks } from './site-landmarks.ts'

export interface PassToAnswer {
  readonly study: StudyFile
  readonly assignment: Assignment
  readonly children: readonly PreparedChild[]
  readonly weights: () => Promise<Weights>
  /** What the passes before came to, as it was fetched; undefined in the first. */
  readonly pooled: Uint8Array | undefined
}

export interface Evaluator {
  /** @throws SequelaError `cohort_changed`, `cuts_changed`, `round_unknown`, `answer_malformed`, or as the trainer does. */
  answer(pass: PassToAnswer, options?: JobOptions): Promise<SiteAnswer>
}

export function createEvaluator(deps: {
  readonly site: string
  readonly trainer: Pick<Trainer, 'risks'>
  /** Which cohorts were reported on before. */
  readonly reportedFile: string
  /** How they were cut. */
  readonly cutsFile: string
  /** The way in which this program cuts; a parameter so that an update can be tested. */
  readonly cuts?: number
}): Evaluator {
  let known: { readonly of: string; readonly risks: ReadonlyMap<string, ChildRisks> } | undefined

  const risksOf = async (pass: PassToAnswer, horizonDays: number, options: JobOptions) => {
    const { study, assignment, children } = pass
    const of = `${study.digest}/${assignment.baseDigest}`
    if (known?.of === of) return known.risks
    const judged = children.filter(({ fold }) => fold !== 'train')
    const job = {
      model: modelOf(study.study),
      horizonDays,
      visitOfShown,
      weights: await pass.weights(),
      children: judged,
    }
    const risks = judged.length === 0 ? [] : await deps.trainer.risks(job, options)
    const byKey = new Map(judged.flatMap(({ key }, index) => (risks[index] === undefined ? [] : [[key, risks[index]]])))
    known = { of, risks: byKey }
    return byKey
  }

  return {
    answer: async (pass, options = {}) => {
      const { study, assignment, children } = pass
      const name = evaluationPasses[assignment.round]
      const horizonDays = recurrenceQuestionOf(study.study)?.horizonDays
      const isEvaluation = study.study.evaluation !== undefined && assignment.stage === study.study.stages.length
      if (!isEvaluation || name === undefined || horizonDays === undefined) {
        throw new SequelaError('round_unknown', `study ${study.study.study} has no such pass of an evaluation`)
      }
      const landmarks = siteLandmarks({
        ...{ children, visitOfShown },
        risksOf: await risksOf(pass, horizonDays, options),
        teachesOrder: tasksOf(study.study).includes('ordering'),
      })
      const { minCell } = study.study.policy
      const pooled = pass.pooled === undefined ? nothingPooled : parsePooled(pass.pooled)
      await noteReported(deps.reportedFile, cohortOf(landmarks), minCell)
      await noteCuts(deps.cutsFile, {
        evaluation: `${study.digest}/${assignment.baseDigest}`,
        isBegun: pooled.sites.some(({ site }) => site === deps.site),
        version: deps.cuts ?? cutVersion,
      })
      return answerPass(landmarks, {
        site: deps.site,
        assignment: formatAssignmentId(assignment),
        pass: name,
        pooled,
        horizonDays,
        minCell,
      })
    },
  }
}
