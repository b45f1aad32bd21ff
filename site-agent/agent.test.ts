// The agent's two loops against a coordinator that is played: what it repeats, what it gives up, and what it says.

import { rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { errorCodes, SequelaError } from '../shared/protocol/errors.ts'
import { toyChildren } from './learning/testsupport/toy-children.ts'
import type { Linkage } from './linkage/linkage.ts'
import { readParticipation } from './participation.ts'
import { createSpool } from './spool.ts'
import { assignment, notice, openStage, type Stage, study } from './testsupport/played-coordinator.ts'

let stage: Stage
beforeEach(async () => {
  stage = await openStage()
})
afterEach(() => stage.clear())

describe('an agent', () => {
  test('trains on no child before it knows which of them another hospital keeps', async () => {
    const refusal = new SequelaError('linkage_refused', 'not so')
    const linkage: Linkage = { announce: async () => {}, settle: () => Promise.reject(refusal) }
    const scene = await stage.play({ linkage })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('declines')
    expect(await stage.lastOutcome(scene)).toContain('linkage_refused')
    expect(scene.events).not.toContain('trains')
  })

  test('connects, trains what it is asked for, delivers it, and closes what it opened', async () => {
    const scene = await stage.play()
    await scene.until('attends')
    scene.say(notice)
    scene.say(notice)
    await scene.until('delivers')
    expect(await stage.lastOutcome(scene)).toBe('delivered')
    expect(scene.events).toEqual([
      ...['connects', 'attends with 1', 'downloads', 'trains', 'delivers whole', 'closes the trainer'],
    ])
    expect(await stage.recorded()).toEqual(['update-sealed', 'update-delivered'])
    expect(await createSpool(join(stage.folder, 'spool')).find(assignment, assignment.baseDigest)).toBeUndefined()
  })

  test('writes down which children an update rests on, and not those that are of no use to it', async () => {
    const { children: trained } = toyChildren([2, 3, 1])
    const { children: validated } = toyChildren([1, 2], 'validation')
    const children = [...trained, ...validated].map((child, i) => ({ ...child, key: `key-${i}` }))
    const scene = await stage.play({ children })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers')
    scene.say({ kind: 'assignment', assignment: { ...assignment, round: 2, evaluateOnly: true } })
    await scene.until('reports')
    await scene.stop()
    expect(await readParticipation(join(stage.folder, 'participation.jsonl'))).toMatchObject([
      { round: 0, study: study.digest, trained: ['key-0', 'key-1'], validated: ['key-4'] },
      { round: 2, study: study.digest, trained: [], validated: ['key-4'] },
    ])
  })

  test('only says how the weights do where that is all that is asked, and trains nothing', async () => {
    const scene = await stage.play()
    await scene.until('attends')
    scene.say({ kind: 'assignment', assignment: { ...assignment, round: 2, evaluateOnly: true } })
    await scene.until('reports')
    expect(await stage.lastOutcome(scene)).toBe('delivered')
    expect(scene.events).toEqual([
      ...['connects', 'attends with 1', 'downloads', 'reports 1 numbers on the weights', 'closes the trainer'],
    ])
    expect(await stage.recorded()).toEqual(['evaluation-sealed'])
  })

  test('evaluates nothing in a stage for which its hospital has not agreed to that', async () => {
    const scene = await stage.play()
    await scene.until('attends')
    scene.say({ kind: 'assignment', assignment: { ...assignment, stage: 1, evaluateOnly: true } })
    await scene.until('declines')
    expect(scene.events.at(-1)).toMatch(/round_unknown/)
    expect(await stage.recorded()).toEqual(['declined'])
  })

  test('delivers again, and does not train again, when the line was to blame', async () => {
    const codes = ['unreachable', 'too_busy', 'disk_full', 'offset_mismatch'] as const
    const scene = await stage.play({ deliveries: codes.map((code) => new SequelaError(code, 'later')) })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers', 5)
    expect(await stage.lastOutcome(scene)).toBe('delivered')
    expect(scene.events.filter((event) => event === 'trains')).toHaveLength(1)
    expect(scene.events.filter((event) => event === 'waits')).toHaveLength(4)
    expect(await stage.recorded()).toEqual([
      'update-sealed',
      ...Array(4).fill('delivery-interrupted'),
      'update-delivered',
    ])
  })

  test('takes a refusal as the end of the matter, forgets the update, and goes on with the next round', async () => {
    const scene = await stage.play({ deliveries: [new SequelaError('norm_exceeded', 'too long')] })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers')
    scene.say({ kind: 'assignment', assignment: { ...assignment, round: 1 } })
    await scene.until('delivers', 2)
    expect(scene.events.some((event) => event.startsWith('declines'))).toBe(false)
    expect(await createSpool(join(stage.folder, 'spool')).find(assignment, assignment.baseDigest)).toBeUndefined()
    expect(await stage.lastOutcome(scene)).toBe('delivered')
  })

  test('keeps an update of which the coordinator has lost something, for when that is restored', async () => {
    const scene = await stage.play({ deliveries: [new SequelaError('store_corrupt', 'lost')] })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers')
    scene.say({ kind: 'assignment', assignment: { ...assignment, round: 1 } })
    await scene.until('delivers', 2)
    expect(scene.events.some((event) => event.startsWith('declines'))).toBe(false)
    await scene.stop()
    expect(await createSpool(join(stage.folder, 'spool')).find(assignment, assignment.baseDigest)).toBeDefined()
  })

  test("says a failure of its own in a fixed sentence, without the error's words", async () => {
    const scene = await stage.play({
      training: () => {
        throw new Error('/data/sub-secret/anat.nii.gz burst')
      },
    })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('declines')
    expect(scene.events.at(-1)).toBe(`declines true internal: ${errorCodes.internal}`)
    expect(await stage.recorded()).toEqual(['declined'])
    expect(await readFile(join(stage.folder, 'egress.jsonl'), 'utf8')).not.toContain('secret')
  })

  test.each([
    ['training', notice],
    ['evaluating', { kind: 'assignment', assignment: { ...assignment, round: 2, evaluateOnly: true } } as const],
  ])('seals nothing when the approval was taken back while it was %s', async (_, asked) => {
    const withdraw = (): void => rmSync(join(stage.folder, 'approvals', `${study.digest}.yaml`))
    const scene = await stage.play(asked === notice ? { training: withdraw } : { evaluation: withdraw })
    await scene.until('attends')
    scene.say(asked)
    await scene.until('declines')
    expect(scene.events.at(-1)).toContain(`not_approved: ${errorCodes.not_approved}`)
    expect(await stage.recorded()).toEqual(['declined'])
  })

  test('stops what is called off, and does the next', async () => {
    const scene = await stage.play({ deliveries: ['hangs'] })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers')
    scene.say({ kind: 'cancellation', assignment })
    scene.say({ kind: 'assignment', assignment: { ...assignment, round: 1 } })
    await scene.until('delivers', 2)
    expect(await stage.lastOutcome(scene)).toBe('delivered')
  })

  test('that is stopped in the middle keeps the sealed update for its next start', async () => {
    const scene = await stage.play({ deliveries: ['hangs'] })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers')
    await scene.stop()
    const next = await stage.play()
    await next.until('attends')
    next.say(notice)
    next.say({ kind: 'heartbeat', serverTimeMs: 0 })
    await next.until('delivers')
    expect(await stage.lastOutcome(next)).toBe('delivered')
    expect(next.events).not.toContain('trains')
    expect(next.events.filter((event) => event.startsWith('delivers'))).toHaveLength(1)
  })
})
