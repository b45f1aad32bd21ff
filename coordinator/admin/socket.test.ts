import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { coordinatorHome } from '../home.ts'
import { askCoordinator, serveAdminSocket } from './socket.ts'

const root = mkdtempSync(join(tmpdir(), 'sequela-admin-'))
const home = coordinatorHome(
  join(root, 'a-home-with-a-path-much-longer-than-the-name-of-any-unix-socket-may-be-'.repeat(2)),
)
let server: { close(): Promise<void> }

beforeAll(async () => {
  server = await serveAdminSocket(home, async (asked) => {
    if (asked.type === 'invite') return `code for ${asked.site}`
    if (asked.type === 'pause') return undefined
    throw new SequelaError('study_state', 'it is finished')
  })
})
afterAll(async () => {
  await server.close()
  rmSync(root, { recursive: true, force: true })
})

describe('the admin socket', () => {
  test('answers, also with nothing', async () => {
    expect(await askCoordinator(home, { type: 'invite', site: 'boston' })).toBe('code for boston')
    expect(await askCoordinator(home, { type: 'pause', studyDigest: 'a'.repeat(64) })).toBeUndefined()
  })

  test('hands a refusal on with its code and sentence', async () => {
    await expect(askCoordinator(home, { type: 'status' })).rejects.toMatchObject({
      code: 'study_state',
      message: 'it is finished',
    })
  })

  test('refuses a digest that is none before anything is asked', async () => {
    await expect(askCoordinator(home, { type: 'pause', studyDigest: '../x' })).rejects.toMatchObject({ code: 'usage' })
  })

  test('says that no coordinator serves where none does', async () => {
    const other = coordinatorHome(join(root, 'nobody'))
    await expect(askCoordinator(other, { type: 'status' })).rejects.toMatchObject({ code: 'unreachable' })
  })
})
