// Every reachable state of three sites and two rounds; and the proof that the walk would find a machine that is wrong.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { decide } from './decide.ts'
import { runEventTypes } from './event-codec.ts'
import { evolve } from './evolve.ts'
import { brokenRules } from './testsupport/broken-rules.ts'
import { explore, type Rules } from './testsupport/explorer.ts'
import { finishedRun } from './testsupport/finished-run.ts'
import { createMoves } from './testsupport/moves.ts'
import { type SmallStudy, smallJudgingStudy, smallStudy } from './testsupport/small-study.ts'

function walk(
  wanted: Pick<SmallStudy, 'stages' | 'patience' | 'select' | 'evaluation' | 'linkage'> & {
    sites?: readonly string[]
    quorum?: number
  },
  rules: Rules,
) {
  const study = smallStudy({ sites: ['a', 'b', 'c'], quorum: 2, ...wanted })
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

const eventTypesSeen = new Set<string>()

describe('in every state that three sites can bring about', () => {
  test.each([
    { name: 'two rounds of one stage', stages: [2], least: 10_000 },
    { name: 'two stages of one round', stages: [1, 1], least: 10_000 },
    { name: 'a stage of one round and its closing round', stages: [1], select: true, least: 5_000 },
    {
      name: 'two sites and a stage that stops before its third round',
      sites: ['a', 'b'],
      stages: [3],
      patience: 1,
      select: true,
      least: 400,
    },
    {
      name: 'one site and the passes of an evaluation',
      sites: ['a'],
      quorum: 1,
      stages: [1],
      evaluation: true,
      least: 100,
    },
    {
      name: 'two sites that look for children whom both treat',
      sites: ['a', 'b'],
      stages: [1],
      linkage: true,
      least: 1_000,
    },
  ])('of $name, the invariants hold', ({ name, least, ...wanted }) => {
    const { states, commands, eventTypes, violation } = walk(wanted, { decide, evolve })
    console.info(`${name}: ${states} states, ${commands} commands`)
    expect(violation).toBeUndefined()
    for (const type of eventTypes) eventTypesSeen.add(type)
    expect(states).toBeGreaterThan(least)
  })

  test('of a study that judges the weights of another, at a site that did not train them, the invariants hold', () => {
    const trained = smallStudy({ sites: ['a'], quorum: 1, stages: [1], recurrence: true })
    const study = smallJudgingStudy(trained, { sites: ['b'], weights: sha256('trained') })
    const { states, violation } = explore(study, createMoves(study), { decide, evolve }, finishedRun(trained))
    console.info(`weights of another study: ${states} states`)
    expect(violation).toBeUndefined()
    expect(states).toBeGreaterThan(100)
  })

  test('every event happens somewhere', () => {
    expect(eventTypesSeen).toEqual(runEventTypes)
  })
})

describe('the walk finds a machine that', () => {
  test.each(brokenRules)('$name', ({ rules, found, linkage }) => {
    const { violation } = walk(linkage ? { sites: ['a', 'b'], stages: [1], linkage } : { stages: [2] }, rules)
    expect(violation?.at(-1)).toMatch(found)
  })
})
