// The control that tells whether a network is needed at all: the histogram of each scan's intensities, as an array that a site
// brings, into the same GRU on the same schedule.

import { existsSync, writeFileSync } from 'node:fs'
import type { ModelSpec } from '../shared/model/model-spec.ts'
import type { BenchmarkChild } from './cohort.ts'
import { histogramLength } from './features.ts'

export const histogramModel: ModelSpec = {
  ...{ preset: 'embeddings', features: histogramLength, sequences: 1 },
  ...{ head: 'hazards', timeInput: 'none', clinical: false },
}

export interface HistogramScale {
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
}

/** Mean and standard deviation of each bin over the scans of some children. */
export function histogramScale(children: readonly BenchmarkChild[]): HistogramScale {
  const rows = children.flatMap(({ features }) => features)
  const bins = Array.from({ length: histogramLength }, (_, bin) => rows.map((row) => row[bin] ?? 0))
  const mean = bins.map((values) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length))
  const deviation = bins.map((values, bin) => {
    const squares = values.reduce((sum, value) => sum + (value - (mean[bin] ?? 0)) ** 2, 0)
    return Math.sqrt(squares / Math.max(1, values.length)) || 1
  })
  return { mean, deviation }
}

/** The children with standardised histograms in place of volumes; the files are written beside the volumes. */
export function withHistograms(
  children: readonly BenchmarkChild[],
  { mean, deviation }: HistogramScale,
): BenchmarkChild[] {
  return children.map((child) => ({
    ...child,
    scans: child.scans.map((scan, i) => {
      const file = `${scan.file}.histogram`
      const values = mean.map((m, bin) => ((child.features[i]?.[bin] ?? 0) - m) / (deviation[bin] ?? 1))
      if (!existsSync(file)) writeFileSync(file, new Uint8Array(Float32Array.from(values).buffer))
      return { ...scan, file }
    }),
  }))
}
