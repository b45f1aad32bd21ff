// A picture as d³ lattices of voxels that lie d apart along each axis, read and written a slab at a time.

/** Values [x, y, z, channel]. */
export interface Field {
  /** Voxels along x, y, z. */
  readonly shape: readonly [number, number, number]
  readonly channels: number
  readonly values: Float32Array
}

export interface Lattice {
  /** Voxels of the lattice along x, y, z. */
  readonly shape: Field['shape']
  /** Its first voxel. */
  readonly offset: readonly [number, number, number]
  readonly step: number
}

/** All lattices of a step, which must divide the shape. */
export function* latticesOf(shape: Field['shape'], step: number): Generator<Lattice> {
  if (shape.some((length) => length % step !== 0)) throw new RangeError(`${shape} is no multiple of ${step}`)
  const [width, height, depth] = shape
  const inner = [width / step, height / step, depth / step] as const
  for (let x = 0; x < step; x++) {
    for (let y = 0; y < step; y++) {
      for (let z = 0; z < step; z++) yield { shape: inner, offset: [x, y, z], step }
    }
  }
}

/**
 * Slices from `start` to before `end` along x, after those in `before`: values [x, y, z, channel] of the lattice.
 * @param before slices that the field does not hold any more; may be empty
 */
export function gather(
  field: Field,
  lattice: Lattice,
  [start, end]: readonly [number, number],
  before: Float32Array,
): Float32Array {
  const [, height, depth] = lattice.shape
  const { channels, values } = field
  const slab = new Float32Array(before.length + (end - start) * height * depth * channels)
  slab.set(before)
  let to = before.length
  for (let x = start; x < end; x++) {
    for (let y = 0; y < height; y++) {
      let from = rowStart(field, lattice, x, y)
      if (lattice.step === 1) {
        slab.set(values.subarray(from, from + depth * channels), to)
        to += depth * channels
        continue
      }
      for (let z = 0; z < depth; z++, from += lattice.step * channels) {
        for (let channel = 0; channel < channels; channel++) slab[to++] = values[from + channel] as number
      }
    }
  }
  return slab
}

/** Writes such slices, and adds each channel's values and squares to the sums. */
export function scatter(
  field: Field,
  lattice: Lattice,
  [start, end]: readonly [number, number],
  slab: Float32Array,
  sums: { readonly values: Float64Array; readonly squares: Float64Array },
): void {
  const [, height, depth] = lattice.shape
  const { channels, values } = field
  let from = 0
  for (let x = start; x < end; x++) {
    for (let y = 0; y < height; y++) {
      let to = rowStart(field, lattice, x, y)
      for (let z = 0; z < depth; z++, to += lattice.step * channels) {
        for (let channel = 0; channel < channels; channel++) {
          const value = slab[from++] as number
          values[to + channel] = value
          sums.values[channel] = (sums.values[channel] as number) + value
          sums.squares[channel] = (sums.squares[channel] as number) + value * value
        }
      }
    }
  }
}

/** Where the lattice's row at (x, y) begins in the field's values. */
function rowStart({ shape, channels }: Field, { offset, step }: Lattice, x: number, y: number): number {
  const [, height, depth] = shape
  const row = (offset[0] + x * step) * height + offset[1] + y * step
  return (row * depth + offset[2]) * channels
}
