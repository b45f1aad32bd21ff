import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Consortium, type EnrolledConsortium, enrolConsortium } from './support/consortium.ts'
import { eventually, inTime } from './support/eventually.ts'
import type { StoreFault } from './support/store-faults.ts'

const append = (when: 'before' | 'after', event: string, nth = 1): StoreFault => ({
  ...{ kind: 'killed-at-append', when, event, nth },
})
const blob = (when: 'before' | 'during' | 'after', step: 'put' | 'write' | 'finish', nth: number): StoreFault => ({
  ...{ kind: 'killed-at-blob', when, step, nth },
})

const points: readonly (readonly [string, StoreFault])[] = [
  ['while the initial weights are written', blob('during', 'put', 1)],
  ['before the start is recorded', append('before', 'run-started')],
  ['after the start and the first round are recorded', append('after', 'round-opened')],
  ['in the middle of the first upload', blob('during', 'write', 1)],
  ['before an upload is made whole', blob('before', 'finish', 2)],
  ['after an upload is made whole, before it is recorded', blob('after', 'finish', 1)],
  ['before the first update is recorded', append('before', 'update-counted', 1)],
  ['after the first update is recorded', append('after', 'update-counted', 1)],
  ['after the second update is recorded', append('after', 'update-counted', 2)],
  ['before the last update and the seal are recorded', append('before', 'round-sealed')],
  ['after the last update and the seal are recorded', append('after', 'round-sealed')],
  ['while the average is written', blob('during', 'put', 2)],
  ['after the average is stored, before it is recorded', append('before', 'weights-published')],
  ['after the average and the next round are recorded', append('after', 'weights-published')],
  ['in the middle of an upload of the second round', blob('during', 'write', 5)],
  ['after the seal of the second round, whose average has momentum', append('after', 'round-sealed', 2)],
  ['after the second stage is opened', append('after', 'round-opened', 3)],
  ['before the end is recorded', append('before', 'run-finished')],
  ['after the end is recorded', append('after', 'run-finished')],
]

const everyTrainingOnce = ['a', 'b', 'c'].flatMap((site) => ['0/0', '0/1', '1/0'].map((at) => `7/${site}/${at}`))

let enrolled: EnrolledConsortium
let undisturbed: string | undefined
beforeAll(async () => {
  enrolled = await enrolConsortium()
  const reference = await enrolled.open()
  try {
    await reference.startCoordinator()
    await reference.startAgents(['a', 'b', 'c'])
    await reference.startRun()
    undisturbed = (await reference.finished()).weightsDigest
    expect(await reference.trainings()).toEqual(everyTrainingOnce)
  } finally {
    await reference.close()
  }
})
afterAll(() => enrolled.close())

describe('a coordinator that is killed', () => {
  test.each(points)('%s ends with the same weights, and no site trains again', async (_, fault) => {
    const consortium = await enrolled.open()
    try {
      await survive(consortium, fault)
    } finally {
      await consortium.close()
    }
  })
})

async function survive(consortium: Consortium, fault: StoreFault): Promise<void> {
  const doomed = await consortium.startCoordinator(fault)
  await consortium.startAgents(['a', 'b', 'c'])
  // The operator's request may be what the process dies of.
  await consortium.startRun().catch(() => {})
  expect(await inTime('the kill', doomed.ended)).toBe('SIGKILL')

  await consortium.startCoordinator()
  await consortium.startRun()
  const run = await consortium.finished()
  expect(run.weightsDigest).toBe(undisturbed)
  expect(run.rounds.flatMap(({ sites }) => sites.map(({ outcome }) => outcome))).toEqual(Array(9).fill('counted'))
  expect(await consortium.trainings()).toEqual(everyTrainingOnce)
  const weights = new Set(run.rounds.flatMap(({ baseDigest, weightsDigest }) => [baseDigest, weightsDigest]))
  await eventually('the store to hold weights alone', async () => (await consortium.blobs()).length === weights.size)
  expect(new Set(await consortium.blobs())).toEqual(weights)
}
