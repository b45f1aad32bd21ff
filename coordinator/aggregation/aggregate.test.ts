import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { seededRandom, shuffled } from '../../shared/random.ts'
import { l2Norm } from '../../shared/weights/arithmetic.ts'
import { decodeSafetensors, encodeHeader, encodeSafetensors } from '../../shared/weights/safetensors.ts'
import { elementCount, type Manifest, manifestOf } from '../../shared/weights/weights.ts'
import { openFileBlobs } from '../store/files.ts'
import { aggregate } from './aggregate.ts'
import type { AggregationPlan, UpdateFile } from './plan.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-aggregate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const blobs = await openFileBlobs({ folder: join(folder, 'store'), minFreeBytes: 0 })

let count = 0
function writeWeights(manifest: Manifest, fill: (i: number) => number): { file: string; values: Float32Array } {
  const values = Float32Array.from({ length: elementCount(manifest) }, (_, i) => fill(i))
  const file = join(folder, `${count++}.safetensors`)
  writeFileSync(file, encodeSafetensors({ manifest, values }))
  return { file, values }
}

function planOf(
  manifest: Manifest,
  sites: number,
  settings: Partial<AggregationPlan['strategy']> = {},
): AggregationPlan {
  const random = seededRandom(`plan ${sites}`)
  const updates: UpdateFile[] = Array.from({ length: sites }, (_, k) => {
    const { file, values } = writeWeights(manifest, () => random.normal())
    return { site: `site-${k}`, children: 5 + random.integer(100), norm: l2Norm(values), file }
  })
  return {
    strategy: { name: 'fed-avg', weightBy: 'children', serverMomentum: 0.6, ...settings },
    baseFile: writeWeights(manifest, () => random.normal()).file,
    previousBaseFile: writeWeights(manifest, () => random.normal()).file,
    updates,
    dataOffset: encodeHeader(manifest).byteLength,
    elements: elementCount(manifest),
  }
}

const small = manifestOf([
  { name: 'a', shape: [11, 3] },
  { name: 'b', shape: [7] },
])

const resultOf = async (plan: AggregationPlan, manifest: Manifest, threads?: number): Promise<Float32Array> => {
  const { weightsDigest } = await aggregate({ blobs, manifest, plan, ...(threads === undefined ? {} : { threads }) })
  return decodeSafetensors(readFileSync(blobs.pathOf(weightsDigest) ?? '')).values
}

describe('the average of a round', () => {
  test('is what the formula says', async () => {
    const plan = planOf(small, 3)
    const read = (file: string | undefined): Float32Array => decodeSafetensors(readFileSync(file ?? '')).values
    const base = read(plan.baseFile)
    const previous = read(plan.previousBaseFile)
    const children = plan.updates.reduce((sum, update) => sum + update.children, 0)
    const result = await resultOf(plan, small)
    result.forEach((value, i) => {
      const mean = plan.updates.reduce(
        (sum, update) => sum + (update.children / children) * (read(update.file)[i] ?? 0),
        0,
      )
      expect(value).toBeCloseTo((base[i] ?? 0) + mean + 0.6 * ((base[i] ?? 0) - (previous[i] ?? 0)), 5)
    })
  })

  test('is the same to the last bit for one thread, two or three, and equals the one computed in place', async () => {
    const large = manifestOf([{ name: 'w', shape: [2 * 1024 * 1024 + 12_345] }])
    const plan = planOf(large, 2)
    const digests = new Set<string>()
    for (const threads of [1, 2, 3])
      digests.add((await aggregate({ blobs, manifest: large, plan, threads })).weightsDigest)
    expect(digests.size).toBe(1)
  })

  test('has one digest for a thousand orders of arrival', async () => {
    const plan = planOf(small, 6)
    const random = seededRandom('orders')
    const digests = new Set<string>()
    for (let order = 0; order < 1000; order++) {
      const arrived = new Map(shuffled(plan.updates, random).map((update) => [update.site, update]))
      const updates = [...arrived.values()].sort((a, b) => (a.site < b.site ? -1 : 1))
      digests.add(sha256(new Uint8Array((await resultOf({ ...plan, updates }, small)).buffer)))
    }
    expect(digests.size).toBe(1)
  })

  test('says which sites were scaled down, and by what', async () => {
    const plan = planOf(small, 2, { clipUpdateNorm: 3 })
    const [first, second] = plan.updates
    const { clipped } = await aggregate({ blobs, manifest: small, plan })
    expect([...clipped]).toEqual([
      ['site-0', 3 / (first?.norm ?? 0)],
      ['site-1', 3 / (second?.norm ?? 0)],
    ])
  })

  test('fails as a whole when a stored update is cut short', async () => {
    const large = manifestOf([{ name: 'w', shape: [2 * 1024 * 1024 + 1] }])
    const plan = planOf(large, 2)
    const cut = plan.updates[1]?.file ?? ''
    writeFileSync(cut, readFileSync(cut).subarray(0, 5_000_000))
    const before = await blobs.list()
    await expect(aggregate({ blobs, manifest: large, plan, threads: 2 })).rejects.toThrow(/early/)
    expect(await blobs.list()).toEqual(before)
  })
})
