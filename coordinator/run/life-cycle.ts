// From proposal to end: what people ask of a run, and what the next weights bring.
// proposed → running ⇄ paused → finished | cancelled; a round is open (or short) → sealed → published.

import type { Digest } from '../../shared/digest.ts'
import { type ErrorCode, SequelaError } from '../../shared/protocol/errors.ts'
import { maxPeerTextLength } from '../../shared/protocol/limits.ts'
import { judgingProblems } from '../../shared/study/judged-study.ts'
import { parseNewStudy, type Study, type StudyFile } from '../../shared/study/study.ts'
import { findRound, isActive, roundName, sameRound } from './rounds.ts'
import type { Command, Decision, Federation, Run, RunEvent } from './run.ts'
import { afterTraining, beginning } from './succession.ts'

type CommandOf<Type extends Command['type']> = Extract<Command, { type: Type }>

const nothing: Decision = { events: [] }

export function propose(federation: Federation, { studyDigest, text }: CommandOf<'propose-study'>): Decision {
  if (federation.runs.get(studyDigest)?.text === text) return nothing
  if (!text.isWellFormed()) return refused('study_invalid', 'the study file is not Unicode text; save it as UTF-8')
  const asked = readNewStudy(text)
  if (asked instanceof SequelaError) return { events: [], refusal: asked }
  if (asked.digest !== studyDigest) {
    return refused('digest_mismatch', `the study file has the digest ${asked.digest}, not ${studyDigest}`)
  }
  const unfit = judgingRefusal(federation, asked.study)
  if (unfit !== undefined) return unfit
  return { events: [{ type: 'study-proposed', studyDigest, text }] }
}

/** Why the weights that a study judges are not there for it; nothing of a study that trains its own. */
function judgingRefusal(federation: Federation, study: Study): Decision | undefined {
  const { from } = study
  if (from === undefined) return undefined
  const trained = federation.runs.get(from.study)
  if (trained === undefined) {
    return refused(
      'study_unknown',
      `no study ${from.study} is known here, whose weights were to be judged (from.study)`,
    )
  }
  const problems = judgingProblems(study, { study: trained.study, text: trained.text, digest: trained.studyDigest })
  if (problems.length > 0) {
    return refused(
      'study_invalid',
      `the study file asks for other things than were trained:\n  ${problems.join('\n  ')}`,
    )
  }
  if (trained.phase !== 'finished') {
    return refused(
      'study_state',
      `${named(trained)} is ${trained.phase}; its weights can be judged once it has finished`,
    )
  }
  return trained.weightsDigest === from.weights
    ? undefined
    : refused('study_invalid', `from.weights: ${named(trained)} ended with the weights ${trained.weightsDigest}`)
}

export function start(federation: Federation, command: CommandOf<'start-run'>, nowMs: number): Decision {
  const { studyDigest, initialWeights } = command
  const run = federation.runs.get(studyDigest)
  if (run === undefined) return unknown(studyDigest)
  if (run.phase !== 'proposed')
    return refused('study_state', `${named(run)} is ${run.phase} already; it starts only once`)
  // It may have been proposed to a version that let it say more than this one does.
  const asked = readNewStudy(run.text)
  if (asked instanceof SequelaError) return { events: [], refusal: asked }
  const { from } = run.study
  if (from !== undefined && from.weights !== initialWeights) {
    throw new Error(`${named(run)} judges the weights ${from.weights} and cannot start from ${initialWeights}`)
  }
  const started: RunEvent = { type: 'run-started', studyDigest, initialWeights }
  return { events: [started, ...beginning(run, initialWeights, nowMs)] }
}

export function pause(federation: Federation, { studyDigest }: CommandOf<'pause-run'>): Decision {
  const run = federation.runs.get(studyDigest)
  if (run === undefined) return unknown(studyDigest)
  if (run.phase === 'paused') return nothing
  if (run.phase !== 'running')
    return refused('study_state', `${named(run)} is ${run.phase}; only a running one can pause`)
  return { events: [{ type: 'run-paused', studyDigest }] }
}

/** The deadline moves by what the round lost: the whole pause, or the part of it since the round was opened. */
export function resume(federation: Federation, { studyDigest }: CommandOf<'resume-run'>, nowMs: number): Decision {
  const run = federation.runs.get(studyDigest)
  if (run === undefined) return unknown(studyDigest)
  if (run.phase === 'running') return nothing
  if (run.phase !== 'paused')
    return refused('study_state', `${named(run)} is ${run.phase}; only a paused one can resume`)
  const lostMs = Math.max(0, nowMs - Math.max(run.pausedAtMs, run.current.openedAtMs))
  return { events: [{ type: 'run-resumed', studyDigest, deadlineMs: run.current.deadlineMs + lostMs }] }
}

export function cancel(federation: Federation, { studyDigest, reason }: CommandOf<'cancel-run'>): Decision {
  const run = federation.runs.get(studyDigest)
  if (run === undefined) return unknown(studyDigest)
  if (run.phase === 'cancelled') return nothing
  if (run.phase === 'finished') return refused('study_state', `${named(run)} has finished; there is nothing to cancel`)
  const words = reason.slice(0, maxPeerTextLength).toWellFormed()
  return { events: [{ type: 'run-cancelled', studyDigest, reason: words }] }
}

/** The sealed round's average becomes the base of the next round, also across stages, or the run's result. */
export function publish(federation: Federation, command: CommandOf<'publish-weights'>, nowMs: number): Decision {
  const { studyDigest, stage, round, weightsDigest } = command
  const run = federation.runs.get(studyDigest)
  if (run === undefined) return unknown(studyDigest)
  const earlier = run.published.find((published) => sameRound(published, command))
  if (earlier?.weightsDigest === weightsDigest) return nothing
  if (earlier !== undefined) return refused('round_closed', `${roundName(command)} has other weights already`)
  if (findRound(run, command) === undefined) return refused('round_unknown', `${roundName(command)} was never opened`)
  if (!isActive(run)) return refused('study_state', `${named(run)} is ${run.phase}; no weights are published`)
  if (run.current.status !== 'sealed') {
    return refused('study_state', `${roundName(command)} still takes updates; it has no weights yet`)
  }
  const clipped = [...command.clipped].sort(([a], [b]) => (a < b ? -1 : 1))
  const isPass = run.current.purpose === 'pass'
  if (isPass !== (command.pooled !== undefined) || (isPass && weightsDigest !== run.current.baseDigest)) {
    throw new Error(
      `${roundName(command)} of ${run.current.purpose} cannot publish ${command.pooled?.digest ?? 'weights alone'}`,
    )
  }
  const moments = command.moments === undefined ? {} : { moments: command.moments }
  const pooled = command.pooled === undefined ? {} : { pooled: command.pooled }
  const published: RunEvent = {
    type: 'weights-published',
    studyDigest,
    stage,
    round,
    weightsDigest,
    clipped,
    ...moments,
    ...pooled,
  }
  return { events: [published, ...afterTraining(run, weightsDigest, nowMs)] }
}

/** The study, or why nobody should run it. */
function readNewStudy(text: string): StudyFile | SequelaError {
  try {
    return parseNewStudy(text)
  } catch (error) {
    if (error instanceof SequelaError) return error
    throw error
  }
}

function named(run: Run): string {
  return `the study ${run.study.study}`
}

function unknown(studyDigest: Digest): Decision {
  return refused('study_unknown', `no study ${studyDigest} is known here; propose it first`)
}

function refused(code: ErrorCode, text: string): Decision {
  return { events: [], refusal: new SequelaError(code, text) }
}
