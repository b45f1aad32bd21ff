import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { seededRandom, shuffled } from '../../shared/random.ts'
import { l2Norm } from '../../shared/weights/arithmetic.ts'
import { decodeSafetensors, encodeHeader, encodeSafetensors } from '../../shared/weights/safetensors.ts'
import { elementCount, type Manifest, manifestOf } from '../../shared/weights/weights.ts'
import { openFileBlobs } from '../store/files.ts'
import { createMemoryBlobs } from '../store/memory-blobs.ts'
import { combineWhole } from '../strategy/whole.ts'
import { type AggregateOptions, aggregate } from './aggregate.ts'
import { type AggregationPlan, blockElementsOf, type UpdateFile } from './plan.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-aggregate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const small = manifestOf([
  { name: 'a', shape: [11, 3] },
  { name: 'b', shape: [7] },
])
/** More than three blocks, the last of them short. */
const large = manifestOf([{ name: 'w', shape: [3 * 128 * 1024 + 12_345] }])

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

/** Six updates of which two are huge and cancel: what is added between them is lost, so the order of addition shows. */
function cancellingPlan(): AggregationPlan {
  const plan = planOf(small, 6)
  const updates = plan.updates.map((update, k) => {
    const file = k < 2 ? writeWeights(small, (i) => (k === 0 ? 1 : -1) * 2 ** (50 + (i % 8))).file : update.file
    return { ...update, children: 10, file }
  })
  return { ...plan, updates }
}

const read = (file: string | undefined): Float32Array => decodeSafetensors(readFileSync(file ?? '')).values

async function digestOf(options: Omit<AggregateOptions, 'blobs'>): Promise<string> {
  return (await aggregate({ blobs: createMemoryBlobs(), ...options })).weightsDigest
}

