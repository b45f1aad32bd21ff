import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../digest.ts'
import { SequelaError } from '../protocol/errors.ts'
import { decodeHeader, decodeSafetensors, encodedByteLength, encodeSafetensors } from './safetensors.ts'
import { elementCount, manifestOf, type Weights } from './weights.ts'

const example: Weights = {
  manifest: manifestOf([
    { name: 'b', shape: [2] },
    { name: 'a.kernel', shape: [1, 2] },
    { name: 'scalar', shape: [] },
  ]),
  values: new Float32Array([1.5, -2, 0, 3.25, Number.NaN]),
}

const weightsArbitrary = fc
  .uniqueArray(
    fc.record({
      name: fc.string({ minLength: 1, maxLength: 12 }),
      shape: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
    }),
    {
      selector: (parameter) => parameter.name,
      maxLength: 6,
    },
  )
  .filter((parameters) =>
    parameters.every(({ name }) => name !== '__metadata__' && name !== '__proto__' && name.isWellFormed()),
  )
  .map((parameters) => {
    const manifest = manifestOf(parameters)
    return { manifest, values: Float32Array.from({ length: elementCount(manifest) }, (_, i) => Math.sin(i)) }
  })

const refusal = (file: Uint8Array): string | undefined => {
  try {
    decodeSafetensors(file)
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(SequelaError)
    return error instanceof SequelaError ? error.code : undefined
  }
}

const withHeader = (json: string, dataBytes = 0): Uint8Array => {
  const text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8))
  const file = new Uint8Array(8 + text.byteLength + dataBytes)
  new DataView(file.buffer).setBigUint64(0, BigInt(text.byteLength), true)
  file.set(text, 8)
  return file
}

