import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createStatusBoard, readStatus } from './status-board.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sequela-status-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('the file shows the last of many changes, and what was not changed stays', async () => {
  const file = join(folder, 'status.json')
  let now = 0
  const board = createStatusBoard({ file, clock: { now: () => now } })
  const work = { study: 's', stage: 0, round: 0, activity: 'training', total: 100 }
  for (let done = 0; done <= 100; done++) {
    now = done
    board.update({ work: { ...work, done } })
  }
  board.update({ connection: { state: 'stopped' } })
  await board.settled()
  expect(await readStatus(file)).toEqual(board.current())
  expect(board.current()).toMatchObject({
    ...{ pid: process.pid, updatedAt: '1970-01-01T00:00:00.100Z' },
    ...{ connection: { state: 'stopped' }, work: { done: 100 } },
  })
})

test('a disk that takes nothing does not stop the agent', async () => {
  const board = createStatusBoard({ file: join(folder, 'missing', 'status.json'), clock: { now: () => 0 } })
  board.update({ work: null })
  await board.settled()
})

test.each(['', '{"pid":', '{"pid":1}', 'null'])('a file that says %j is refused in words', async (text) => {
  const file = join(folder, 'damaged.json')
  await writeFile(file, text)
  await expect(readStatus(file)).rejects.toMatchObject({ code: 'file_unreadable' })
})

test('where no agent ever ran there is no status', async () => {
  expect(await readStatus(join(folder, 'nothing.json'))).toBeUndefined()
})
