// What the agent asks of the process that trains. The agent never touches a tensor; the engine never opens a connection.

import type { Chart, Scanner } from '../../shared/cohort/chart.ts'
import type { ChildOutcome, FollowUp } from '../../shared/cohort/outcome.ts'
import type { ModelSpec } from '../../shared/model/model-spec.ts'
import type { Fold } from '../../shared/study/folds.ts'
import type { MetricSum } from '../../shared/study/metrics.ts'
import type { Stage, TrainingSettings } from '../../shared/study/study.ts'
import type { Weights } from '../../shared/weights/weights.ts'
import type { ChildRisks, RisksJob } from './risks.ts'

/** One visit: a prepared volume on disk (float32 little-endian, [depth, height, width]) and its day since surgery. */
export interface PreparedScan {
  readonly file: string
  readonly day: number
  /** What is known after the visit, if it is a landmark; all that training is told of the outcome. */
  readonly followUp: FollowUp | null
  readonly scanner: Scanner | undefined
  /** What it is shown in, such as `FLAIR`, or `FLAIR and T2w`; absent for arrays. */
  readonly sequence?: string
}

/** A child as training sees it: scans in order of time, no name and no date. */
export interface PreparedChild {
  /** Stable within the site, meaningless outside; orders children and seeds their augmentation. */
  readonly key: string
  readonly fold: Fold
  readonly scans: readonly PreparedScan[]
  /** Undefined when it is not known, or cannot be laid over the scans. */
  readonly outcome: ChildOutcome | undefined
  readonly chart: Chart
}

/** One round's work at one site, or one evaluation. */
export interface TrainingJob {
  readonly model: ModelSpec
  readonly stage: Stage
  readonly training: TrainingSettings
  /** Round within the stage, from 0: decides the learning rate. */
  readonly round: number
  readonly weights: Weights
  readonly children: readonly PreparedChild[]
  /** Everything random in this job comes from this text. */
  readonly seed: string
}

export interface TrainingResult {
  readonly weights: Weights
  /** Children of the training fold that were usable for the task. */
  readonly children: number
  readonly steps: number
  readonly meanLoss: number
}

export interface TrainingProgress {
  readonly step: number
  readonly steps: number
}

export interface JobOptions {
  readonly onProgress?: (progress: TrainingProgress) => void
  readonly signal?: AbortSignal
}

/** Trains and evaluates. `close` ends the process behind it, for good: jobs that are not done are called off. */
export interface Trainer {
  /** @throws SequelaError `training_failed`, `cohort_empty`, `not_finite`, `engine_missing` or `cancelled`. */
  train(job: TrainingJob, options?: JobOptions): Promise<TrainingResult>
  /** How `job.weights` do on the validation fold, as sums. @throws as `train`. */
  evaluate(job: TrainingJob, options?: JobOptions): Promise<readonly MetricSum[]>
  /** The risk at every visit of some children, by some weights. @throws as `train`. */
  risks(job: RisksJob, options?: JobOptions): Promise<readonly ChildRisks[]>
  close(): Promise<void>
}
