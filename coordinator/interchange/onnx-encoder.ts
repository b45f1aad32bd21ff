// The encoder as ONNX operators; follows shared/model/encoder.ts and shared/model/resnet.ts.

import type { ModelSpec } from '../../shared/model/model-spec.ts'
import { type ImagePreset, presetOf } from '../../shared/model/presets.ts'
import { hasProjection, residualBlocks } from '../../shared/model/resnet.ts'
import { scanShapeOf } from '../../shared/model/scan-shape.ts'
import type { GraphBuilder } from './onnx-graph.ts'
import { addLinear, type GraphParameters, normEpsilon } from './onnx-parameters.ts'

/** What a graph is given of a child: its name, and its sizes after the visits. */
export function encoderInput(model: ModelSpec): { readonly name: string; readonly shape: readonly number[] } {
  const shape = scanShapeOf(model)
  const sequences = shape.sequences > 1 ? [shape.sequences] : []
  return shape.kind === 'volumes'
    ? { name: 'volumes', shape: [...sequences, ...shape.grid] }
    : { name: 'features', shape: [...sequences, shape.length] }
}

/** What the encoder gives, by the names of values. */
export interface EncoderOutputs {
  /** [visit, embedding] */
  readonly embeddings: string
  /** What each layer of an encoder of images gives [visit, channel, depth, height, width]. */
  readonly layers: readonly string[]
}

/** The embeddings are named `embeddings`. */
export function addEncoder(graph: GraphBuilder, parameters: GraphParameters, model: ModelSpec): EncoderOutputs {
  const { name, shape } = encoderInput(model)
  const preset = presetOf(model.preset)
  const several = model.sequences > 1
  const volumes = several || !('grid' in preset) ? name : graph.add('Unsqueeze', [name, graph.integers(1)])
  const layers = 'grid' in preset ? addLayers(graph, parameters, preset, volumes) : []
  const last = layers.at(-1)
  const seen =
    last !== undefined
      ? addPooled(graph, last)
      : several
        ? graph.add('Reshape', [graph.add('Transpose', [name], { perm: [0, 2, 1] }), graph.integers(0, -1)])
        : name
  const inputs = several ? graph.add('Concat', [seen, addPresence(graph, name, shape.length)], { axis: 1 }) : seen
  const embedded = addLinear(graph, parameters, 'encoder.embedding', inputs)
  return { embeddings: graph.add('Identity', [embedded], {}, 'embeddings'), layers }
}

/** 1 where a sequence has anything that is not nought. @returns [visit, sequence] */
function addPresence(graph: GraphBuilder, input: string, axes: number): string {
  const inside = Array.from({ length: axes - 1 }, (_, i) => i + 2)
  const largest = graph.add('ReduceMax', [graph.add('Abs', [input])], { axes: inside, keepdims: 0 })
  return graph.add('Sign', [largest])
}

/** @param volumes [visit, sequence, depth, height, width] @returns of each layer [visit, channel, depth, height, width] */
function addLayers(graph: GraphBuilder, parameters: GraphParameters, preset: ImagePreset, volumes: string): string[] {
  const { encoder } = preset
  const layers = layersOf(graph, parameters, preset.channelsPerGroup)
  return encoder.kind === 'resnet18'
    ? addResNet(layers, encoder.width, volumes)
    : addConvolutions(layers, encoder.channels, volumes)
}

/** Mean and maximum of every channel. @returns [visit, 2·channel] */
function addPooled(graph: GraphBuilder, x: string): string {
  const overVoxels = { axes: [2, 3, 4], keepdims: 0 }
  const [mean, largest] = [graph.add('ReduceMean', [x], overVoxels), graph.add('ReduceMax', [x], overVoxels)]
  return graph.add('Concat', [mean, largest], { axis: 1 })
}

function addConvolutions(layers: Layers, channels: readonly number[], volumes: string): string[] {
  const given: string[] = []
  for (const i of channels.keys()) {
    const block = `encoder.block${i + 1}`
    given.push(layers.relu(layers.norm(layers.conv(given.at(-1) ?? volumes, block, 2), block)))
  }
  return given
}

function addResNet(layers: Layers, width: number, volumes: string): string[] {
  const stem = layers.relu(layers.norm(layers.conv(volumes, 'encoder.stem', 2), 'encoder.stem'))
  const given: string[] = []
  let x = layers.maxPool(stem)
  for (const block of residualBlocks(width)) {
    const part = (name: string, input: string, stride: number): string =>
      layers.norm(layers.conv(input, `${block.name}.${name}`, stride), `${block.name}.${name}`)
    const shortcut = hasProjection(block) ? part('projection', x, block.stride) : x
    const inner = layers.relu(part('first', x, block.stride))
    x = layers.relu(layers.add(part('second', inner, 1), shortcut))
    if (block.name.endsWith('.block2')) given.push(x)
  }
  return given
}

/** Layers by the name of their parameters; each takes and gives the name of a value [visit, channel, depth, height, width]. */
interface Layers {
  conv(x: string, name: string, stride: number): string
  norm(x: string, name: string): string
  relu(x: string): string
  add(x: string, y: string): string
  maxPool(x: string): string
}

function layersOf(graph: GraphBuilder, parameters: GraphParameters, channelsPerGroup: number): Layers {
  return {
    conv: (x, name, stride) => {
      const edge = parameters.values(`${name}.kernel`).shape[0] ?? 1
      // As TensorFlow pads: what is missing for halves rounded up, the odd voxel at the end.
      return graph.add('Conv', [x, addKernel(graph, parameters, `${name}.kernel`)], {
        kernel_shape: [edge, edge, edge],
        strides: [stride, stride, stride],
        auto_pad: edge === 1 ? 'VALID' : 'SAME_UPPER',
      })
    },
    norm: (x, name) => {
      const channels = parameters.values(`${name}.norm.scale`).shape[0] ?? 1
      const groups = channels / channelsPerGroup
      const grouped = graph.add('Reshape', [x, graph.integers(0, groups, -1)])
      const one = graph.floats(`ones_${groups}`, [groups], new Float32Array(groups).fill(1))
      const nought = graph.floats(`noughts_${groups}`, [groups], new Float32Array(groups))
      const normal = graph.add('InstanceNormalization', [grouped, one, nought], { epsilon: normEpsilon })
      const back = graph.add('Reshape', [normal, graph.add('Shape', [x])])
      const alongChannels = [channels, 1, 1, 1]
      const scaled = graph.add('Mul', [back, parameters.as(`${name}.norm.scale`, alongChannels)])
      return graph.add('Add', [scaled, parameters.as(`${name}.norm.shift`, alongChannels)])
    },
    relu: (x) => graph.add('Relu', [x]),
    add: (x, y) => graph.add('Add', [x, y]),
    maxPool: (x) => graph.add('MaxPool', [x], { kernel_shape: [3, 3, 3], strides: [2, 2, 2], auto_pad: 'SAME_UPPER' }),
  }
}

/** From our order of axes, depth to output channel, to ONNX's: output, input, depth, height, width. */
function addKernel(graph: GraphBuilder, parameters: GraphParameters, name: string): string {
  const { shape, values } = parameters.values(name)
  const [depth = 0, height = 0, width = 0, inputs = 0, outputs = 0] = shape
  const space = depth * height * width
  const turned = new Float32Array(values.length)
  for (let at = 0; at < space; at++) {
    for (let input = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) {
        turned[(output * inputs + input) * space + at] = values[(at * inputs + input) * outputs + output] as number
      }
    }
  }
  return graph.floats(name, [outputs, inputs, depth, height, width], turned)
}
