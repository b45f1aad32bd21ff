import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { sha256 } from '../shared/digest.ts'
import { createParticipation, readParticipation } from './participation.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-participation-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
const newFile = (): string => join(folder, `${count++}.jsonl`)
const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) }
const studyDigest = sha256('study')

describe('the record of who took part', () => {
  test('is empty where nobody has', async () => expect(await readParticipation(newFile())).toEqual([]))

  test('names the children of every round, and all of them in each', async () => {
    const file = newFile()
    const participation = createParticipation({ file, site: 'north', clock })
    await participation.note({ studyDigest, stage: 0, round: 0 }, { trained: ['a', 'b'], validated: ['c'] })
    await participation.note({ studyDigest, stage: 0, round: 1 }, { trained: ['a'], validated: [] })
    const [at, site, study, stage] = ['2026-01-02T03:04:05.000Z', 'north', studyDigest, 0]
    expect(await readParticipation(file)).toEqual([
      { at, site, study, stage, round: 0, trained: ['a', 'b'], validated: ['c'] },
      { at, site, study, stage, round: 1, trained: ['a'], validated: [] },
    ])
  })

  test('leaves out a last line that a power cut tore, and refuses one that is damaged, with what to do', async () => {
    const file = newFile()
    const participation = createParticipation({ file, site: 'north', clock })
    await participation.note({ studyDigest, stage: 0, round: 0 }, { trained: ['a'], validated: [] })
    const whole = readFileSync(file, 'utf8')
    writeFileSync(file, `${whole}{"at":"20`)
    expect(await readParticipation(file)).toHaveLength(1)
    writeFileSync(file, `{"at":"20\n${whole}`)
    await expect(readParticipation(file)).rejects.toMatchObject({
      code: 'file_unreadable',
      message: expect.stringMatching(/line 1 of .* is damaged; restore it from a backup, or delete that line/),
    })
  })
})
