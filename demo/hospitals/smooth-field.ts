// Smooth random fields over a grid: normal values on a few nodes, linear in between. They bend a template into a
// child, roughen a tumour's edge and lay slow waves over a scan.

import type { Random } from '../../shared/random.ts'

/** Values on nodes³ points that span the grid corner to corner, x fastest. */
export interface SmoothField {
  readonly nodes: number
  readonly values: Float32Array
}

export function drawSmoothField(random: Random, nodes: number, stddev: number): SmoothField {
  const values = new Float32Array(nodes ** 3)
  for (let i = 0; i < values.length; i++) values[i] = stddev * random.normal()
  return { nodes, values }
}

/** Writes the field along the row (z, y) of a grid of `shape` [z, y, x] into `row` (length x). */
export function fieldRow(
  field: SmoothField,
  shape: readonly [number, number, number],
  z: number,
  y: number,
  row: Float64Array,
): void {
  const { nodes, values } = field
  const atZ = nodeAt(z, shape[0], nodes)
  const atY = nodeAt(y, shape[1], nodes)
  const count = shape[2]
  const line = new Float64Array(nodes)
  const corner = (atZ.node * nodes + atY.node) * nodes
  for (let node = 0; node < nodes; node++) {
    const near = mix(values[corner + node] as number, values[corner + nodes + node] as number, atY.fraction)
    const next = corner + nodes * nodes + node
    const far = mix(values[next] as number, values[next + nodes] as number, atY.fraction)
    line[node] = mix(near, far, atZ.fraction)
  }
  const step = (nodes - 1) / (count - 1)
  for (let x = 0; x < count; x++) {
    const position = x * step
    const node = Math.min(nodes - 2, Math.floor(position))
    row[x] = mix(line[node] as number, line[node + 1] as number, position - node)
  }
}

/** The field at a fractional voxel position of a grid of `shape` [z, y, x]; beyond the grid, its edge. */
export function fieldAt(
  field: SmoothField,
  shape: readonly [number, number, number],
  z: number,
  y: number,
  x: number,
): number {
  const { nodes, values } = field
  const atZ = nodeAt(z, shape[0], nodes)
  const atY = nodeAt(y, shape[1], nodes)
  const atX = nodeAt(x, shape[2], nodes)
  const corner = (atZ.node * nodes + atY.node) * nodes + atX.node
  const along = (at: number): number => mix(values[at] as number, values[at + 1] as number, atX.fraction)
  const near = mix(along(corner), along(corner + nodes), atY.fraction)
  const next = corner + nodes * nodes
  return mix(near, mix(along(next), along(next + nodes), atY.fraction), atZ.fraction)
}

function nodeAt(voxel: number, count: number, nodes: number): { node: number; fraction: number } {
  const position = Math.min(nodes - 1, Math.max(0, (voxel * (nodes - 1)) / (count - 1)))
  const node = Math.min(nodes - 2, Math.floor(position))
  return { node, fraction: position - node }
}

function mix(a: number, b: number, fraction: number): number {
  return a + (b - a) * fraction
}
