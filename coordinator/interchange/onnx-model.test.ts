// What can be said of an ONNX file without running it; test/elsewhere.test.ts runs it.

import { describe, expect, test } from 'vitest'
import { type Graph, Model } from '../../shared/gen/sequela/onnx/v1/onnx.ts'
import { initialWeights } from '../../shared/model/parameters.ts'
import { binaryModel } from '../../shared/model/testsupport/models.ts'
import { encodeOnnx } from './onnx-model.ts'

const weights = initialWeights(binaryModel, 1)
const model = Model.decode(encodeOnnx({ model: binaryModel, weights, notes: { study: 'abc' } }))
const graph: Graph = model.graph ?? { node: [], name: '', initializer: [], input: [], output: [] }

describe('an ONNX file', () => {
  test('says what it is and where it comes from', () => {
    expect(model).toMatchObject({ irVersion: 8n, producerName: 'sequela', opsetImport: [{ domain: '', version: 17n }] })
    expect(model.docString).toContain('Not a medical device')
    expect(model.metadataProps).toEqual([{ key: 'study', value: 'abc' }])
  })

  test('uses only what stands before, names every result once, and gives every output', () => {
    const known = new Set([...graph.initializer.map(({ name }) => name), ...graph.input.map(({ name }) => name)])
    for (const { input, output } of graph.node) {
      for (const name of input) expect(known).toContain(name)
      for (const name of output) {
        expect(known).not.toContain(name)
        known.add(name)
      }
    }
    for (const { name } of graph.output) expect(known).toContain(name)
  })

  test('holds every parameter that the answers rest on, number for number', () => {
    const total = (values: Iterable<number>): number => [...values].sort((a, b) => a - b).reduce((sum, x) => sum + x, 0)
    const trainedOnly = ['head.maxima', 'head.sequence']
    const used = weights.manifest.filter(({ name }) => !trainedOnly.some((head) => name.startsWith(head)))
    const count = used.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
    const held = graph.initializer.filter(({ name, dataType }) => dataType === 1 && !/^(ones|noughts)_/.test(name))
    const numbers = held.flatMap(({ rawData }) => [...new Float32Array(Uint8Array.from(rawData).buffer)])
    expect(numbers).toHaveLength(count)
    for (const { dims, rawData } of held) {
      expect(Number(dims.reduce((a, b) => a * b, 1n)) * 4).toBe(rawData.byteLength)
    }
    let offset = 0
    const all: number[] = []
    for (const { name, shape } of weights.manifest) {
      const size = shape.reduce((a, b) => a * b, 1)
      if (!trainedOnly.some((head) => name.startsWith(head)))
        all.push(...weights.values.subarray(offset, offset + size))
      offset += size
    }
    expect(total(numbers)).toBeCloseTo(total(all), 9)
  })
})
