// Thousands of runs in bad weather, each told by its seed: SEQUELA_SEEDS says how many, SEQUELA_SEED runs a single one.

import { describe, expect, test } from 'vitest'
import { smallStudy } from './run/testsupport/small-study.ts'
import { simulate, type Weather } from './testsupport/simulation.ts'

const study = smallStudy({ sites: ['a', 'b', 'c', 'd'], quorum: 3, stages: [2, 1] })
const single = process.env.SEQUELA_SEED
const seeds = single === undefined ? Number(process.env.SEQUELA_SEEDS ?? 500) : 1
const storm: Weather = { lost: 0.2, doubled: 0.2, crash: 0.05, declined: 0.05, waiting: 0.1 }
/** Trouble that costs work but takes nobody out of a round. */
const badLine: Weather = { ...storm, declined: 0, waiting: 0 }

const seedOf = (i: number): string => single ?? `seed ${i}`

describe('a run in bad weather', () => {
  test('ends with every update that was granted, once', async () => {
    let crashes = 0
    for (let i = 0; i < seeds; i++) {
      const outcome = await simulate(study, seedOf(i), storm).catch((error) => {
        throw new Error(`${seedOf(i)}: ${error}`, { cause: error })
      })
      crashes += outcome.crashes
      expect(outcome.updates, seedOf(i)).toEqual([...outcome.granted].sort())
    }
    if (single === undefined) expect(crashes).toBeGreaterThan(seeds)
  })

  test('ends with the same weights as in good weather, when nobody was left out', async () => {
    const calm: Weather = { lost: 0, doubled: 0, crash: 0, declined: 0, waiting: 0 }
    const expected = await simulate(study, 'calm', calm)
    expect(expected.updates).toHaveLength(12)
    for (let i = 0; i < seeds; i++) {
      const outcome = await simulate(study, seedOf(i), badLine)
      expect(outcome.weightsDigest, seedOf(i)).toBe(expected.weightsDigest)
    }
  })

  test('hands on the weights that its sites found best, whatever the weather, and leaves the later rounds out', async () => {
    const choosing = smallStudy({ sites: ['a', 'b', 'c'], quorum: 2, stages: [6], patience: 2, select: true })
    for (let i = 0; i < seeds / 5; i++) {
      const outcome = await simulate(choosing, seedOf(i), badLine)
      // The loss is least in the reports of the third round, which speak of the weights after the second.
      expect(outcome.updates, seedOf(i)).toEqual(['0/0 a', '0/0 b', '0/0 c', '0/1 a', '0/1 b', '0/1 c'])
    }
  })
})
