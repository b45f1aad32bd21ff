// Every reachable state of three sites and two rounds; and the proof that the walk would find a machine that is wrong.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decide } from './decide.ts'
import { runEventTypes } from './event-codec.ts'
import { evolve } from './evolve.ts'
import { brokenRules } from './testsupport/broken-rules.ts'
import { explore, type Rules } from './testsupport/explorer.ts'
import { createMoves } from './testsupport/moves.ts'
import { smallStudy } from './testsupport/small-study.ts'

function walk(stages: readonly number[], rules: Rules) {
  const study = smallStudy({ sites: ['a', 'b', 'c'], quorum: 2, stages })
  return explore(study, createMoves(study), rules)
}

// Nearly every command is refused, and a third of the time would go into stacks that nobody reads.
const { stackTraceLimit } = Error
beforeAll(() => {
  Error.stackTraceLimit = 0
})
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit
})

describe('in every state that three sites can bring about', () => {
  test.each([
    { name: 'two rounds of one stage', stages: [2] },
    { name: 'two stages of one round', stages: [1, 1] },
  ])('of $name, the invariants hold', ({ name, stages }) => {
    const { states, commands, eventTypes, violation } = walk(stages, { decide, evolve })
    console.info(`${name}: ${states} states, ${commands} commands`)
    expect(violation).toBeUndefined()
    expect(states).toBeGreaterThan(10_000)
    expect(eventTypes).toEqual(runEventTypes)
  })
})

describe('the walk finds a machine that', () => {
  test.each(brokenRules)('$name', ({ rules, found }) => {
    const { violation } = walk([2], rules)
    expect(violation?.at(-1)).toMatch(found)
  })
})
