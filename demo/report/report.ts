// The demo's report as data: what `report.json` holds, and the targets that the figures are held against.
// The page and the terminal table are two ways to show this and compute nothing of their own.

import type { RoundStatus } from '../../coordinator/status.ts'
import type { Figure, TestFigures } from './figures.ts'

/** One stage as it ran. */
export interface StageReport {
  readonly task: string
  readonly rounds: readonly RoundStatus[]
  /** Weights after the last round of the stage. */
  readonly weightsDigest: string
}

/** What left one hospital, from its own record. */
export interface EgressReport {
  readonly updates: number
  /** Of evaluations: sums and counts without weights. */
  readonly answers: number
  readonly bytes: number
  readonly metricSums: number
  readonly withheldMetrics: number
  readonly declined: number
}

/** Wall and CPU seconds of one phase; CPU of all processes of the demo together. */
export interface Timing {
  readonly phase: string
  readonly wallSeconds: number
  readonly cpuSeconds: number
}

export interface ControlsReport {
  /** AUROC at the sixth visit with all six scans shown, outcomes shuffled among children; one a permutation. */
  readonly shuffledOutcomes: readonly (number | null)[]
  /** Pair accuracy after training on scans in shuffled order; one a permutation. */
  readonly shuffledOrder: readonly (number | null)[]
}

export interface Report {
  readonly statement: string
  readonly seed: string
  readonly sites: readonly string[]
  readonly childrenPerSite: number
  readonly stages: readonly StageReport[]
  readonly test: {
    readonly children: number
    readonly events: number
    readonly pretrained: TestFigures
    readonly scratch: TestFigures
    readonly alone: Readonly<Record<string, TestFigures>>
    /** AUROC of pretrained minus scratch with six scans shown, paired by child. */
    readonly pretrainedMinusScratch: Figure
  }
  readonly controls?: ControlsReport
  readonly egress: Readonly<Record<string, EgressReport>>
  readonly timings: readonly Timing[]
  readonly versions: Readonly<Record<string, string>>
  readonly weights: { readonly file: string; readonly digest: string }
}

export const statement =
  'Synthetic children, synthetic hospitals: these figures show that the machinery works. They say nothing about real ' +
  'patients. Research software, not a medical device.'

/** A figure held against its target; `met` is null where the run was too small to say. */
export interface TargetResult {
  readonly name: string
  readonly target: string
  readonly value: number | null
  readonly met: boolean | null
}

/** A short demo trains on too few children for too few rounds to be held against the targets. */
export function isFullSize(report: Report): boolean {
  const rounds = report.stages.map((stage) => stage.rounds.length)
  return report.sites.length >= 4 && report.childrenPerSite >= 24 && (rounds[0] ?? 0) >= 60 && (rounds[1] ?? 0) >= 30
}

/** The targets of the demo, in the order in which the report shows them. */
export function targetResults(report: Report): readonly TargetResult[] {
  const { pretrained, alone } = report.test
  const shown = (k: number): number | null => pretrained.aurocByScans[k - 1]?.value ?? null
  const meanAlone = mean(Object.values(alone).map((figures) => figures.aurocByScans[5]?.value ?? null))
  const full = isFullSize(report)
  const judge = (
    name: string,
    target: string,
    value: number | null,
    met: (value: number) => boolean,
  ): TargetResult => ({
    name,
    target,
    value,
    met: value === null || !full ? null : met(value),
  })
  const fewest = Math.min(...[4, 5, 6].map((k) => shown(k) ?? Number.NaN))
  return [
    judge('pair accuracy, all pairs', '≥ 0.75', pretrained.pairAccuracy.value, (value) => value >= 0.75),
    judge('pair accuracy, far apart', '≥ 0.88', pretrained.pairAccuracyFar.value, (value) => value >= 0.88),
    judge('AUROC, 1 scan shown', '0.45–0.72', shown(1), (value) => value >= 0.45 && value <= 0.72),
    judge('AUROC, 4 or more shown (lowest)', '≥ 0.75', Number.isNaN(fewest) ? null : fewest, (value) => value >= 0.75),
    judge('gain from 1 to 4 scans', '≥ 0.10', minus(shown(4), shown(1)), (value) => value >= 0.1),
    judge('change from 4 to 6 scans', 'within 0.05', minus(shown(6), shown(4)), (value) => Math.abs(value) <= 0.05),
    judge('federated minus mean of sites alone', '≥ +0.03', minus(shown(6), meanAlone), (value) => value >= 0.03),
    ...controlTargets(report, judge),
  ]
}

function controlTargets(
  { controls }: Report,
  judge: (name: string, target: string, value: number | null, met: (value: number) => boolean) => TargetResult,
): TargetResult[] {
  if (controls === undefined) return []
  const nearHalf = (value: number): boolean => value >= 0.45 && value <= 0.55
  return [
    judge('control: shuffled outcomes (mean)', '0.45–0.55', mean(controls.shuffledOutcomes), nearHalf),
    judge('control: shuffled order (mean)', '0.45–0.55', mean(controls.shuffledOrder), nearHalf),
  ]
}

/** Mean of the values that are there; null when none is. */
export function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}

function minus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b
}
