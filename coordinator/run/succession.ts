// What follows a round: the next of its stage, the stage's closing round, the first round of the next stage, the passes of an
// evaluation, or the end of the run. Each answer is a list of events for one batch of the journal.

import type { Digest } from '../../shared/digest.ts'
import { evaluationPasses } from '../../shared/evaluation/passes.ts'
import type { ActiveRun, Purpose, RoundId, Run, RunEvent } from './run.ts'
import { chooseWeights, stopsEarly } from './validation.ts'

/** What a run begins with: its first stage, or the passes of an evaluation where the study trains nothing. */
export function beginning(run: Run, weightsDigest: Digest, nowMs: number): readonly RunEvent[] {
  return afterStage(run, -1, weightsDigest, nowMs)
}

/** Opens a round. The deadline counts from `nowMs`. */
function opening(
  { studyDigest, study }: Run,
  id: RoundId,
  baseDigest: Digest,
  nowMs: number,
  purpose: Purpose = 'training',
): RunEvent {
  const { stage, round } = id
  const deadlineMs = nowMs + study.round.deadlineMs
  const opened = { studyDigest, stage, round, baseDigest, deadlineMs, sites: [...study.sites].sort() }
  return { type: 'round-opened', ...opened, ...(purpose !== 'training' && { purpose }) }
}

/** What follows the publication of the current round's average. */
export function afterTraining(run: ActiveRun, weightsDigest: Digest, nowMs: number): readonly RunEvent[] {
  const { studyDigest, study, current } = run
  const { stage, round, purpose } = current
  if (purpose === 'pass') return afterPass(run, weightsDigest, nowMs)
  const settings = study.stages[stage]
  const stop = stopsEarly(run, current)
  const after = { stage, round: round + 1 }
  if (stop === undefined && settings !== undefined && after.round < settings.rounds) {
    return [opening(run, after, weightsDigest, nowMs)]
  }
  return [
    ...(stop === undefined ? [] : [{ type: 'stage-stopped', studyDigest, ...stop } as const]),
    ...(settings?.select === undefined
      ? afterStage(run, stage, weightsDigest, nowMs)
      : [opening(run, after, weightsDigest, nowMs, 'evaluation')]),
  ]
}

/** What follows once the sites of a closing round have said what they can: the choice among the stage's weights. */
export function afterEvaluation(run: ActiveRun, nowMs: number): readonly RunEvent[] {
  const { studyDigest, current } = run
  const { stage, round } = current
  const chosen = chooseWeights(run, current)
  return [
    { type: 'weights-chosen', studyDigest, stage, round, ...chosen },
    ...afterStage(run, stage, chosen.weightsDigest, nowMs),
  ]
}

function afterStage(run: Run, stage: number, weightsDigest: Digest, nowMs: number): readonly RunEvent[] {
  const next = { stage: stage + 1, round: 0 }
  if (next.stage < run.study.stages.length) return [opening(run, next, weightsDigest, nowMs)]
  if (run.study.evaluation !== undefined) return [opening(run, next, weightsDigest, nowMs, 'pass')]
  return [{ type: 'run-finished', studyDigest: run.studyDigest, weightsDigest }]
}

/** The passes of the evaluation stand where a stage after the last one would. */
function afterPass(run: ActiveRun, weightsDigest: Digest, nowMs: number): readonly RunEvent[] {
  const { stage, round } = run.current
  const next = { stage, round: round + 1 }
  if (next.round < evaluationPasses.length) return [opening(run, next, weightsDigest, nowMs, 'pass')]
  return [{ type: 'run-finished', studyDigest: run.studyDigest, weightsDigest }]
}
