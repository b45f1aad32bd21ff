import { describe, expect, test } from 'vitest'
import { sha256 } from '../shared/digest.ts'
import { formatAssignmentId } from '../shared/protocol/assignment-id.ts'
import type { Assignment } from './assignment.ts'
import { createAssignmentQueue } from './assignment-queue.ts'

const assignment = (round: number): Assignment => ({
  studyDigest: sha256('study'),
  stage: 0,
  round,
  baseDigest: sha256('base'),
  baseByteLength: 10,
  deadlineMs: 0,
  evaluateOnly: false,
  answerPass: false,
})
const id = (round: number): string => formatAssignmentId(assignment(round))

describe('the queue of assignments', () => {
  test('hands assignments out one at a time, in the order in which they came', async () => {
    const queue = createAssignmentQueue(new AbortController().signal)
    queue.add(assignment(0))
    queue.add(assignment(1))
    expect((await queue.next())?.assignment.round).toBe(0)
    queue.done()
    expect((await queue.next())?.assignment.round).toBe(1)
  })

  test('takes an assignment once, however often it is announced, while it waits or is worked on', async () => {
    const queue = createAssignmentQueue(new AbortController().signal)
    queue.add(assignment(0))
    queue.add(assignment(0))
    await queue.next()
    queue.add(assignment(0))
    queue.add(assignment(1))
    queue.done()
    expect((await queue.next())?.assignment.round).toBe(1)
  })

  test('says what waits and what is being worked on', async () => {
    const queue = createAssignmentQueue(new AbortController().signal)
    queue.add(assignment(0))
    queue.add(assignment(1))
    queue.add(assignment(2))
    await queue.next()
    queue.cancel(id(1))
    expect(queue.asked().map(({ round }) => round)).toEqual([0, 2])
    queue.done()
    expect(queue.asked().map(({ round }) => round)).toEqual([2])
  })

  test('wakes a worker that waits', async () => {
    const queue = createAssignmentQueue(new AbortController().signal)
    const next = queue.next()
    queue.add(assignment(5))
    expect((await next)?.assignment.round).toBe(5)
  })

  test('aborts the one that is worked on when it is called off, and takes it again when it is wanted after all', async () => {
    const queue = createAssignmentQueue(new AbortController().signal)
    queue.add(assignment(0))
    const first = await queue.next()
    queue.cancel(id(0))
    expect(first?.signal.aborted).toBe(true)
    queue.add(assignment(0))
    queue.done()
    expect((await queue.next())?.signal.aborted).toBe(false)
  })

  test('forgets one that waits when it is called off, and ends when the agent stops', async () => {
    const stop = new AbortController()
    const queue = createAssignmentQueue(stop.signal)
    queue.add(assignment(0))
    queue.cancel(id(0))
    const next = queue.next()
    stop.abort()
    expect(await next).toBeUndefined()
  })
})
