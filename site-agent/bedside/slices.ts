// Slices of volumes as a radiologist expects them, in numbers: the patient's right on the left of the picture, front and
// top upwards. Pure; how numbers become grey is in picture.ts.

import type { Volume } from '../imaging/volume.ts'

export const axes = ['axial', 'coronal', 'sagittal'] as const
export type Axis = (typeof axes)[number]

/** Voxels of a volume in RAS order, [depth, height, width]. */
export type Voxels = Pick<Volume, 'shape' | 'voxels'>

/** Rows from top to bottom. */
export interface Slice {
  readonly width: number
  readonly height: number
  readonly values: Float32Array
}

/** What stands at the left and right edges of a slice: the patient's right and left, or front and back. */
export const edges: Readonly<Record<Axis, readonly [left: string, right: string]>> = {
  axial: ['R', 'L'],
  coronal: ['R', 'L'],
  sagittal: ['A', 'P'],
}

/** How many slices there are along an axis. */
export function sliceCount([depth, height, width]: Volume['shape'], axis: Axis): number {
  return { axial: depth, coronal: height, sagittal: width }[axis]
}

/**
 * One slice. @param index from the feet up, from the back to the front, from the left to the right side of the patient
 * @throws RangeError when there is no such slice
 */
export function sliceOf({ shape, voxels }: Voxels, axis: Axis, index: number): Slice {
  const [depth, height, width] = shape
  if (!Number.isInteger(index) || index < 0 || index >= sliceCount(shape, axis)) {
    throw new RangeError(`there is no ${axis} slice ${index}`)
  }
  const draw = (columns: number, rows: number, at: (column: number, row: number) => number): Slice => {
    const values = new Float32Array(columns * rows)
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) values[row * columns + column] = voxels[at(column, row)] ?? 0
    }
    return { width: columns, height: rows, values }
  }
  const place = (z: number, y: number, x: number): number => (z * height + y) * width + x
  switch (axis) {
    case 'axial':
      return draw(width, height, (column, row) => place(index, height - 1 - row, width - 1 - column))
    case 'coronal':
      return draw(width, depth, (column, row) => place(depth - 1 - row, index, width - 1 - column))
    case 'sagittal':
      return draw(height, depth, (column, row) => place(depth - 1 - row, height - 1 - column, index))
  }
}

/**
 * What became brighter (above 0) and darker (below 0) from one volume to a later one, in units of the brain's deviation.
 * Where one of them has no brain there is no difference: 0.
 */
export function changeBetween(earlier: Voxels, later: Voxels): Voxels {
  const voxels = new Float32Array(later.voxels.length)
  for (let i = 0; i < voxels.length; i++) {
    const [before, after] = [earlier.voxels[i] ?? 0, later.voxels[i] ?? 0]
    if (before !== 0 && after !== 0) voxels[i] = after - before
  }
  return { shape: later.shape, voxels }
}
