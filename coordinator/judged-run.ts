// A run together with the one whose weights it judges, where it trains nothing itself. What made the weights is in that one.

import { SequelaError } from '../shared/protocol/errors.ts'
import type { RoundStatus, RunStatus } from './status.ts'

export interface JudgedRun {
  readonly run: RunStatus
  /** Absent where the run trained its own weights. */
  readonly trained?: RunStatus | undefined
}

/** @param runs all that the coordinator knows @throws SequelaError `study_unknown` when the other run is not among them. */
export function withTrained(run: RunStatus, runs: readonly RunStatus[]): JudgedRun {
  const { from } = run
  if (from === undefined) return { run }
  const trained = runs.find(({ studyDigest }) => studyDigest === from.study)
  if (trained !== undefined) return { run, trained }
  throw new SequelaError('study_unknown', `there is no study ${from.study}, whose weights ${run.study} judges`)
}

/** Every round that made or judged the weights: those of the training first, with their study where that is another. */
export function roundsBehind({
  run,
  trained,
}: JudgedRun): readonly (RoundStatus & { readonly studyDigest?: string })[] {
  if (trained === undefined) return run.rounds
  const { studyDigest } = trained
  const training = trained.rounds.filter(({ purpose }) => purpose !== 'pass')
  return [...training.map((round) => ({ ...round, studyDigest })), ...run.rounds]
}
