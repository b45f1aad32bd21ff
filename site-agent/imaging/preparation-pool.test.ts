import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseDigest } from '../../shared/digest.ts'
import { createPreparationPool, type PreparationPool } from './preparation-pool.ts'

const recipe = {
  ...{ grid: [8, 8, 8] as const, spacingMm: 20, template: 'mni152' as const },
  ...{ registration: 'rigid' as const, brainMask: 'template' as const, biasCorrection: 'none' as const },
}
const request = (path: string) => ({ scan: { path, contentDigest: parseDigest('a'.repeat(64)) } })

/** Answers with its process id as Dice; ends, or says nothing, where the path asks for that. */
const program = `
let asked = 0
process.on('message', ({ scan }) => {
  asked++
  if (scan.path === 'dies') process.exit(134)
  if (scan.path === 'hangs') return
  if (scan.path === 'bad') return process.send({ kind: 'failed', code: 'scan_unsuitable', message: 'too dark' })
  process.send({ kind: 'prepared', result: { voxels: new Float32Array(1), dice: process.pid, registration: asked } })
})
process.on('disconnect', () => process.exit(0))
`

let root = ''
let pool: PreparationPool
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sequela-pool-'))
  await writeFile(join(root, 'worker.mjs'), program)
  pool = createPreparationPool({ recipe, processes: 2, program: pathToFileURL(join(root, 'worker.mjs')) })
})
afterEach(async () => {
  await pool.close()
  await rm(root, { recursive: true, force: true })
})

describe('preparation processes', () => {
  test('are used again, and are no more than asked for', async () => {
    const all = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((path) => pool.prepare(request(path))))
    expect(new Set(all.map(({ dice }) => dice)).size).toBeLessThanOrEqual(2)
  })

  test('that die cost the scan they were at, and no other', async () => {
    const [dead, good] = await Promise.allSettled([pool.prepare(request('dies')), pool.prepare(request('a'))])
    expect(dead).toMatchObject({
      reason: { code: 'scan_unsuitable', message: expect.stringMatching(/process .* ended/) },
    })
    expect(good.status).toBe('fulfilled')
    expect(await pool.prepare(request('b'))).toMatchObject({ voxels: new Float32Array(1) })
  })

  test('pass a refusal on with its code', async () => {
    await expect(pool.prepare(request('bad'))).rejects.toMatchObject({ code: 'scan_unsuitable', message: 'too dark' })
  })

  test('are ended by closing, and what they were at is called off', async () => {
    const hanging = [pool.prepare(request('hangs')), pool.prepare(request('hangs')), pool.prepare(request('waits'))]
    const settled = Promise.allSettled(hanging)
    await pool.close()
    for (const one of await settled) expect(one).toMatchObject({ reason: { code: 'cancelled' } })
  })
})
