// How the agent connects to a coordinator that is played, hangs up, and connects again.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatAssignmentId } from '../shared/protocol/assignment-id.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import type { Linkage } from './linkage/linkage.ts'
import { assignment, dayMs, notice, openStage, type Stage, study } from './testsupport/played-coordinator.ts'

let stage: Stage
beforeEach(async () => {
  stage = await openStage()
})
afterEach(() => stage.clear())

describe('an agent', () => {
  test('names its children as soon as it is connected, long before it is asked to train', async () => {
    const { promise: announced, resolve } = Promise.withResolvers<readonly string[]>()
    const announce: Linkage['announce'] = async (studies) => resolve(studies.map(({ digest }) => digest))
    await stage.play({ linkage: { announce, settle: async () => {} } })
    expect(await announced).toEqual([study.digest])
  })

  test('connects again and again, with pauses, and says why it could not', async () => {
    const scene = await stage.play({
      connections: Array.from({ length: 3 }, () => new SequelaError('unreachable', 'no route')),
    })
    await scene.until('attends')
    expect(scene.events).toEqual([...Array(3).fill(['fails to connect', 'waits']).flat(), 'connects', 'attends with 1'])
  })

  test('does not hang up at once for a renewal that is due already', async () => {
    const scene = await stage.play({ renewalInMs: -3 * dayMs })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers')
    await scene.stop()
    expect(scene.events.filter((event) => event === 'connects')).toHaveLength(1)
    expect(scene.renewals).toEqual([600_000])
  })

  test('closes a connection that was replaced, once the assignment that uses it has ended', async () => {
    const scene = await stage.play({ deliveries: ['hangs'] })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers')
    for (let times = 2; times <= 5; times++) {
      scene.cutLine()
      await scene.until('attends', times)
    }
    expect(scene.open.size).toBe(2)
    scene.say({ kind: 'cancellation', assignmentId: formatAssignmentId(assignment), reason: 'enough' })
    scene.say({ kind: 'assignment', assignment: { ...assignment, round: 1 } })
    await scene.until('delivers', 2)
    expect(scene.open.size).toBe(1)
    await scene.stop()
    expect(scene.open.size).toBe(0)
  })
})
