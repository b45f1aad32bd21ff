// The parameters of a network: names, shapes and how each starts. Initial weights come from here and from a seed, in plain
// JavaScript, so that the coordinator can make them without the training engine. The heads of both stages exist from the
// first round: a manifest is fixed for a whole run.

import { seededRandom } from '../random.ts'
import { type Manifest, manifestOf, type Parameter, parameterSize, type Weights } from '../weights/weights.ts'
import { clinicalHidden, clinicalSize } from './clinical.ts'
import type { ModelSpec } from './model-spec.ts'
import { networkOf } from './network.ts'
import {
  encoderOutputs,
  type ImageEncoder,
  type ImagePreset,
  layerChannels,
  type Preset,
  presetOf,
  type Temporal,
} from './presets.ts'
import { hasProjection, residualBlocks, stemKernel } from './resnet.ts'
import { riskOutputCount } from './risk.ts'
import { numbersOfSequence, scanShapeOf } from './scan-shape.ts'
import { timeCodeSize } from './time-code.ts'

/**
 * How a parameter starts. `uniform` draws from ±1/√fanIn, as PyTorch's layers do by default (the experiments that the
 * presets rest on used those); `ones` and `zeros` are scale and shift of a normalisation.
 */
type Start =
  | { readonly kind: 'uniform'; readonly fanIn: number }
  | { readonly kind: 'ones' }
  | { readonly kind: 'zeros' }

interface InitialParameter extends Parameter {
  readonly start: Start
}

/** Names and shapes of every parameter of a model, sorted. */
export function modelManifest(model: ModelSpec): Manifest {
  return manifestOf(initialParameters(model).map(({ name: parameter, shape }) => ({ name: parameter, shape })))
}

/** The weights that a run starts from; the same seed gives the same bytes on every machine. */
export function initialWeights(model: ModelSpec, seed: number): Weights {
  const manifest = modelManifest(model)
  const starts = new Map(initialParameters(model).map((parameter) => [parameter.name, parameter.start]))
  const parts = manifest.map((parameter) =>
    initialValues(parameter, starts.get(parameter.name), `${seed}/${parameter.name}`),
  )
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    values.set(part, offset)
    offset += part.length
  }
  return { manifest, values }
}

/** Whether a parameter belongs to the encoder, which may have a learning rate of its own. */
export function isEncoderParameter(name: string): boolean {
  return name.startsWith('encoder.')
}

/** Number of blocks along each axis whose maxima the auxiliary head predicts, `[depth, height, width]`. */
export function maximaBlocks({
  grid,
  maximaBlock,
}: Pick<ImagePreset, 'grid' | 'maximaBlock'>): readonly [number, number, number] {
  return [Math.floor(grid[0] / maximaBlock), Math.floor(grid[1] / maximaBlock), Math.floor(grid[2] / maximaBlock)]
}

function initialParameters(model: ModelSpec): readonly InitialParameter[] {
  const preset = networkOf(model)
  const { embeddingSize, hiddenSize } = preset
  return [
    ...('grid' in preset ? convolutions(preset.encoder, model.sequences) : []),
    ...linear('encoder.embedding', embeddingInputs(model), embeddingSize),
    ...sequenceBlock(preset),
    { name: 'head.pair.kernel', shape: [embeddingSize, 1], start: { kind: 'uniform', fanIn: embeddingSize } },
    ...linear('head.sequence', hiddenSize, 1),
    ...('grid' in preset ? linear('head.maxima', embeddingSize, maximaCount(preset) * model.sequences) : []),
    ...linear('head.risk', hiddenSize + (model.clinical ? clinicalHidden : 0), riskOutputCount(model.head)),
    ...(model.timeInput === 'fourier' ? [timeKernel(gateCount(preset.temporal) * hiddenSize)] : []),
    ...(model.clinical ? clinicalLayer() : []),
  ]
}

/** From nought, so that recurrence begins with the network that ordering trained. */
function timeKernel(gates: number): InitialParameter {
  return { name: 'sequence.time.kernel', shape: [timeCodeSize, gates], start: { kind: 'zeros' } }
}

function clinicalLayer(): InitialParameter[] {
  return [
    ...linear('clinical.embedding', clinicalSize, clinicalHidden),
    ...normalisation('clinical.norm', clinicalHidden),
  ]
}

/** What the embedding is computed from; several sequences come with a flag for each that says whether it is there. */
function embeddingInputs(model: ModelSpec): number {
  const preset = presetOf(model.preset)
  const shape = scanShapeOf(model)
  const flags = model.sequences > 1 ? model.sequences : 0
  if (!('grid' in preset)) return numbersOfSequence(shape) * model.sequences + flags
  return 2 * encoderOutputs(preset.encoder) + flags
}

function maximaCount(preset: ImagePreset): number {
  const [deep, high, wide] = maximaBlocks(preset)
  return deep * high * wide
}

