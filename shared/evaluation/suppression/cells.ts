// Cells: neighbouring risk bins put together until enough children stand in each, with sums from which the shape inside a
// cell can be guessed. A site sends cells; the coordinator spreads them over the fixed bins again.

import { childrenOf, type DecidedLandmark } from '../landmark.ts'
import { riskBinCount, riskBinOf, riskEdges } from '../risk-bins.ts'

/** Landmarks of one class whose risk stands in bins [from, to). Sums are weighted (IPCW). */
export interface Cell {
  readonly from: number
  readonly to: number
  readonly children: number
  readonly weight: number
  readonly risk: number
  readonly squaredRisk: number
}

/**
 * Edges of the narrowest cells that hold at least `minCell` children each, built from the lowest risk up; the last takes in
 * what is left over. At least that many children must stand in all of them together.
 */
export function edgesFor(rows: readonly DecidedLandmark[], minCell: number): readonly number[] {
  const edges = [0]
  const inCell = new Set<string>()
  const byBin = Map.groupBy(rows, ({ risk }) => riskBinOf(risk))
  for (let bin = 0; bin < riskBinCount; bin++) {
    for (const { child } of byBin.get(bin) ?? []) inCell.add(child)
    if (inCell.size < minCell) continue
    edges.push(bin + 1)
    inCell.clear()
  }
  if (edges.at(-1) !== riskBinCount) {
    if (edges.length > 1) edges.pop()
    edges.push(riskBinCount)
  }
  return edges
}

/** Rows summed by cell. `riskOf` gives the risk that is summed, recalibrated perhaps; cells go by the model's own risk. */
export function cellsOf(
  rows: readonly DecidedLandmark[],
  edges: readonly number[],
  riskOf: (row: DecidedLandmark) => number = ({ risk }) => risk,
): readonly Cell[] {
  return edges.slice(1).map((to, index) => {
    const from = edges[index] ?? 0
    const inside = rows.filter(({ risk }) => riskBinOf(risk) >= from && riskBinOf(risk) < to)
    const cell = { from, to, children: childrenOf(inside), weight: 0, risk: 0, squaredRisk: 0 }
    for (const row of inside) {
      const risk = riskOf(row)
      cell.weight += row.weight
      cell.risk += row.weight * risk
      cell.squaredRisk += row.weight * risk * risk
    }
    return cell
  })
}

/** Weight at a risk. */
export interface Mass {
  readonly risk: number
  readonly weight: number
}

/** Points over which a wide cell is spread. */
const pointsPerCell = 64
const points = Array.from({ length: pointsPerCell }, (_, k) => (k + 0.5) / pointsPerCell)

/** Relative density of risks, known up to a factor. */
export type Density = (risk: number) => number

/**
 * A cell's weight as masses at single risks: all at the mean where the cell is one bin; else spread as close to `density`
 * as the cell's mean and variance allow (least relative entropy: density · exp(λ₁x + λ₂x²) on its interval). `map` carries
 * edges to the scale of the sums, which is another one after recalibration.
 */
export function spreadCell(
  cell: Cell,
  map: (risk: number) => number = (risk) => risk,
  density: Density = () => 1,
): readonly Mass[] {
  if (cell.weight === 0) return []
  const mean = cell.risk / cell.weight
  if (cell.to - cell.from === 1) return [{ risk: mean, weight: cell.weight }]
  const [low, high] = [map(riskEdges[cell.from] ?? 0), map(riskEdges[cell.to] ?? 1)]
  const width = high - low
  // A scale on which the edges fall together leaves nothing to spread over.
  if (!(width > 0)) return [{ risk: mean, weight: cell.weight }]
  const middle = (mean - low) / width
  const variance = Math.max(0, cell.squaredRisk / cell.weight - mean * mean) / (width * width)
  if (variance < 1 / pointsPerCell ** 2) return [{ risk: mean, weight: cell.weight }]
  const second = middle * middle + variance
  const base = points.map((at) => density(low + width * at))
  return leastRelativeEntropy(middle, second, base).map(({ at, share }) => ({
    risk: low + width * at,
    weight: cell.weight * share,
  }))
}

/** Shares on even points of [0, 1] with the given first and second moment; Newton's method on the convex dual. */
function leastRelativeEntropy(
  first: number,
  second: number,
  base: readonly number[],
): readonly { readonly at: number; readonly share: number }[] {
  const sharesAt = (l1: number, l2: number): { shares: number[]; dual: number } => {
    const exponents = points.map((x) => l1 * x + l2 * x * x)
    const largest = Math.max(...exponents)
    const raw = exponents.map((value, k) => (base[k] ?? 0) * Math.exp(value - largest))
    const total = raw.reduce((a, b) => a + b, 0)
    const dual = Math.log(total) + largest - l1 * first - l2 * second
    return { shares: raw.map((value) => value / total), dual }
  }
  let [l1, l2] = [0, 0]
  let current = sharesAt(l1, l2)
  for (let step = 0; step < 60; step++) {
    const moment = [1, 2, 3, 4].map((power) =>
      points.reduce((sum, x, k) => sum + (current.shares[k] ?? 0) * x ** power, 0),
    )
    const [m1 = 0, m2 = 0, m3 = 0, m4 = 0] = moment
    const [g1, g2] = [first - m1, second - m2]
    if (Math.hypot(g1, g2) < 1e-9) break
    const [a, b, c] = [m2 - m1 * m1 + 1e-9, m3 - m1 * m2, m4 - m2 * m2 + 1e-9]
    const determinant = a * c - b * b
    const [d1, d2] = [(c * g1 - b * g2) / determinant, (a * g2 - b * g1) / determinant]
    let shorten = 1
    let next = sharesAt(l1 + d1, l2 + d2)
    while (!(next.dual <= current.dual) && shorten > 1e-6) {
      shorten /= 2
      next = sharesAt(l1 + shorten * d1, l2 + shorten * d2)
    }
    if (shorten <= 1e-6) break
    l1 += shorten * d1
    l2 += shorten * d2
    current = next
  }
  return points.map((at, k) => ({ at, share: current.shares[k] ?? 0 }))
}
