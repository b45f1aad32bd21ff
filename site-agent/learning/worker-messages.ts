// What the agent and its training process say to each other. Both are always of the same version: one forks the other.

import type { MetricSum } from '../../shared/study/metrics.ts'
import type { EmbeddingJob } from './embed.ts'
import type { ChildRisks, RisksJob } from './risks.ts'
import type { ChildScores, ScoringJob } from './score.ts'
import type { TrainingJob, TrainingProgress, TrainingResult } from './trainer.ts'

export type WorkerRequest =
  | { readonly kind: 'train'; readonly job: TrainingJob }
  | { readonly kind: 'evaluate'; readonly job: TrainingJob }
  | { readonly kind: 'risks'; readonly job: RisksJob }
  | { readonly kind: 'score'; readonly job: ScoringJob }
  | { readonly kind: 'embed'; readonly job: EmbeddingJob }

export type WorkerReply =
  | { readonly kind: 'progress'; readonly progress: TrainingProgress }
  | { readonly kind: 'trained'; readonly result: TrainingResult }
  | { readonly kind: 'evaluated'; readonly metrics: readonly MetricSum[] }
  | { readonly kind: 'embedded'; readonly embeddings: number[][][] }
  | { readonly kind: 'judged'; readonly risks: readonly ChildRisks[] }
  | { readonly kind: 'scored'; readonly scores: readonly ChildScores[] }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