describe('the weights file', () => {
  test('has exactly these bytes, so that a digest means the same for ever', () => {
    const file = encodeSafetensors(example)
    const header = new TextDecoder().decode(
      file.subarray(8, 8 + Number(new DataView(file.buffer).getBigUint64(0, true))),
    )
    expect(header.trimEnd()).toBe(
      '{"a.kernel":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},' +
        '"scalar":{"dtype":"F32","shape":[],"data_offsets":[16,20]}}',
    )
    expect(header.length % 8).toBe(0)
    expect(sha256(file)).toBe('e165e50032e1247bc02d3e0f0b2235166a23cccbd1fdd0906a9817edc5c63588')
  })

  test('is read as any other program would write it: length, JSON, values, all little-endian', () => {
    const json = '{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}'
    const file = Uint8Array.from([
      ...[56, 0, 0, 0, 0, 0, 0, 0],
      ...[...json.padEnd(56)].map((letter) => letter.charCodeAt(0)),
      ...[0x00, 0x00, 0x80, 0x3f],
      ...[0x00, 0x00, 0x20, 0xc1],
      ...[0x01, 0x00, 0x00, 0x00],
    ])
    const weights = decodeSafetensors(file)
    expect(weights.manifest).toEqual([{ name: 'w', shape: [3] }])
    expect([...weights.values]).toEqual([1, -10, 2 ** -149])
    expect(encodeSafetensors(weights)).toEqual(file)
  })

  test('takes names that mean something to JavaScript for names like any other', () => {
    const manifest = manifestOf(['__proto__', '10', '9', 'constructor'].map((name) => ({ name, shape: [1] })))
    const file = encodeSafetensors({ manifest, values: Float32Array.from([1, 2, 3, 4]) })
    expect(decodeSafetensors(file).manifest.map(({ name }) => name)).toEqual(['10', '9', '__proto__', 'constructor'])
  })

  test('is not written from values that are not as many as the parameters ask for', () => {
    expect(() => encodeSafetensors({ ...example, values: new Float32Array(4) })).toThrow(/differ in size/)
  })

  test('comes back as it went in, bit for bit, whatever it holds', () => {
    fc.assert(
      fc.property(weightsArbitrary, (weights) => {
        const file = encodeSafetensors(weights)
        expect(file.byteLength).toBe(encodedByteLength(weights.manifest))
        const back = decodeSafetensors(file)
        expect(back.manifest).toEqual(weights.manifest)
        expect(encodeSafetensors(back)).toEqual(file)
      }),
    )
  })

  test('is refused or stays what it was when a byte of its header is changed', () => {
    const file = encodeSafetensors(example)
    const { dataOffset } = decodeHeader(file)
    fc.assert(
      fc.property(fc.nat(dataOffset - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const broken = file.slice()
        broken[at] = (broken[at] ?? 0) ^ flip
        const code = refusal(broken)
        // A changed letter of a name is another, equally valid file; everything else is refused.
        if (code === undefined) expect(encodeSafetensors(decodeSafetensors(broken))).toEqual(broken)
        else expect(code).toBe('weights_malformed')
      }),
      { numRuns: 2000 },
    )
  })

  test('with any forged header is refused or holds exactly what the header says', () => {
    const forged = fc.array(
      fc.record(
        {
          name: fc.constantFrom('a', 'b', '__metadata__', ''),
          dtype: fc.constantFrom('F32', 'F64', 'I32', 4, null),
          shape: fc.oneof(
            fc.array(fc.oneof(fc.integer({ min: -2, max: 5 }), fc.double()), { maxLength: 10 }),
            fc.anything(),
          ),
          begin: fc.integer({ min: -4, max: 40 }),
          end: fc.integer({ min: -4, max: 40 }),
          more: fc.option(fc.string()),
        },
        { requiredKeys: ['name', 'dtype', 'shape', 'begin', 'end'] },
      ),
      { maxLength: 3 },
    )
    fc.assert(
      fc.property(forged, fc.nat(64), (entries, dataBytes) => {
        const members = entries.map(({ name, dtype, shape, begin, end, more }) => {
          const entry = JSON.stringify({ dtype, shape, data_offsets: [begin, end], more })
          return `${JSON.stringify(name)}:${entry}`
        })
        const file = withHeader(`{${members.join(',')}}`, dataBytes)
        const code = refusal(file)
        if (code !== undefined) return void expect(code).toBe('weights_malformed')
        const { manifest, values } = decodeSafetensors(file)
        expect(values.length).toBe(elementCount(manifest))
        expect(encodeSafetensors({ manifest, values })).toEqual(file)
      }),
      { numRuns: 2000 },
    )
  })

  test('is refused when cut short or followed by anything', () => {
    const file = encodeSafetensors(example)
    for (let length = 0; length < file.byteLength; length++)
      expect(refusal(file.subarray(0, length))).toBe('weights_malformed')
    expect(refusal(new Uint8Array([...file, 0]))).toBe('weights_malformed')
  })

  test.each([
    ['metadata', '{"__metadata__":{"a":"b"}}', 0],
    ['another type', '{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,8]}}', 8],
    ['a gap', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', 8],
    [
      'an overlap',
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      4,
    ],
    [
      'names out of order',
      '{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
      8,
    ],
    [
      'a name twice',
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      4,
    ],
    ['a negative length', '{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', 4],
    ['a length of nought', '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}', 0],
    ['a length with a fraction', '{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,6]}}', 6],
    ['a product beyond all memory', '{"a":{"dtype":"F32","shape":[400000000,400000000],"data_offsets":[0,4]}}', 4],
    ['a list instead of an object', '[]', 0],
    ['deep nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 0],
    ['text that is not JSON', 'hello', 0],
  ])('with %s in its header is refused', (_, json, dataBytes) => {
    expect(refusal(withHeader(json, dataBytes))).toBe('weights_malformed')
  })

  test('with a header length beyond the limit is refused before anything is read', () => {
    const file = new Uint8Array(16)
    new DataView(file.buffer).setBigUint64(0, 2n ** 62n, true)
    expect(refusal(file)).toBe('weights_malformed')
  })
})
