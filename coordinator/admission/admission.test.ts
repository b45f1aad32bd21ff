import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeSafetensors } from '../../shared/weights/safetensors.ts'
import { manifestOf, type Weights } from '../../shared/weights/weights.ts'
import { admitUpdate, type UpdateReader } from './admission.ts'

const manifest = manifestOf([
  { name: 'a', shape: [3, 5] },
  { name: 'b', shape: [7] },
])

const update = (values: ArrayLike<number>): Weights => ({ manifest, values: Float32Array.from(values) })

function readerOf(file: Uint8Array): UpdateReader {
  return {
    byteLength: file.byteLength,
    read: async (offset, into) => {
      if (offset + into.byteLength > file.byteLength) throw new Error('read beyond the end')
      into.set(file.subarray(offset, offset + into.byteLength))
    },
  }
}

const admit = (file: Uint8Array, maxUpdateNorm = 100): Promise<{ readonly norm: number }> =>
  admitUpdate({ reader: readerOf(file), manifest, maxUpdateNorm })

describe('the admission of an update', () => {
  test('measures the norm of what it lets in', async () => {
    const values = Array.from({ length: 22 }, (_, i) => (i === 3 ? 3 : i === 20 ? 4 : 0))
    expect(await admit(encodeSafetensors(update(values)))).toEqual({ norm: 5 })
  })

  test('reads a model of many blocks to its last element', async () => {
    const large = manifestOf([{ name: 'w', shape: [2 * 1024 * 1024 + 3] }])
    const values = new Float32Array(2 * 1024 * 1024 + 3)
    const admitLarge = (): Promise<unknown> =>
      admitUpdate({
        reader: readerOf(encodeSafetensors({ manifest: large, values })),
        manifest: large,
        maxUpdateNorm: 100,
      })
    values[values.length - 1] = 2
    expect(await admitLarge()).toEqual({ norm: 2 })
    values[values.length - 1] = Number.NaN
    await expect(admitLarge()).rejects.toMatchObject({ code: 'not_finite' })
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'lets no %d in, wherever it stands',
    async (bad) => {
      for (const at of [0, 11, 21]) {
        const values = new Float32Array(22)
        values[at] = bad
        await expect(admit(encodeSafetensors(update(values)))).rejects.toMatchObject({ code: 'not_finite' })
      }
    },
  )

  test('takes the largest float32 for the finite number that it is', async () => {
    const file = encodeSafetensors(update(new Float32Array(22).fill(3.4e38)))
    await expect(admit(file)).rejects.toMatchObject({ code: 'norm_exceeded' })
  })

  test('lets an update of exactly the largest norm in and none beyond', async () => {
    const values = new Float32Array(22)
    values[0] = 8
    await expect(admit(encodeSafetensors(update(values)), 8)).resolves.toEqual({ norm: 8 })
    await expect(admit(encodeSafetensors(update(values)), 7.999)).rejects.toMatchObject({ code: 'norm_exceeded' })
  })

  test.each([
    [
      'another name',
      [
        { name: 'a', shape: [3, 5] },
        { name: 'c', shape: [7] },
      ],
    ],
    [
      'another shape of the same size',
      [
        { name: 'a', shape: [5, 3] },
        { name: 'b', shape: [7] },
      ],
    ],
    ['a parameter too few', [{ name: 'a', shape: [3, 5] }]],
    [
      'a parameter too many',
      [
        { name: 'a', shape: [3, 5] },
        { name: 'b', shape: [7] },
        { name: 'c', shape: [1] },
      ],
    ],
  ])('refuses parameters with %s', async (_, parameters) => {
    const other = manifestOf(parameters)
    const values = new Float32Array(other.reduce((sum, { shape }) => sum + shape.reduce((x, y) => x * y, 1), 0))
    await expect(admit(encodeSafetensors({ manifest: other, values }))).rejects.toMatchObject({
      code: 'shape_mismatch',
    })
  })

  test('refuses whatever is not a weights file, and nothing that differs from the good one gets in unseen', async () => {
    const good = encodeSafetensors(update(new Float32Array(22).fill(1)))
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.byteLength - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(good.byteLength),
        async (at, byte, cut) => {
          const broken = good.slice(0, cut)
          if (at < cut) broken[at] = byte
          const result = await admit(broken).catch((error: { code: string }) => error.code)
          if (typeof result === 'string')
            expect(['weights_malformed', 'shape_mismatch', 'not_finite', 'norm_exceeded']).toContain(result)
          else expect(broken.byteLength).toBe(good.byteLength)
        },
      ),
      { numRuns: 1000 },
    )
  })
})
