import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readBrainNetwork } from './brain-network-file.ts'
import { brightIsBrain, type ModelFile, writeBrainNetwork } from './testsupport/brain-network.ts'
import { hasSharedData, sharedPath } from './testsupport/shared-data.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sequela-network-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** The configuration of a layer, which must be there. */
function configOf({ modelTopology }: ModelFile, at: number): Record<string, unknown> {
  const layer = modelTopology.model_config.config.layers[at]
  if (layer === undefined) throw new Error(`there is no layer ${at}`)
  return layer.config
}

describe('a brain network that a site supplies', () => {
  test('is read with its kernels in the order of its layers', () => {
    const { network } = readBrainNetwork(writeBrainNetwork(root, brightIsBrain()))
    expect(network.hidden).toHaveLength(1)
    expect(network.hidden[0]).toMatchObject({ dilation: 1, inputs: 1, outputs: 1 })
    expect(network.hidden[0]?.kernel[13]).toBe(1)
    expect([...network.output.kernel]).toEqual([-1, 1])
  })

  test('has another name when a weight or a layer differs, and the same in another folder', () => {
    const digestOf = (folder: string, change: (network: ReturnType<typeof brightIsBrain>) => void = () => {}) => {
      const network = brightIsBrain()
      change(network)
      return readBrainNetwork(writeBrainNetwork(join(root, folder), network)).digest
    }
    const digest = digestOf('a')
    expect(digestOf('b')).toBe(digest)
    expect(digestOf('c', ({ values }) => values.fill(0.5, -1))).not.toBe(digest)
    expect(
      digestOf('d', ({ model }) => {
        configOf(model, 1).dilation_rate = [2, 2, 2]
      }),
    ).not.toBe(digest)
  })

  test.each<[string, RegExp, (network: ReturnType<typeof brightIsBrain>) => void]>([
    ['another format', /format/, ({ model }) => void Object.assign(model, { format: 'graph-model' })],
    [
      'another activation',
      /activation: .*gelu/,
      ({ model }) => void Object.assign(configOf(model, 2), { activation: 'relu' }),
    ],
    [
      'no normalisation',
      /without normalisation/,
      ({ model }) => void Object.assign(configOf(model, 1), { name: 'conv' }),
    ],
    ['a bias that nobody adds', /use_bias/, ({ model }) => void Object.assign(configOf(model, 1), { use_bias: true })],
    [
      'a dilation that does not divide the picture',
      /dilation_rate/,
      ({ model }) => void Object.assign(configOf(model, 1), { dilation_rate: [3, 3, 3] }),
    ],
    [
      'different dilations along the axes',
      /one dilation along all axes/,
      ({ model }) => void Object.assign(configOf(model, 1), { dilation_rate: [2, 2, 4] }),
    ],
    ['three classes', /filters/, ({ model }) => void Object.assign(configOf(model, 3), { filters: 3 })],
    [
      'a layer of another kind',
      /its layer 1 is not a convolution with an activation/,
      ({ model }) =>
        void model.modelTopology.model_config.config.layers.splice(2, 1, { class_name: 'Dropout', config: {} }),
    ],
    [
      'weights of another shape',
      /no weights conv_gn\/kernel of shape/,
      ({ model }) => void Object.assign(configOf(model, 1), { filters: 5 }),
    ],
    ['weights that are too short', /have 120 bytes, not 124/, ({ values }) => void values.pop()],
    ['a weight that is no number', /not a finite number/, ({ values }) => void values.fill(Number.NaN, -1)],
    [
      'weights in another folder',
      /one file beside model.json/,
      ({ model }) => void model.weightsManifest[0]?.paths.fill('../model.bin'),
    ],
  ])('is refused with %s, and the sentence says where it is named', (_, sentence, change) => {
    const network = brightIsBrain()
    change(network)
    const file = writeBrainNetwork(root, network)
    expect(() => readBrainNetwork(file)).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(sentence) }),
    )
    expect(() => readBrainNetwork(file)).toThrow(/brainMask\.weights in site\.yaml/)
  })

  test('is refused when either file is missing, or the first is no JSON', () => {
    const file = writeBrainNetwork(root, brightIsBrain())
    unlinkSync(join(dirname(file), 'model.bin'))
    expect(() => readBrainNetwork(file)).toThrow(/model\.bin is not .*cannot be read \(ENOENT\)/)
    writeFileSync(file, '{ half')
    expect(() => readBrainNetwork(file)).toThrow(expect.objectContaining({ code: 'config_invalid' }))
    expect(() => readBrainNetwork(join(root, 'elsewhere.json'))).toThrow(/ENOENT/)
  })

  test.skipIf(!hasSharedData)('may be MindGrab, and not a network of tissues', () => {
    const { network } = readBrainNetwork(sharedPath('weights/mindgrab/model.json'))
    expect(network.hidden.map(({ dilation }) => dilation)).toEqual([1, 2, 3, 4, 5].flatMap(() => [16, 8, 4, 2, 1]))
    expect(() => readBrainNetwork(sharedPath('weights/model5_gw/model.json'))).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    )
  })
})
