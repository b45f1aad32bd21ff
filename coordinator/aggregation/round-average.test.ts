import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { modelManifest } from '../../shared/model/parameters.ts'
import { binaryModel } from '../../shared/model/testsupport/models.ts'
import { encodedByteLength } from '../../shared/weights/safetensors.ts'
import type { ActiveRun, Run, SealedRound } from '../run/run.ts'
import { openFileBlobs } from '../store/files.ts'
import { createMemoryBlobs } from '../store/memory-blobs.ts'
import { createSmallFederation } from '../testsupport/small-federation.ts'
import { createRoundAverage, planOf } from './round-average.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-round-average-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const blobs = { pathOf: (digest: string) => `file of ${digest}` }
const fileOf = (name: string): string => blobs.pathOf(sha256(name))

function sealed(run: Run | undefined): { run: ActiveRun; round: SealedRound } {
  if (run?.phase !== 'running' || run.current.status !== 'sealed') throw new Error('no round is sealed')
  return { run, round: run.current }
}

/** A run of two stages, the first of two rounds; `seal` has two of three sites deliver, the later one by id first. */
async function startedRun() {
  const federation = createSmallFederation({ stages: [2, 1] })
  const { loop, study, run } = federation
  await federation.start()
  const inRound = (stage: number, round: number) => ({ studyDigest: study.digest, stage, round })
  return {
    seal: async (stage: number, round: number, base: string) => {
      const of = (site: string) => {
        const updateDigest = sha256(`${site} ${stage} ${round}`)
        return { ...federation.update(site, round, base), stage, updateDigest }
      }
      await loop.handle(of('c'))
      await loop.handle(of('a'))
      await loop.handle({ type: 'decline', ...inRound(stage, round), site: 'b', code: 'cohort_empty', reason: 'none' })
      const { run: current, round: now } = sealed(run())
      return planOf(current, now, blobs)
    },
    publish: (stage: number, round: number, weights: string) => {
      const weightsDigest = sha256(weights)
      return loop.handle({ type: 'publish-weights', ...inRound(stage, round), weightsDigest, clipped: new Map() })
    },
    run,
  }
}

describe('the average of a sealed round', () => {
  test('is made of the updates that count and of the weights that the round started from', async () => {
    const { seal } = await startedRun()
    const plan = await seal(0, 0, 'w0')
    expect(plan.baseFile).toBe(fileOf('w0'))
    expect(plan.updates).toEqual([
      { site: 'a', children: 10, norm: 1, file: fileOf('a 0 0') },
      { site: 'c', children: 10, norm: 1, file: fileOf('c 0 0') },
    ])
    expect(plan.dataOffset + 4 * plan.elements).toBe(encodedByteLength(modelManifest(binaryModel)))
  })

  test('takes its momentum from the step before in the same stage, and has none in the first round of a stage', async () => {
    const { seal, publish } = await startedRun()
    expect((await seal(0, 0, 'w0')).previousBaseFile).toBeUndefined()
    await publish(0, 0, 'w1')
    expect((await seal(0, 1, 'w1')).previousBaseFile).toBe(fileOf('w0'))
    await publish(0, 1, 'w2')
    expect((await seal(1, 0, 'w2')).previousBaseFile).toBeUndefined()
  })

  test('is refused as damaged when the store does not hold its files', async () => {
    const { seal, run } = await startedRun()
    await seal(0, 0, 'w0')
    const { run: current, round } = sealed(run())
    const average = createRoundAverage({ blobs: { ...createMemoryBlobs(), ...blobs } })
    await expect(average(current, round)).rejects.toMatchObject({ code: 'store_corrupt' })
  })

  test.each(['w0', 'w1', 'a 0 1', 'c 0 1'])('is not computed when a bit of %s has changed on disk', async (name) => {
    const store = await openFileBlobs({ folder: join(folder, name), minFreeBytes: 0 })
    for (const content of ['w0', 'w1', 'a 0 1', 'c 0 1']) await store.put(Buffer.from(content))
    const { seal, publish, run } = await startedRun()
    await seal(0, 0, 'w0')
    await publish(0, 0, 'w1')
    await seal(0, 1, 'w1')
    const { run: current, round } = sealed(run())
    const average = createRoundAverage({ blobs: store })
    // The contents are no weights, which is found only after each has been hashed.
    await expect(average(current, round)).rejects.toThrow('the model')
    const file = store.pathOf(sha256(name)) ?? ''
    const bytes = readFileSync(file)
    bytes[1] = (bytes[1] ?? 0) ^ 1
    writeFileSync(file, bytes)
    await expect(average(current, round)).rejects.toMatchObject({
      code: 'store_corrupt',
      message: expect.stringContaining(`${sha256(name)} does not have its hash`),
    })
  })
})
