import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createViewLog, readViews, viewsText } from './view-log.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sequela-views-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) }
const logIn = (file: string) => createViewLog({ file, user: 'dr-x', clock })

describe('the log of views', () => {
  test('says when, who and which child by its key, in the order of the views', async () => {
    const file = join(folder, 'views.jsonl')
    const log = logIn(file)
    await log.record({ what: 'list' })
    await log.record({ what: 'child', child: 'abc', weights: 'd'.repeat(64) })
    const views = await readViews(file)
    expect(views).toEqual([
      { at: '2026-01-02T03:04:05.000Z', user: 'dr-x', what: 'list' },
      { at: '2026-01-02T03:04:05.000Z', user: 'dr-x', what: 'child', child: 'abc', weights: 'd'.repeat(64) },
    ])
    expect(viewsText(views).split('\n')[1]).toBe(
      '2026-01-02T03:04:05.000Z  dr-x  child  child abc  weights dddddddddddd',
    )
  })

  test('is empty before anybody looked, and drops a line that a power cut left half written', async () => {
    const file = join(folder, 'views.jsonl')
    expect(viewsText(await readViews(file))).toContain('Nobody has looked')
    await logIn(file).record({ what: 'list' })
    appendFileSync(file, '{"at":"2026')
    expect(await readViews(file)).toHaveLength(1)
    await logIn(file).record({ what: 'list' })
    expect(await readViews(file)).toHaveLength(2)
  })

  test('refuses to be read when a line before the last is damaged', async () => {
    const file = join(folder, 'views.jsonl')
    appendFileSync(file, 'x\n')
    await logIn(file).record({ what: 'list' })
    await expect(readViews(file)).rejects.toMatchObject({ code: 'file_unreadable' })
    expect(readFileSync(file, 'utf8')).toMatch(/^x\n/)
  })

  test('that cannot be written is a refusal, so that nothing is shown unseen', async () => {
    await expect(logIn(join(folder, 'nowhere', 'views.jsonl')).record({ what: 'list' })).rejects.toMatchObject({
      code: 'file_unreadable',
      message: expect.stringContaining('nothing is shown that is not written down'),
    })
  })
})
