// Networks for tests in the form that sites supply: TensorFlow.js's `model.json` and the weights beside it.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Layer {
  class_name: string
  config: Record<string, unknown>
}

export interface ModelFile {
  format: string
  modelTopology: { model_config: { config: { layers: Layer[] } } }
  weightsManifest: { paths: string[]; weights: { name: string; shape: number[]; dtype: string }[] }[]
}

const convolution = { strides: [1, 1, 1], padding: 'same', activation: 'linear' }

/** One convolution that keeps every voxel as it is, and an output that calls what is brighter than the mean brain. */
export function brightIsBrain(): { model: ModelFile; values: number[] } {
  const kernel = Array.from({ length: 27 }, (_, tap) => (tap === 13 ? 1 : 0))
  const hidden = { kernel_size: [3, 3, 3], dilation_rate: [1, 1, 1], filters: 1, use_bias: false }
  const output = { kernel_size: [1, 1, 1], dilation_rate: [1, 1, 1], filters: 2, use_bias: true }
  const layers = [
    { class_name: 'InputLayer', config: { name: 'input' } },
    { class_name: 'Conv3D', config: { name: 'conv_gn', ...convolution, ...hidden } },
    { class_name: 'Activation', config: { name: 'activation', activation: 'gelu' } },
    { class_name: 'Conv3D', config: { name: 'output', ...convolution, ...output } },
  ]
  const weights = [
    { name: 'conv_gn/kernel', shape: [3, 3, 3, 1, 1], dtype: 'float32' },
    { name: 'output/kernel', shape: [1, 1, 1, 1, 2], dtype: 'float32' },
    { name: 'output/bias', shape: [2], dtype: 'float32' },
  ]
  return {
    model: {
      format: 'layers-model',
      modelTopology: { model_config: { config: { layers } } },
      weightsManifest: [{ paths: ['model.bin'], weights }],
    },
    values: [...kernel, -1, 1, 0, 0],
  }
}

/** Writes both files into a folder, made when missing. @returns the path of `model.json` */
export function writeBrainNetwork(folder: string, { model, values }: ReturnType<typeof brightIsBrain>): string {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'model.json'), JSON.stringify(model))
  writeFileSync(join(folder, 'model.bin'), new Uint8Array(Float32Array.from(values).buffer))
  return join(folder, 'model.json')
}
