// The grid of a stack: its slices ordered along their normal, evenly spaced, none missing and none twice. Converters
// average the spacing over a gap and say nothing, so this check stands before any pixel is decoded.

import { SequelaError } from '../../shared/protocol/errors.ts'
import type { Affine } from '../imaging/volume.ts'
import { dot } from './frames.ts'
import type { FramePlane, Vector } from './instance.ts'
import { fewestSlices, spacingTolerance } from './limits.ts'
import type { Slice } from './stacks.ts'

export interface Grid {
  /** In order along the normal. */
  readonly slices: readonly Slice[]
  readonly rows: number
  readonly columns: number
  /** From voxel (column, row, slice) to RAS in mm. */
  readonly affine: Affine
  /** Between columns, rows and slices. */
  readonly spacingMm: readonly [number, number, number]
  /** How far the slices reach along columns, rows and slices. */
  readonly coverageMm: readonly [number, number, number]
}

/** Directions and in-plane spacing of slices of one stack may differ in their last digits. */
const planeTolerance = 1e-3
/** A slice may lie beside the line of the others by this much of the spacing; more is a sheared stack. */
const driftTolerance = 0.02

/**
 * Orders and checks the slices of a stack.
 * @throws SequelaError `scan_unsuitable` when they are no grid of one volume, in a sentence
 */
export function gridOf(slices: readonly Slice[]): Grid {
  if (slices.length < fewestSlices) {
    throw unsuitable(`it has ${slices.length} slices; a head needs at least ${fewestSlices}`)
  }
  const [first] = slices
  const reference = first?.frame.plane
  if (first === undefined || reference === undefined) throw unsuitable('its header does not say where the slices lie')
  const { rows, columns } = first.source.instance.layout
  const normal = cross(reference.rowDirection, reference.columnDirection)
  const placed = slices.map((slice) => {
    const { plane } = slice.frame
    const { layout } = slice.source.instance
    if (plane === undefined) throw unsuitable('its header does not say where all of its slices lie')
    if (layout.rows !== rows || layout.columns !== columns) throw unsuitable('its slices differ in size')
    if (!parallel(plane, reference)) throw unsuitable('its slices are not parallel, as those of a localizer')
    if (!sameSpacing(plane, reference)) throw unsuitable('its slices differ in pixel spacing')
    return { slice, plane, along: dot(plane.position, normal) }
  })
  placed.sort((a, b) => a.along - b.along)
  const spacing = evenSpacing(placed.map(({ along }) => along))
  const from = placed[0]?.plane.position ?? [0, 0, 0]
  const to = placed.at(-1)?.plane.position ?? [0, 0, 0]
  const step = scaled(minus(to, from), 1 / (placed.length - 1))
  for (const [index, { plane }] of placed.entries()) {
    const expected = plus(from, scaled(step, index))
    if (Math.hypot(...minus(plane.position, expected)) > driftTolerance * spacing + 0.01) {
      throw unsuitable('its slices are shifted against each other')
    }
  }
  const along = scaled(normal, spacing)
  if (Math.hypot(...minus(step, along)) > driftTolerance * spacing) {
    throw unsuitable('its slices do not lie at right angles to their stack (a tilted or sheared acquisition)')
  }
  const { columnSpacingMm, rowSpacingMm, rowDirection, columnDirection } = reference
  return {
    slices: placed.map(({ slice }) => slice),
    rows,
    columns,
    affine: affineOf(scaled(rowDirection, columnSpacingMm), scaled(columnDirection, rowSpacingMm), step, from),
    spacingMm: [columnSpacingMm, rowSpacingMm, spacing],
    coverageMm: [columns * columnSpacingMm, rows * rowSpacingMm, placed.length * spacing],
  }
}

/** The spacing of sorted places along a line. @throws SequelaError `scan_unsuitable` when it is not even. */
function evenSpacing(along: readonly number[]): number {
  const gaps = along.slice(1).map((place, index) => place - (along[index] ?? place))
  const median = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0
  const same = gaps.filter((gap) => gap < 0.01).length
  if (same > 0) {
    const volumes =
      median < 0.01 ? 'it holds several volumes (phases, echoes or repetitions)' : `${same} places hold two slices`
    throw unsuitable(volumes)
  }
  const odd = gaps.findIndex((gap) => Math.abs(gap - median) > spacingTolerance * median)
  if (odd < 0) return ((along.at(-1) ?? 0) - (along[0] ?? 0)) / gaps.length
  const gap = gaps[odd] ?? 0
  const missing = Math.round(gap / median) - 1
  const where = `between slice ${odd + 1} and the next lie ${mm(gap)} where others are ${mm(median)} apart`
  throw unsuitable(
    missing >= 1
      ? `${missing} of its slices ${missing === 1 ? 'is' : 'are'} missing: ${where}`
      : `its slices are uneven: ${where}`,
  )
}

/** LPS, DICOM's axes, to RAS: left and posterior change sign. */
function affineOf(column: Vector, row: Vector, slice: Vector, origin: Vector): Affine {
  return [
    [-column[0], -row[0], -slice[0], -origin[0]],
    [-column[1], -row[1], -slice[1], -origin[1]],
    [column[2], row[2], slice[2], origin[2]],
  ]
}

function parallel(a: FramePlane, b: FramePlane): boolean {
  return (
    Math.hypot(...minus(a.rowDirection, b.rowDirection)) < planeTolerance &&
    Math.hypot(...minus(a.columnDirection, b.columnDirection)) < planeTolerance
  )
}

function sameSpacing(a: FramePlane, b: FramePlane): boolean {
  const near = (x: number, y: number): boolean => Math.abs(x - y) <= planeTolerance * y
  return near(a.rowSpacingMm, b.rowSpacingMm) && near(a.columnSpacingMm, b.columnSpacingMm)
}

function cross([a, b, c]: Vector, [d, e, f]: Vector): Vector {
  return [b * f - c * e, c * d - a * f, a * e - b * d]
}

function plus(a: Vector, b: Vector): Vector {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

function minus(a: Vector, b: Vector): Vector {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

function scaled(a: Vector, factor: number): Vector {
  return [a[0] * factor, a[1] * factor, a[2] * factor]
}

function mm(value: number): string {
  return `${Number(value.toFixed(2))} mm`
}

function unsuitable(reason: string): SequelaError {
  return new SequelaError('scan_unsuitable', reason)
}
