// The brain found by a network of dilated convolutions (MindGrab, of the MeshNet family: Fedorov et al. 2017, IJCNN), each but the last
// followed by instance normalisation and GELU. One array holds the activations of the whole head and is overwritten in place: voxels
// that a convolution of dilation d joins lie d apart, so the picture falls into d³ lattices that do not see one another.

import type { Tensor4D, Tensor5D } from '@tensorflow/tfjs-core'
import type { Tf } from '../learning/engine.ts'
import { type Field, gather, type Lattice, latticesOf, scatter } from './lattices.ts'

/** A convolution of 3 × 3 × 3 voxels that lie `dilation` apart, without bias. */
export interface DilatedConvolution {
  readonly dilation: number
  readonly inputs: number
  readonly outputs: number
  /** [3, 3, 3, inputs, outputs] */
  readonly kernel: Float32Array
}

export interface BrainNetwork {
  /** The first takes one input; at least one. */
  readonly hidden: readonly DilatedConvolution[]
  readonly output: {
    readonly inputs: number
    /** [inputs, 2] */
    readonly kernel: Float32Array
    /** [2]: elsewhere, brain */
    readonly bias: Float32Array
  }
}

/** As in the network's training; added to the variance. */
const epsilon = 1e-5
/** 8 MB: some six copies live at a time, and what is not read twice stays in the cache. */
const usualSlabValues = 2_000_000

export interface HeadPicture {
  /** Brightness from 0 to 1 at 1 mm, axes x (to the right), y (forwards), z (up), z fastest. */
  readonly picture: Float32Array
  /** Voxels along x, y, z; multiples of every dilation. */
  readonly shape: Field['shape']
  /** Values that are worked on at once; the fewer, the less memory beside the picture's own. */
  readonly slabValues?: number
}

/** Which voxels are brain: 1, elsewhere 0, in the order of the picture. */
export type FindBrainVoxels = (head: HeadPicture) => Uint8Array

/** The network on an engine. Keeps one array of activations from head to head, so that there are never two; leaves no tensor behind. */
export function createFindBrainVoxels(tf: Tf, network: BrainNetwork): FindBrainVoxels {
  let room = new Float32Array(0)
  return ({ picture, shape, slabValues = usualSlabValues }) => {
    const most = picture.length * Math.max(...network.hidden.map(({ outputs }) => outputs))
    if (room.length !== most) room = new Float32Array(most)
    let from: Field = { shape, channels: 1, values: picture }
    let activate = (x: Tensor5D): Tensor5D => x
    for (const layer of network.hidden) {
      const { outputs: channels } = layer
      // In place where a voxel's values keep their number, else out of a copy.
      if (from.values !== picture && from.channels !== channels) from = { ...from, values: from.values.slice() }
      const to: Field = { shape, channels, values: room.subarray(0, picture.length * channels) }
      activate = activation(tf, convolve(tf, layer, { from, to, activate, slabValues }))
      from = to
    }
    return classify(tf, network.output, { from, activate, slabValues })
  }
}

interface ChannelStatistics {
  readonly mean: Float32Array
  readonly deviation: Float32Array
}

interface Pass {
  readonly from: Field
  /** What is done to values before they are used. */
  readonly activate: (x: Tensor5D) => Tensor5D
  readonly slabValues: number
}

interface Convolution extends Pass {
  /** May share the values of `from`. */
  readonly to: Field
}

/** Writes the convolution into `to`, zeros beyond the edges, and returns each channel's mean and deviation in it. */
function convolve(
  tf: Tf,
  layer: DilatedConvolution,
  { from, to, activate, slabValues }: Convolution,
): ChannelStatistics {
  const sums = { values: new Float64Array(layer.outputs), squares: new Float64Array(layer.outputs) }
  const kernel = tf.tensor5d(layer.kernel, [3, 3, 3, layer.inputs, layer.outputs])
  for (const lattice of latticesOf(from.shape, layer.dilation)) {
    const [width, height, depth] = lattice.shape
    const sliceVoxels = height * depth
    const thickness = Math.max(1, Math.floor(slabValues / (sliceVoxels * Math.max(from.channels, to.channels))) - 2)
    /** The slice before the slab as it was before it was overwritten; none before the first. */
    let before = new Float32Array(0)
    for (let start = 0; start < width; start += thickness) {
      const end = Math.min(width, start + thickness)
      const last = Math.min(width, end + 1)
      const slab = gather(from, lattice, [start, last], before)
      const first = before.length === 0 ? start : start - 1
      before = slab.slice((end - 1 - first) * sliceVoxels * from.channels, (end - first) * sliceVoxels * from.channels)
      const convolved = tf.tidy(() => {
        const x = tf.tensor5d(slab, [1, last - first, height, depth, from.channels])
        const y: Tensor5D = tf.conv3d(activate(x), kernel, 1, 'same')
        return tf.slice(y, [0, start - first, 0, 0, 0], [1, end - start, height, depth, to.channels])
      })
      scatter(to, lattice, [start, end], valuesOf(convolved), sums)
    }
  }
  kernel.dispose()
  return statisticsOf(sums, to)
}

function statisticsOf(sums: { values: Float64Array; squares: Float64Array }, { shape }: Field): ChannelStatistics {
  const count = shape[0] * shape[1] * shape[2]
  const mean = Float32Array.from(sums.values, (sum) => sum / count)
  const deviation = Float32Array.from(sums.squares, (sum, channel) => {
    const centre = (sums.values[channel] ?? 0) / count
    return Math.sqrt(Math.max(0, sum / count - centre ** 2) + epsilon)
  })
  return { mean, deviation }
}

/** Instance normalisation, then GELU(x) = x Φ(x) (Hendrycks and Gimpel 2016). */
function activation(tf: Tf, { mean, deviation }: ChannelStatistics): (x: Tensor5D) => Tensor5D {
  return (x) => {
    const normal = tf.div(tf.sub(x, tf.tensor1d(mean)), tf.tensor1d(deviation))
    return tf.mul(tf.mul(normal, 0.5), tf.add(tf.erf(tf.mul(normal, Math.SQRT1_2)), 1))
  }
}

/** 1 where the second of two sums, over the channels of a voxel, is greater. */
function classify(tf: Tf, output: BrainNetwork['output'], { from: field, activate, slabValues }: Pass): Uint8Array {
  const [width, height, depth] = field.shape
  const brain = new Uint8Array(width * height * depth)
  const kernel = tf.tensor2d(output.kernel, [output.inputs, 2])
  const bias = tf.tensor1d(output.bias)
  const whole: Lattice = { shape: field.shape, offset: [0, 0, 0], step: 1 }
  const thickness = Math.max(1, Math.floor(slabValues / (height * depth * field.channels)))
  for (let start = 0; start < width; start += thickness) {
    const end = Math.min(width, start + thickness)
    const isBrain = tf.tidy(() => {
      const slab = gather(field, whole, [start, end], new Float32Array(0))
      const x = activate(tf.tensor5d(slab, [1, end - start, height, depth, field.channels]))
      const scores = tf.add(tf.matMul(tf.reshape(x, [-1, field.channels]), kernel), bias)
      return tf.argMax(scores, 1)
    })
    brain.set(isBrain.dataSync(), start * height * depth)
    isBrain.dispose()
  }
  tf.dispose([kernel, bias])
  return brain
}

function valuesOf(tensor: Tensor5D | Tensor4D): Float32Array {
  const values = tensor.dataSync<'float32'>()
  tensor.dispose()
  return values
}
