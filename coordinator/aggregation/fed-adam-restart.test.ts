// FedAdam over files with a coordinator that is killed: its moments come back with the journal.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type Digest, sha256 } from '../../shared/digest.ts'
import { modelManifest } from '../../shared/model/parameters.ts'
import { seededRandom } from '../../shared/random.ts'
import { modelOf } from '../../shared/study/model-of.ts'
import { l2Norm } from '../../shared/weights/arithmetic.ts'
import { decodeSafetensors, encodedByteLength, encodeSafetensors } from '../../shared/weights/safetensors.ts'
import { elementCount } from '../../shared/weights/weights.ts'
import { createCommandLoop } from '../command-loop.ts'
import { lastMoments, mayDownload, neededBlobs } from '../run/queries.ts'
import { smallStudy } from '../run/testsupport/small-study.ts'
import { openFileBlobs } from '../store/files.ts'
import { createMemoryJournal } from '../store/memory-journal.ts'
import { combineWhole, type MomentValues } from '../strategy/whole.ts'
import { countingMachine } from '../testsupport/counting-machine.ts'
import { createManualTime } from '../testsupport/manual-time.ts'
import { createRoundAverage } from './round-average.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-fed-adam-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const strategy = 'name: fed-adam, adam: { learningRate: 0.01 }'
const study = smallStudy({ sites: ['a', 'b'], quorum: 2, stages: [3, 2], strategy })
const manifest = modelManifest(modelOf(study.study))
const fail = (error: unknown): never => {
  throw error
}

/** The update of a site in a round, the same whenever it is asked for. */
function updateOf(site: string, at: string) {
  const random = seededRandom(`${site} ${at}`)
  const values = Float32Array.from({ length: elementCount(manifest) }, () => 0.01 * random.normal())
  return { site, children: site === 'a' ? 12 : 30, norm: l2Norm(values), values }
}

/** Runs the study to its end; with `killed`, everything but journal and blobs is made anew before each step. */
async function runToTheEnd(name: string, killed: boolean) {
  const journal = createMemoryJournal()
  const time = createManualTime()
  const blobs = await openFileBlobs({ folder: join(folder, name), minFreeBytes: 0 })
  const open = () => ({
    loop: createCommandLoop({ journal, clock: time, membership: countingMachine, onFatal: fail }),
    average: createRoundAverage({ blobs }),
  })
  let coordinator = open()
  const step = <Result>(what: (at: ReturnType<typeof open>) => Promise<Result>): Promise<Result> => {
    if (killed) coordinator = open()
    return what(coordinator)
  }
  const studyDigest = study.digest
  const base = { manifest, values: Float32Array.from({ length: elementCount(manifest) }, (_, i) => Math.sin(i)) }
  const initialWeights = await blobs.put(encodeSafetensors(base))
  await step(({ loop }) => loop.handle({ type: 'propose-study', studyDigest, text: study.text }))
  await step(({ loop }) => loop.handle({ type: 'start-run', studyDigest, initialWeights }))
  const weights: Digest[] = []
  for (;;) {
    const run = coordinator.loop.federation().runs.get(studyDigest)
    if (run?.phase !== 'running') break
    const { stage, round, baseDigest } = run.current
    const at = { studyDigest, stage, round }
    for (const site of study.study.sites) {
      const { values, children, norm } = updateOf(site, `${stage}/${round}`)
      const updateDigest = await blobs.put(encodeSafetensors({ manifest, values }))
      const update = { ...at, site, baseDigest, updateDigest, byteLength: encodedByteLength(manifest), children, norm }
      await step(({ loop }) => loop.handle({ type: 'count-update', ...update, metrics: [] }))
    }
    await step(async ({ loop, average }) => {
      const sealed = loop.federation().runs.get(studyDigest)
      if (sealed?.phase !== 'running' || sealed.current.status !== 'sealed') throw new Error('no round is sealed')
      const result = await average(sealed, sealed.current)
      weights.push(result.weightsDigest)
      await loop.handle({ type: 'publish-weights', ...at, ...result })
    })
  }
  return { weights, blobs, federation: coordinator.loop.federation(), start: base.values }
}

describe('FedAdam at a coordinator', () => {
  test('comes to the same bits when it is killed before every step, and to those that the rule gives', async () => {
    const { weights, blobs, start } = await runToTheEnd('undisturbed', false)
    expect((await runToTheEnd('killed', true)).weights).toEqual(weights)
    let base: Float32Array = start
    let at = 0
    for (const [stage, { rounds }] of study.study.stages.entries()) {
      let moments: MomentValues | undefined
      for (let round = 0; round < rounds; round++) {
        const updates = study.study.sites.map((site) => updateOf(site, `${stage}/${round}`))
        const next = combineWhole(study.study.strategy, { base, previousBase: undefined, moments, updates })
        const stored = readFileSync(blobs.pathOf(weights[at++] ?? sha256('')) ?? '')
        expect(decodeSafetensors(stored).values).toEqual(next.weights)
        base = next.weights
        moments = next.moments
      }
    }
    expect(at).toBe(5)
  })

  test('needs no moments any more when the run is over, and never hands them to a site', async () => {
    const { federation } = await runToTheEnd('needed', false)
    const run = federation.runs.get(study.digest)
    const moments = run === undefined ? [] : lastMoments(run)
    expect(moments).toHaveLength(4)
    for (const digest of moments) {
      expect(neededBlobs(federation).has(digest)).toBe(false)
      expect(mayDownload(federation, 'a', digest)).toBe(false)
    }
  })
})
