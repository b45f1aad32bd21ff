// What the agent leaves on its disk, and what it does when that is full.

import { existsSync } from 'node:fs'
import { readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SequelaError } from '../shared/protocol/errors.ts'
import type { Notice } from './agent.ts'
import { createSpool } from './spool.ts'
import { assignment, notice, openStage, type Stage } from './testsupport/played-coordinator.ts'

let stage: Stage
beforeEach(async () => {
  stage = await openStage()
})
afterEach(() => stage.clear())

describe('an agent', () => {
  /** Whether the record of what leaves can be written: there is room, or there is none. */
  const fullDevice = '/dev/full'
  const fillDisk = (): Promise<void> => symlink(fullDevice, join(stage.folder, 'egress.jsonl'))
  const makeRoom = (): Promise<void> => rm(join(stage.folder, 'egress.jsonl'))

  test.skipIf(!existsSync(fullDevice))('waits for room when its disk is full, and then delivers', async () => {
    await fillDisk()
    const scene = await stage.play()
    await scene.until('attends')
    scene.say(notice)
    await scene.until('waits', 2)
    await makeRoom()
    await scene.until('delivers whole')
    expect(await stage.lastOutcome(scene)).toBe('delivered')
    expect(scene.events.some((event) => event.startsWith('declines'))).toBe(false)
    expect(await stage.recorded()).toEqual(['update-sealed', 'update-delivered'])
  })

  test('does not even train while there is no room for the update', async () => {
    const freeBytes = [0, 0]
    const scene = await stage.play({ freeBytes: async () => freeBytes.shift() ?? 2 ** 30 })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers whole')
    expect(await stage.lastOutcome(scene)).toBe('delivered')
    expect(scene.events.filter((event) => event === 'waits' || event === 'trains')).toEqual([
      'waits',
      'waits',
      'trains',
    ])
  })

  test.skipIf(!existsSync(fullDevice))(
    'goes on when it cannot write down why it declines, and says nothing then',
    async () => {
      const scene = await stage.play({
        training: () => {
          throw new Error('a fault')
        },
      })
      await scene.until('attends')
      await fillDisk()
      scene.say(notice)
      scene.say({ kind: 'assignment', assignment: { ...assignment, round: 1 } })
      await scene.until('trains', 2)
      expect(scene.events.some((event) => event.startsWith('declines'))).toBe(false)
      await scene.stop()
    },
  )

  const heartbeat: Notice = { kind: 'heartbeat', serverTimeMs: 0 }
  const kept = async () => ({
    updates: (await createSpool(join(stage.folder, 'spool')).list()).length,
    weights: (await readdir(stage.folder)).filter((name) => name.endsWith('.safetensors')).length,
  })

  test('keeps nothing of what is called off, once it has heard that the update comes too late', async () => {
    const scene = await stage.play({ deliveries: ['hangs', new SequelaError('round_closed', 'over')] })
    await scene.until('attends')
    scene.say(notice)
    scene.say(heartbeat)
    await scene.until('delivers')
    expect(await kept()).toEqual({ updates: 1, weights: 1 })
    scene.say({ kind: 'cancellation', assignment })
    await scene.until('delivers', 2)
    await scene.stop()
    expect(await kept()).toEqual({ updates: 0, weights: 0 })
  })

  test('keeps nothing of a round that ended while it was off', async () => {
    const before = await stage.play({ deliveries: ['hangs'] })
    await before.until('attends')
    before.say(notice)
    await before.until('delivers')
    await before.stop()
    const scene = await stage.play({ deliveries: [new SequelaError('round_closed', 'over')] })
    await scene.until('attends')
    expect(await kept()).toEqual({ updates: 1, weights: 1 })
    scene.say(heartbeat)
    await scene.until('delivers')
    await scene.stop()
    expect(await kept()).toEqual({ updates: 0, weights: 0 })
    expect(scene.events).not.toContain('trains')
  })
})
