import { describe, expect, test } from 'vitest'
import { rateFactor } from './schedule.ts'
import { parseStudy } from './study.ts'
import { exampleStudyText } from './testsupport/example-study.ts'

describe('the learning rate of a round', () => {
  const stage = parseStudy(exampleStudyText).study.stages[0]
  if (stage === undefined) throw new Error('the study has a stage')

  test('falls as a cosine from all of it to about a tenth, the same at every site', () => {
    const long = { ...stage, rounds: 100 }
    expect(rateFactor(long, 0)).toBe(1)
    expect(rateFactor(long, 50)).toBeCloseTo(0.55, 12)
    expect(rateFactor(long, 99)).toBeLessThan(0.102)
    expect(rateFactor({ ...stage, schedule: 'constant' }, 2)).toBe(1)
  })

  test('rises evenly over the rounds of the warm-up', () => {
    const warmed = { ...stage, schedule: 'constant', rounds: 10, warmupRounds: 4 } as const
    expect([0, 1, 2, 3, 4, 9].map((round) => rateFactor(warmed, round))).toEqual([0.25, 0.5, 0.75, 1, 1, 1])
    const falling = { ...warmed, schedule: 'cosine' } as const
    expect(rateFactor(falling, 1)).toBeCloseTo(0.5 * rateFactor({ ...falling, warmupRounds: 0 }, 1), 12)
  })
})
