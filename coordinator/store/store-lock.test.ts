import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { lockStore } from './store-lock.ts'

const root = mkdtempSync(join(tmpdir(), 'sequela-lock-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const holdLock = `
  import { lockStore } from '${join(import.meta.dirname, 'store-lock.ts')}'
  const lock = lockStore(process.argv[1])
  process.stdout.write('held')
  process.stdin.resume()
`

describe('the lock of a store', () => {
  test('is held by one at a time, names its holder, and can be taken again after it was released', () => {
    const folder = join(root, 'released')
    const first = lockStore(folder)
    expect(() => lockStore(folder)).toThrow(expect.objectContaining({ code: 'store_locked' }))
    expect(() => lockStore(folder)).toThrow(String(process.pid))
    first.release()
    lockStore(folder).release()
  })

  test('is refused while another process has it and free as soon as that one was killed', async () => {
    const folder = join(root, 'killed')
    const child = spawn(process.execPath, ['--input-type=module', '-e', holdLock, folder], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    expect(() => lockStore(folder)).toThrow(expect.objectContaining({ code: 'store_locked' }))
    child.kill('SIGKILL')
    await once(child, 'exit')
    lockStore(folder).release()
  })
})
