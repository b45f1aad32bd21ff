// The shortcut audit: how well the order of a child's scans can be told without looking at them as pictures. A logistic regression
// on the difference of two scans' features, without a constant because swapping two scans must swap the answer.

import { scannerVendors } from '../shared/cohort/chart.ts'
import type { BenchmarkChild, BenchmarkCohort } from './cohort.ts'
import { brainVolumeAt, histogramLength } from './features.ts'
import { fitLogistic, logisticLogit } from './logistic.ts'

type Source = (child: BenchmarkChild, scan: number) => number[]

const sources: Readonly<Record<string, Source>> = {
  histogram: ({ features }, scan) => (features[scan] ?? []).slice(0, histogramLength),
  'brain volume': ({ features }, scan) => [features[scan]?.[brainVolumeAt] ?? 0],
  header: ({ scans }, scan) => {
    const { vendor, fieldStrengthTesla } = scans[scan]?.scanner ?? {}
    return [fieldStrengthTesla ?? 0, ...scannerVendors.map((one) => (one === vendor ? 1 : 0))]
  },
}

export const auditedSources: readonly string[] = Object.keys(sources)

/** Pair accuracy of each source alone. */
export function shortcutAudit({ sites, test }: BenchmarkCohort): Record<string, number> {
  const children = [...sites.values()].flat().filter(({ fold }) => fold === 'train')
  return Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, accuracyOf(source, children, test)]))
}

function accuracyOf(source: Source, children: readonly BenchmarkChild[], test: readonly BenchmarkChild[]): number {
  // Every pair both ways round, so that the constant has nothing to learn.
  const rows = pairsOf(source, children).flatMap((difference) => [
    { features: difference, label: 1 as const, weight: 1 },
    { features: difference.map((value) => -value), label: 0 as const, weight: 1 },
  ])
  const model = fitLogistic(rows, 10)
  const right = pairsOf(source, test).map((difference): number => {
    const logit = logisticLogit(model, difference)
    return Math.abs(logit) < 1e-12 ? 0.5 : logit > 0 ? 1 : 0
  })
  return right.reduce((sum, value) => sum + value, 0) / Math.max(1, right.length)
}

/** Later minus earlier for every pair of a child's scans. */
function pairsOf(source: Source, children: readonly BenchmarkChild[]): number[][] {
  return children.flatMap((child) => {
    const values = child.scans.map((_, scan) => source(child, scan))
    return values.flatMap((later, j) =>
      values.slice(0, j).map((earlier) => later.map((value, i) => value - (earlier[i] ?? 0))),
    )
  })
}