/** @param sequences input channels */
function convolutions(encoder: ImageEncoder, sequences: number): InitialParameter[] {
  if (encoder.kind === 'convolutions') {
    return encoder.channels.flatMap((outputs, i) =>
      convolution(`encoder.block${i + 1}`, 3, encoder.channels[i - 1] ?? sequences, outputs),
    )
  }
  return [
    ...convolution('encoder.stem', stemKernel, sequences, encoder.width),
    ...residualBlocks(encoder.width).flatMap((block) => [
      ...convolution(`${block.name}.first`, 3, block.inputs, block.outputs),
      ...convolution(`${block.name}.second`, 3, block.outputs, block.outputs),
      ...(hasProjection(block) ? convolution(`${block.name}.projection`, 1, block.inputs, block.outputs) : []),
    ]),
  ]
}

/** A convolution without bias, in the order depth, height, width, input, output, and its group normalisation. */
function convolution(name: string, edge: number, inputs: number, outputs: number): InitialParameter[] {
  const shape = [edge, edge, edge, inputs, outputs]
  return [
    { name: `${name}.kernel`, shape, start: uniform(edge ** 3 * inputs) },
    ...normalisation(`${name}.norm`, outputs),
  ]
}

function linear(name: string, inputs: number, outputs: number): InitialParameter[] {
  return [
    { name: `${name}.kernel`, shape: [inputs, outputs], start: uniform(inputs) },
    { name: `${name}.bias`, shape: [outputs], start: uniform(inputs) },
  ]
}

function normalisation(name: string, channels: number): InitialParameter[] {
  return [
    { name: `${name}.scale`, shape: [channels], start: { kind: 'ones' } },
    { name: `${name}.shift`, shape: [channels], start: { kind: 'zeros' } },
  ]
}

function sequenceBlock(preset: Preset): InitialParameter[] {
  const { temporal, embeddingSize, hiddenSize } = preset
  switch (temporal) {
    case 'gru':
      return [...normalisation('sequence.norm', embeddingSize), ...gru('sequence.gru', 2 * embeddingSize, hiddenSize)]
    case 'change-gru':
      return [
        ...normalisation('sequence.norm', embeddingSize),
        ...linear('sequence.change', 3 * comparedChannels(preset), embeddingSize),
        ...normalisation('sequence.change.norm', embeddingSize),
        ...gru('sequence.gru', 3 * embeddingSize, hiddenSize),
      ]
    case 'mean':
      return normalisation('sequence.norm', embeddingSize)
    case 'attention-lstm':
      return [
        ...attention('sequence.attention', embeddingSize),
        ...recurrent('sequence.lstm', embeddingSize, hiddenSize, gateCount(temporal)),
      ]
  }
}

/** @throws Error for networks without images, which a study with this block is refused for. */
function comparedChannels(preset: Preset): number {
  if (!('grid' in preset)) throw new Error('a network of features has no maps to compare')
  return layerChannels(preset.encoder)[preset.comparedLayer] ?? Number.NaN
}

/** Gates of a sequence block, which a code of time is added to; a mean has none. */
function gateCount(temporal: Temporal): number {
  return { gru: 3, 'change-gru': 3, 'attention-lstm': 4, mean: 0 }[temporal]
}

/** Queries, keys and values side by side, each head's part in turn. */
function attention(name: string, size: number): InitialParameter[] {
  return [
    { name: `${name}.inputKernel`, shape: [size, 3 * size], start: uniform(size) },
    { name: `${name}.inputBias`, shape: [3 * size], start: { kind: 'zeros' } },
    { name: `${name}.outputKernel`, shape: [size, size], start: uniform(size) },
    { name: `${name}.outputBias`, shape: [size], start: { kind: 'zeros' } },
  ]
}

/** Gates side by side: reset, update, candidate. */
function gru(name: string, inputs: number, hidden: number): InitialParameter[] {
  return recurrent(name, inputs, hidden, gateCount('gru'))
}

function recurrent(name: string, inputs: number, hidden: number, gates: number): InitialParameter[] {
  return [
    { name: `${name}.inputKernel`, shape: [inputs, gates * hidden], start: uniform(hidden) },
    { name: `${name}.inputBias`, shape: [gates * hidden], start: uniform(hidden) },
    { name: `${name}.hiddenKernel`, shape: [hidden, gates * hidden], start: uniform(hidden) },
    { name: `${name}.hiddenBias`, shape: [gates * hidden], start: uniform(hidden) },
  ]
}

function uniform(fanIn: number): Start {
  return { kind: 'uniform', fanIn }
}

function initialValues(parameter: Parameter, start: Start | undefined, seed: string): Float32Array {
  const size = parameterSize(parameter)
  switch (start?.kind) {
    case 'uniform': {
      const random = seededRandom(seed)
      const bound = 1 / Math.sqrt(start.fanIn)
      return Float32Array.from({ length: size }, () => (2 * random.uniform() - 1) * bound)
    }
    case 'ones':
      return new Float32Array(size).fill(1)
    case 'zeros':
    case undefined:
      return new Float32Array(size)
  }
}
