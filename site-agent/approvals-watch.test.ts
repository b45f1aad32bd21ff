import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createLog, type Log } from '../shared/log.ts'
import { approvalIn } from './approvals-watch.ts'

async function place(): Promise<{ folder: string; log: Log; events: string[]; stop: AbortController }> {
  const root = await mkdtemp(join(tmpdir(), 'sequela-approvals-'))
  const stop = new AbortController()
  onTestFinished(async () => {
    stop.abort()
    await rm(root, { recursive: true })
  })
  const events: string[] = []
  const log = createLog('test', 'info', { write: (line) => void events.push(JSON.parse(line).msg) })
  return { folder: join(root, 'approvals'), log, events, stop }
}

test('an approval is noticed, and other files are not', async () => {
  const { folder, log, stop } = await place()
  await mkdir(folder)
  let approved = false
  const approval = approvalIn(folder, { signal: stop.signal, log }).then(() => {
    approved = true
  })
  await writeFile(join(folder, 'a.yaml.1.tmp'), '')
  expect(approved).toBe(false)
  await writeFile(join(folder, 'a.yaml'), '')
  await approval
})

test('a folder that cannot be watched is said so once, and waited for until the call ends', async () => {
  const { folder, log, events, stop } = await place()
  let ended = false
  const approval = approvalIn(folder, { signal: stop.signal, log }).then(() => {
    ended = true
  })
  await Promise.resolve()
  expect({ ended, events }).toEqual({ ended: false, events: ['approvals-not-watched'] })
  stop.abort()
  await approval
})
