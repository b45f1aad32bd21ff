import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RoundStatus } from '../coordinator/status.ts'
import { type Consortium, type EnrolledConsortium, enrolConsortium } from './support/consortium.ts'

let enrolled: EnrolledConsortium
beforeAll(async () => {
  enrolled = await enrolConsortium()
})
afterAll(() => enrolled.close())

const outcomes = ({ sites }: RoundStatus): string[] => sites.map(({ site, outcome }) => `${site} ${outcome}`)

describe('a round whose deadline has passed', () => {
  test('closes with the quorum and says who is missing', () =>
    withConsortium(async (consortium) => {
      await consortium.startAgents(['a', 'b'])
      await consortium.startRun()
      const { rounds } = await consortium.finished()
      expect(rounds.map(outcomes)).toEqual([
        ['a counted', 'b counted', 'c missing'],
        ['a counted', 'b counted', 'c missing'],
      ])
      expect(rounds[0]?.sites[2]?.reason).toMatch(/nothing came before the round closed/)
    }))

  test('waits below the quorum and goes on when another site comes', () =>
    withConsortium(async (consortium) => {
      await consortium.startAgents(['a'])
      await consortium.startRun()
      const short = await consortium.when('the round to fall short with one update', ({ rounds: [round] }) =>
        Boolean(round?.state === 'short' && round.sites.some(({ outcome }) => outcome === 'counted')),
      )
      expect(short.phase).toBe('running')
      expect(short.rounds.map(outcomes)).toEqual([['a counted', 'b awaited', 'c awaited']])

      await consortium.startAgents(['b'])
      const { rounds } = await consortium.finished()
      expect(rounds.map(outcomes)).toEqual([
        ['a counted', 'b counted', 'c missing'],
        ['a counted', 'b counted', 'c missing'],
      ])
      expect(await consortium.trainings()).toEqual(['7/a/0/0', '7/a/1/0', '7/b/0/0', '7/b/1/0'])
    }))
})

async function withConsortium(journey: (consortium: Consortium) => Promise<void>): Promise<void> {
  const consortium = await enrolled.open({ orderingRounds: 1, quorum: 2, deadline: '2s' })
  try {
    await consortium.startCoordinator()
    await journey(consortium)
  } finally {
    await consortium.close()
  }
}
