// What a cell comes to: scores of single test children rather than figures, so that figures and paired intervals can be computed
// from finished cells in any combination.

import type { LesionChange, OrderedPairs } from './lesion-change.ts'

/** Risk logits of the test children by one model: [child][k − 1], the last k scans shown. */
export type RiskLogits = readonly (readonly number[])[]

/** One landmark of a child that was neither trained on nor tested. */
export interface CalibrationRow {
  /** Visits up to the landmark, from 1. */
  readonly visits: number
  readonly logit: number
  readonly label: 0 | 1
}

export interface ModelScores {
  readonly logits: RiskLogits
  /** Validation landmarks, those of a child together and in their order; empty where there is no need to recalibrate. */
  readonly validation: readonly CalibrationRow[]
}

export interface OrderingFigures {
  readonly pairAccuracy: number
  readonly pairAccuracyFar: number
  readonly sequenceAuroc: number
  /** Correlation of the true radius with what a ridge regression on embeddings makes of it. */
  readonly lesionProbe: number
}

export type CellResult =
  | { readonly kind: 'ordering'; readonly figures: Readonly<Record<string, OrderingFigures>> }
  /** By who trained: `all`, or a site; test labels in the order of the children. */
  | {
      readonly kind: 'recurrence'
      readonly labels: readonly (0 | 1)[]
      readonly models: Readonly<Record<string, ModelScores>>
    }
  /** Control by name, then by who trained. */
  | {
      readonly kind: 'plain'
      readonly labels: readonly (0 | 1)[]
      readonly controls: Readonly<Record<string, Readonly<Record<string, RiskLogits>>>>
    }
  /** Share of pairs of scans that each source alone puts in the right order. */
  | { readonly kind: 'shortcuts'; readonly pairAccuracy: Readonly<Record<string, number>> }
  /** Pairs of scans of the test children, by what the lesion did in between. */
  | { readonly kind: 'lesion-change'; readonly pairs: Readonly<Record<LesionChange, OrderedPairs>> }
  /** The same audit where scanners are replaced over time, and the network trained there. */
  | {
      readonly kind: 'upgrade'
      readonly pairAccuracy: Readonly<Record<string, number>>
      readonly network: { readonly replaced: number; readonly notReplaced: number }
    }
  /** Landmarks of the site's own children, by visit number. */
  | {
      readonly kind: 'left-out'
      readonly landmarks: readonly { readonly visits: number; readonly logit: number; readonly label: 0 | 1 }[]
    }
