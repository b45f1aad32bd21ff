// The plots of the results, as SVG files.

import { lineChartFile, type Series } from '../demo/report/line-chart.ts'
import { type Calibration, calibration, type Reliability } from './calibration.ts'
import { orderingVariants } from './cell.ts'
import { gainShares } from './plan.ts'
import type { CellStore } from './store.ts'
import { meanOf, plainScores, type SeedScores, seedAuroc, shownCounts, spreadOf } from './summary.ts'
import { networkScores, orderingOf } from './targets.ts'

export interface Plot {
  readonly name: string
  readonly title: string
  readonly svg: string
}

/** Every plot that has something to show. */
export function plotsOf(store: CellStore, seeds: readonly number[]): Plot[] {
  const at40 = networkScores(store, seeds, 'order', 'federated', 0.4)
  const byScans: readonly (readonly [string, readonly SeedScores[]])[] = [
    ['order-pretrained', at40],
    ['from scratch', networkScores(store, seeds, 'scratch', 'federated', 0.4)],
    ['intensity histogram + GRU', networkScores(store, seeds, 'histogram', 'federated', 0.4)],
    ['largest local rise', plainScores(store, seeds, 'local rise', 0.4, false)],
    ['bright-voxel change', plainScores(store, seeds, 'bright voxels', 0.4, false)],
    ['mean of scans, frozen encoder', plainScores(store, seeds, 'mean of scans', 0.4, false)],
    ['clinical only', plainScores(store, seeds, 'clinical', 0.4, false)],
  ]
  const byShare: readonly (readonly [string, (known: number) => readonly SeedScores[]])[] = [
    ['order-pretrained', (known) => networkScores(store, seeds, 'order', 'federated', known)],
    ['from scratch', (known) => networkScores(store, seeds, 'scratch', 'federated', known)],
    ['pretrained on shuffled order', (known) => networkScores(store, seeds, 'shuffled', 'federated', known)],
    ['auxiliary loss alone', (known) => networkScores(store, seeds, 'auxiliary', 'federated', known)],
    ['comparing embeddings alone', (known) => networkScores(store, seeds, 'embeddings-only', 'federated', known)],
    ['ordering without the maxima map', (known) => networkScores(store, seeds, 'no-maxima', 'federated', known)],
  ]
  // The auxiliary loss trains the encoder alone, so that it comes out the same whatever is compared.
  const probes = orderingVariants
    .filter((variant) => variant !== 'embeddings-auxiliary')
    .map((variant) => ({
      name: variant,
      points: orderingOf(store, seeds, variant).map(({ seed, figures }) => ({ x: seed, y: figures.lesionProbe })),
    }))
  const plots: (Plot | undefined)[] = [
    plot('auroc-by-scans', 'AUROC against scans shown, 40 % of the outcomes', {
      ...{ xLabel: 'last scans shown', yLabel: 'AUROC', yRange: [0.4, 0.9], reference: { y: 0.5, name: 'chance' } },
      series: byScans.map(([name, scores]) => ({
        name,
        points: scores.length === 0 ? [] : shownCounts.map((shown) => ({ x: shown, ...band(scores, shown) })),
      })),
    }),
    plot('auroc-by-outcomes', 'AUROC with six scans against the share of known outcomes', {
      ...{
        xLabel: '% of the known outcomes',
        yLabel: 'AUROC',
        yRange: [0.4, 0.9],
        reference: { y: 0.5, name: 'chance' },
      },
      series: byShare.map(([name, scores]) => ({
        name,
        points: gainShares.flatMap((known) => {
          const found = scores(known)
          return found.length === 0 ? [] : [{ x: 100 * known, ...band(found, 6) }]
        }),
      })),
    }),
    plot('lesion-probe', 'Lesion probe after ordering, by seed', {
      ...{ xLabel: 'seed', yLabel: 'correlation', yRange: [0, 1], reference: { y: 0.6, name: 'goal' } },
      series: probes,
    }),
    at40.length === 0 ? undefined : calibrationPlot(calibration(at40)),
  ]
  return plots.filter((one) => one !== undefined)
}

function calibrationPlot({ before, after }: Calibration): Plot | undefined {
  const points = ({ bins }: Reliability) => bins.map(({ risk, events }) => ({ x: risk, y: events }))
  return plot('reliability', 'Reliability of the 12-month risk, test children of all seeds', {
    ...{ xLabel: 'predicted risk', yLabel: 'share with an event', yRange: [0, 1] },
    series: [
      { name: 'as trained', points: points(before) },
      { name: 'after recalibration on validation children', points: points(after) },
      {
        name: 'perfect',
        points: [0, 1].map((x) => ({ x, y: x })),
        dashed: true,
      },
    ],
  })
}

function plot(
  name: string,
  title: string,
  chart: Omit<Parameters<typeof lineChartFile>[0], 'title' | 'series'> & { readonly series: readonly Series[] },
): Plot | undefined {
  const series = chart.series.filter(({ points }) => points.length > 0)
  return series.length === 0 ? undefined : { name, title, svg: lineChartFile({ ...chart, title, series }) }
}

/** Mean over seeds, and the range where there are several. */
function band(scores: readonly SeedScores[], shown: number): { y: number; low?: number; high?: number } {
  const values = scores.map((one) => seedAuroc(one, shown))
  const spread = spreadOf(values)
  return {
    y: meanOf(values),
    ...(spread !== undefined && spread.count > 1 && { low: spread.least, high: spread.most }),
  }
}