describe('the average of a round', () => {
  test.each([
    ['three sites', 3],
    ['nine sites', 9],
  ])('of %s is what the formula says, and durable', async (_, sites) => {
    const blobs = await openFileBlobs({ folder: join(folder, `store ${sites}`), minFreeBytes: 0 })
    const plan = planOf(small, sites)
    const base = read(plan.baseFile)
    const previous = read(plan.previousBaseFile)
    const updates = plan.updates.map(({ file }) => read(file))
    const children = plan.updates.reduce((sum, update) => sum + update.children, 0)
    const { weightsDigest } = await aggregate({ blobs, manifest: small, plan })
    const expected = base.map((value, i) => {
      const mean = plan.updates.reduce(
        (sum, update, k) => sum + (update.children / children) * (updates[k]?.[i] ?? 0),
        0,
      )
      return value + (mean + 0.6 * (value - (previous[i] ?? 0)))
    })
    expect(read(blobs.pathOf(weightsDigest))).toEqual(expected)
  })

  test('by FedAdam is what its passes give in memory, moments included, with and without threads', async () => {
    const blobs = await openFileBlobs({ folder: join(folder, 'store adam'), minFreeBytes: 0 })
    const adam = { learningRate: 0.01, beta1: 0.9, beta2: 0.99, tau: 1e-3 }
    const plan = planOf(large, 3, { name: 'fed-adam', serverMomentum: 0, adam })
    const momentFiles = {
      first: writeWeights(large, (i) => Math.sin(i)).file,
      second: writeWeights(large, (i) => Math.sin(i) ** 2).file,
    }
    const expected = combineWhole(plan.strategy, {
      base: read(plan.baseFile),
      previousBase: undefined,
      moments: { first: read(momentFiles.first), second: read(momentFiles.second) },
      updates: plan.updates.map((update) => ({ ...update, values: read(update.file) })),
    })
    const [inPlace, inThreads] = [
      await aggregate({ blobs, manifest: large, plan: { ...plan, momentFiles }, threads: 0 }),
      await aggregate({ blobs, manifest: large, plan: { ...plan, momentFiles }, threads: 2 }),
    ]
    expect(inThreads).toEqual(inPlace)
    const { weightsDigest, moments } = inPlace
    if (moments === undefined) throw new Error('no moments were stored')
    expect(read(blobs.pathOf(weightsDigest))).toEqual(expected.weights)
    expect(read(blobs.pathOf(moments.first))).toEqual(expected.moments?.first)
    expect(read(blobs.pathOf(moments.second))).toEqual(expected.moments?.second)
  })

  test('is the same to the last bit for one thread, two or three, and in place', async () => {
    const plan = planOf(large, 3)
    const digests = await Promise.all([0, 1, 2, 3].map((threads) => digestOf({ manifest: large, plan, threads })))
    expect(new Set(digests).size).toBe(1)
  })

  test('has one digest for a thousand orders of arrival', async () => {
    const plan = cancellingPlan()
    const random = seededRandom('orders')
    const digests = new Set<string>()
    for (let order = 0; order < 1000; order++) {
      const updates = shuffled(plan.updates, random)
      digests.add(await digestOf({ manifest: small, plan: { ...plan, updates } }))
    }
    expect(digests.size).toBe(1)
  })

  test('would have several digests if sites were not put in order first', async () => {
    const plan = cancellingPlan()
    const random = seededRandom('orders')
    const digests = new Set<string>()
    for (let order = 0; order < 20; order++) {
      // Other names for the same updates: the order of ids is now the order of arrival.
      const updates = shuffled(plan.updates, random).map((update, k) => ({ ...update, site: `site-${k}` }))
      digests.add(await digestOf({ manifest: small, plan: { ...plan, updates } }))
    }
    expect(digests.size).toBeGreaterThan(1)
  })

  test('says which sites were scaled down, and by what', async () => {
    const plan = planOf(small, 3, { clipUpdateNorm: 3 })
    const [first, second, third] = plan.updates as [UpdateFile, UpdateFile, UpdateFile]
    const updates = [
      { ...first, norm: 6 },
      { ...second, norm: 3 },
      { ...third, norm: 30 },
    ]
    const { clipped } = await aggregate({ blobs: createMemoryBlobs(), manifest: small, plan: { ...plan, updates } })
    expect([...clipped]).toEqual([
      ['site-0', 0.5],
      ['site-2', 0.1],
    ])
  })

  test.each([0, 2])('fails as a whole with %d threads when a stored update is cut short or gone', async (threads) => {
    const blobs = createMemoryBlobs()
    const plan = planOf(large, 2)
    const file = plan.updates[1]?.file ?? ''
    const whole = readFileSync(file)
    writeFileSync(file, whole.subarray(0, whole.byteLength - 4))
    await expect(aggregate({ blobs, manifest: large, plan, threads })).rejects.toMatchObject({ code: 'store_corrupt' })
    rmSync(file)
    await expect(aggregate({ blobs, manifest: large, plan, threads })).rejects.toMatchObject({ code: 'store_corrupt' })
    expect(await blobs.list()).toEqual([])
  })

  test.each([0, 2])('can be called off with %d threads and leaves nothing behind', async (threads) => {
    const blobs = createMemoryBlobs()
    const controller = new AbortController()
    const plan = planOf(large, 2)
    const stopping: AggregateOptions['blobs'] = {
      ...blobs,
      put: async (content) => {
        if (content instanceof Uint8Array) return blobs.put(content)
        return blobs.put(
          (async function* () {
            for await (const piece of content) {
              yield piece
              controller.abort(new Error('stop'))
            }
          })(),
        )
      },
    }
    const { signal } = controller
    await expect(aggregate({ blobs: stopping, manifest: large, plan, threads, signal })).rejects.toThrow('stop')
    expect(await blobs.list()).toEqual([])
  })

  test('by FedAdam can be called off between two passes, when its updates may be gone already', async () => {
    const inner = await openFileBlobs({ folder: join(folder, 'store called off'), minFreeBytes: 0 })
    const controller = new AbortController()
    const adam = { learningRate: 0.01, beta1: 0.9, beta2: 0.99, tau: 1e-3 }
    const plan = planOf(small, 2, { name: 'fed-adam', serverMomentum: 0, adam })
    const blobs: AggregateOptions['blobs'] = {
      ...inner,
      put: async (content) => {
        const digest = await inner.put(content)
        controller.abort(new Error('stop'))
        for (const { file } of plan.updates) rmSync(file)
        return digest
      },
    }
    const { signal } = controller
    await expect(aggregate({ blobs, manifest: small, plan, signal })).rejects.toThrow('stop')
  })

  test('ends its threads when the store cannot take it', async () => {
    const full: AggregateOptions['blobs'] = {
      ...createMemoryBlobs(),
      put: async (content) => {
        if (!(content instanceof Uint8Array)) for await (const _ of content) throw new Error('full')
        throw new Error('nothing came')
      },
    }
    const plan = planOf(large, 2)
    await expect(aggregate({ blobs: full, manifest: large, plan, threads: 2 })).rejects.toThrow('full')
  })
})

describe('the memory of an average', () => {
  test('is the same for three sites and for two thousand', () => {
    const plan = planOf(small, 1)
    const [update] = plan.updates as [UpdateFile]
    for (const sites of [3, 64, 500, 2000]) {
      const many = { ...plan, updates: new Array<UpdateFile>(sites).fill(update) }
      expect(blockElementsOf(many) * 4 * (sites + 2)).toBeLessThanOrEqual(33 * 1024 * 1024)
    }
  })
})
