// A brain network as a site supplies it: the `model.json` of TensorFlow.js, with its weights beside it. Only the one architecture of
// brain-network.ts is read; whatever else the file asks for is refused, so that no layer is left out silently.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { type Digest, sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import type { BrainNetwork, DilatedConvolution } from './brain-network.ts'

export interface BrainNetworkFile {
  readonly network: BrainNetwork
  /** Of both files: the name of exactly this network. */
  readonly digest: Digest
}

/** MindGrab's has 68 kB and 25 hidden layers of 15 channels; room for larger ones of its kind. */
const limits = { fileBytes: 2 ** 20, layers: 64, channels: 32, dilations: [1, 2, 4, 8, 16] } as const

const triple = (value: number) => z.tuple([z.literal(value), z.literal(value), z.literal(value)])
const linear = { strides: triple(1), padding: z.literal('same'), activation: z.literal('linear') }
const hiddenSchema = z.object({
  name: z.string().endsWith('_gn', 'a convolution without normalisation after it'),
  ...linear,
  filters: z.int().min(1).max(limits.channels),
  kernel_size: triple(3),
  dilation_rate: z
    .tuple([z.literal(limits.dilations), z.int(), z.int()])
    .refine(([x, y, z]) => x === y && x === z, 'one dilation along all axes')
    .transform(([dilation]) => dilation),
  use_bias: z.literal(false),
})
const outputSchema = z.object({
  ...{ name: z.string(), ...linear, filters: z.literal(2) },
  ...{ kernel_size: triple(1), dilation_rate: triple(1), use_bias: z.literal(true) },
})
const activationSchema = z.object({ activation: z.literal('gelu') })
const layerSchema = z.object({ class_name: z.string(), config: z.unknown() })
const modelSchema = z.object({
  format: z.literal('layers-model'),
  modelTopology: z.object({
    model_config: z.object({
      config: z.object({
        layers: z
          .array(layerSchema)
          .min(4)
          .max(2 * limits.layers + 2),
      }),
    }),
  }),
  weightsManifest: z.tuple([
    z.object({
      paths: z.tuple([z.string().regex(/^[\w.-]+$/, 'one file beside model.json')]),
      weights: z.array(
        z.object({ name: z.string(), shape: z.array(z.int().positive().max(64)).max(5), dtype: z.literal('float32') }),
      ),
    }),
  ]),
})

/** @throws SequelaError `config_invalid` when a file is missing or is not such a network; the sentence says where it is named. */
export function readBrainNetwork(file: string): BrainNetworkFile {
  const text = read(file)
  const model = parsed(file, () => modelSchema.parse(JSON.parse(text.toString('utf8'))))
  const [{ paths, weights }] = model.weightsManifest
  const bytes = read(join(dirname(file), paths[0]))
  const network = parsed(file, () =>
    networkOf(model.modelTopology.model_config.config.layers, parameters(weights, bytes)),
  )
  return { network, digest: sha256([sha256(text), sha256(bytes)].join('/')) }
}

type Parameters = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>

function parameters(
  listed: readonly { readonly name: string; readonly shape: readonly number[] }[],
  bytes: Buffer,
): Parameters {
  const sizes = listed.map(({ shape }) => shape.reduce((product, length) => product * length, 1))
  const expected = 4 * sizes.reduce((sum, size) => sum + size, 0)
  if (bytes.byteLength !== expected) throw new Error(`its weights have ${bytes.byteLength} bytes, not ${expected}`)
  let at = 0
  return new Map(
    listed.map(({ name, shape }, i) => {
      const values = Float32Array.from({ length: sizes[i] ?? 0 }, () => bytes.readFloatLE(4 * at++))
      if (!values.every(Number.isFinite))
        throw new Error(`its weights ${name} hold a value that is not a finite number`)
      return [name, { shape, values }]
    }),
  )
}

/** Input, then convolution and activation in turn, then the output. */
function networkOf(layers: readonly z.infer<typeof layerSchema>[], known: Parameters): BrainNetwork {
  const [input, ...rest] = layers
  const last = rest.pop()
  if (input?.class_name !== 'InputLayer' || last?.class_name !== 'Conv3D' || rest.length % 2 !== 0) {
    throw new Error('its layers are not an input, convolutions with an activation each, and a convolution')
  }
  const used = new Set<string>()
  const take = (name: string, shape: readonly number[]): Float32Array => {
    const found = known.get(name)
    used.add(name)
    if (found?.shape.join() === shape.join()) return found.values
    throw new Error(`it has no weights ${name} of shape ${shape.join(' × ')}`)
  }
  const hidden: DilatedConvolution[] = []
  let inputs = 1
  for (let i = 0; i < rest.length; i += 2) {
    const [convolution, activation] = [rest[i], rest[i + 1]]
    if (convolution?.class_name !== 'Conv3D' || activation?.class_name !== 'Activation') {
      throw new Error(`its layer ${i + 1} is not a convolution with an activation after it`)
    }
    activationSchema.parse(activation.config)
    const { name, filters: outputs, dilation_rate: dilation } = hiddenSchema.parse(convolution.config)
    hidden.push({ dilation, inputs, outputs, kernel: take(`${name}/kernel`, [3, 3, 3, inputs, outputs]) })
    inputs = outputs
  }
  const { name } = outputSchema.parse(last.config)
  const kernel = take(`${name}/kernel`, [1, 1, 1, inputs, 2])
  const output = { inputs, kernel, bias: take(`${name}/bias`, [2]) }
  if (used.size !== known.size) throw new Error('it has weights that belong to no layer')
  return { hidden, output }
}

function read(file: string): Buffer {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (cause) {
    throw invalid(file, `it cannot be read (${systemCode(cause)})`, cause)
  }
  if (bytes.byteLength > limits.fileBytes) throw invalid(file, `it has more than ${limits.fileBytes} bytes`)
  return bytes
}

function parsed<T>(file: string, parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    if (!(cause instanceof z.ZodError))
      throw invalid(file, cause instanceof Error ? cause.message : String(cause), cause)
    const [issue] = cause.issues
    throw invalid(file, `${issue?.path.join('.') ?? 'it'}: ${issue?.message ?? 'is wrong'}`, cause)
  }
}

function invalid(file: string, reason: string, cause?: unknown): SequelaError {
  const message = `${file} is not a network that finds brains: ${reason}; name the model.json of MindGrab as brainMask.weights in site.yaml`
  return new SequelaError('config_invalid', message, { cause })
}
