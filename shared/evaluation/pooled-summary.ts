// The summary of a set of landmarks at several sites, from the cells that each sent. Sums are exact. The order of risks is
// exact inside each site (which sends its own AUROC) and between sites as fine as cells are.

import { aurocOf, type Curve, sum } from './curve.ts'
import type { Summary } from './figures.ts'
import { calibrationBinCount, calibrationBinOf, edgeRisk, riskBinCount, riskBinOf } from './risk-bins.ts'
import type { StratumCells } from './site-answer.ts'
import { type Density, type Mass, spreadCell } from './suppression/cells.ts'

/** One site's cells; `map` carries the edges of cells to the scale of their sums. */
export interface SitePart {
  readonly cells: StratumCells
  readonly map?: (risk: number) => number
}

export interface PooledSummary {
  readonly summary: Summary
  /** No arrangement of risks inside the cells could make the AUROC differ by more. */
  readonly uncertainty: number
  /** The curve of cells that were spread evenly. */
  readonly evenly: Curve
}

/** Wide cells are spread twice: evenly at first, then in the shape that all sites' cells of that class make together. */
export function pooledSummary(sites: readonly SitePart[]): PooledSummary {
  const evenly = addCurves(sites.map((site) => spread(site, { cases: () => 1, controls: () => 1 })).map(curveOf))
  const shapes = shapesOf(evenly)
  const parts = sites.map((site) => spread(site, shapes))
  const curves = parts.map(curveOf)
  const curve = addCurves(curves)
  const pairs = sum(curve.cases) * sum(curve.controls)
  let won = aurocOf(curve) * pairs
  for (const [index, own] of curves.entries()) {
    const ownPairs = sum(own.cases) * sum(own.controls)
    won += ownPairs * ((sites[index]?.cells.auroc ?? 0) - aurocOf(own))
  }
  const summary: Summary = {
    curve,
    auroc: Math.min(1, Math.max(0, won / pairs)),
    ...exactSums(sites),
    calibration: calibrationOf(parts),
  }
  return { summary, uncertainty: openPairs(sites.map(({ cells }) => cells)) / pairs, evenly }
}

/** What one site's cells come to in the curve of all sites, of which `evenly` is known. */
export function partOfCurve(site: SitePart, evenly: Curve): Curve {
  return curveOf(spread(site, shapesOf(evenly)))
}

interface Masses {
  readonly cases: readonly Mass[]
  readonly controls: readonly Mass[]
}

const sides = ['cases', 'controls'] as const

function spread({ cells, map }: SitePart, shapes: Readonly<Record<keyof Curve, Density>>): Masses {
  const of = (side: keyof Curve): Mass[] => cells[side].flatMap((cell) => spreadCell(cell, map, shapes[side]))
  return { cases: of('cases'), controls: of('controls') }
}

function exactSums(sites: readonly SitePart[]): Pick<Summary, 'risk' | 'squaredError' | 'logLoss'> {
  const totals = { risk: 0, squaredError: 0, logLoss: 0 }
  for (const { cells } of sites) {
    totals.logLoss += cells.logLoss
    for (const { weight, risk, squaredRisk } of cells.cases) {
      totals.risk += risk
      totals.squaredError += weight - 2 * risk + squaredRisk
    }
    for (const { risk, squaredRisk } of cells.controls) {
      totals.risk += risk
      totals.squaredError += squaredRisk
    }
  }
  return totals
}

function curveOf({ cases, controls }: Masses): Curve {
  const bins = (masses: readonly Mass[]): number[] => {
    const weights = new Array<number>(riskBinCount).fill(0)
    for (const { risk, weight } of masses) weights[riskBinOf(risk)] = (weights[riskBinOf(risk)] ?? 0) + weight
    return weights
  }
  return { cases: bins(cases), controls: bins(controls) }
}

function calibrationOf(parts: readonly Masses[]): Summary['calibration'] {
  const bins = Array.from({ length: calibrationBinCount }, () => ({ weight: 0, risk: 0, cases: 0 }))
  for (const side of sides) {
    for (const { risk, weight } of parts.flatMap((part) => part[side])) {
      const bin = bins[calibrationBinOf(risk)]
      if (bin === undefined) throw new Error(`a risk of ${risk} stands in no bin`)
      bin.weight += weight
      bin.risk += weight * risk
      if (side === 'cases') bin.cases += weight
    }
  }
  return bins
}

function shapesOf({ cases, controls }: Curve): Readonly<Record<keyof Curve, Density>> {
  return { cases: densityOf(cases), controls: densityOf(controls) }
}

/** From weights by bin, smoothed over neighbours so that no bin is ruled out because nobody happened to stand in it. */
function densityOf(weights: readonly number[]): Density {
  const floor = (0.02 * sum(weights)) / riskBinCount
  const smooth = weights.map((_, bin) => {
    const near = [-2, -1, 0, 1, 2].map((step) => (weights[bin + step] ?? 0) / (1 + Math.abs(step)))
    return (sum(near) / 2.67 + floor) / (edgeRisk(bin + 1) - edgeRisk(bin))
  })
  return (risk) => smooth[riskBinOf(risk)] ?? 0
}

/** Half the weight of pairs from two sites whose cells overlap, so that nobody knows which has more risk. */
function openPairs(sites: readonly StratumCells[]): number {
  let open = 0
  for (const [first, { cases }] of sites.entries()) {
    for (const [second, { controls }] of sites.entries()) {
      if (first === second) continue
      for (const one of cases) {
        for (const other of controls) {
          if (one.from < other.to && other.from < one.to) open += one.weight * other.weight
        }
      }
    }
  }
  return open / 2
}

function addCurves(curves: readonly Curve[]): Curve {
  const bins = Array.from({ length: riskBinCount }, (_, bin) => bin)
  const add = (side: keyof Curve): number[] => bins.map((bin) => sum(curves.map((curve) => curve[side][bin] ?? 0)))
  return { cases: add('cases'), controls: add('controls') }
}
