// How the agent connects to a coordinator that is played, hangs up, and connects again.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLog } from '../shared/log.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import type { Linkage } from './linkage/linkage.ts'
import {
  assignment,
  dayMs,
  notice,
  openStage,
  type Scene,
  type Stage,
  study,
} from './testsupport/played-coordinator.ts'

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

  test.each([
    ['ends', (scene: Scene) => scene.endCall()],
    ['breaks', (scene: Scene) => scene.cutLine()],
  ])('waits longer and longer where every call %s as soon as it has begun', async (_, end) => {
    const scene = await stage.play()
    for (let times = 1; times <= 5; times++) {
      await scene.until('attends', times)
      end(scene)
    }
    await scene.until('attends', 6)
    expect(scene.events).toEqual([
      ...Array(5).fill(['connects', 'attends with 1', 'waits']).flat(),
      'connects',
      'attends with 1',
    ])
    expect(scene.pauses).toEqual(scene.pauses.toSorted((a, b) => a - b))
    expect(scene.pauses.at(-1)).toBeGreaterThan(4000)
  })

  test('connects again at once when a call ends that has lasted, and forgets earlier failures', async () => {
    const scene = await stage.play()
    for (let times = 1; times <= 4; times++) {
      await scene.until('attends', times)
      scene.endCall()
    }
    await scene.until('attends', 5)
    scene.elapse(10_000)
    scene.endCall()
    await scene.until('attends', 6)
    expect(scene.pauses).toHaveLength(4)
    scene.endCall()
    await scene.until('waits', 5)
    expect(scene.pauses.at(-1)).toBeLessThanOrEqual(500)
  })

  test('logs neither where files lie nor what a peer says in its own words', async () => {
    const lines: string[] = []
    const log = createLog('agent', 'info', { write: (line) => void lines.push(line) })
    await mkdir(join(stage.folder, 'approvals'), { recursive: true })
    await writeFile(join(stage.folder, 'approvals', `${'0'.repeat(64)}.yaml`), 'changed')
    const secret = 'Jane Doe'
    const scene = await stage.play({
      connections: [new SequelaError('file_unreadable', `/data of ${secret}/identity.json cannot be read`)],
      log,
    })
    await scene.until('attends')
    scene.say({ kind: 'study-offer', studyDigest: study.digest, name: secret })
    scene.say({ kind: 'cancellation', assignment })
    await scene.stop()
    const events = lines.map((line) => JSON.parse(line).msg)
    expect(events).toEqual([
      'disconnected',
      'approval-unreadable',
      'connected',
      'study-offered',
      'assignment-cancelled',
    ])
    expect(lines.join('')).not.toMatch(/Jane|Doe|path/)
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
    scene.say({ kind: 'cancellation', assignment })
    scene.say({ kind: 'assignment', assignment: { ...assignment, round: 1 } })
    await scene.until('delivers', 2)
    expect(scene.open.size).toBe(1)
    await scene.stop()
    expect(scene.open.size).toBe(0)
  })
})
