import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { coordinatorHome } from '../home.ts'
import { askCoordinator, serveAdminSocket } from './socket.ts'

const root = mkdtempSync(join(tmpdir(), 'sequela-admin-'))
const home = coordinatorHome(
  join(root, 'a-home-with-a-path-much-longer-than-the-name-of-any-unix-socket-may-be-'.repeat(2)),
)
/** What the service has in its environment; nobody else does. */
const runtime = join(root, 'runtime')
let server: { close(): Promise<void> }

beforeAll(async () => {
  mkdirSync(home.folder)
  vi.stubEnv('XDG_RUNTIME_DIR', runtime)
  server = await serveAdminSocket(home, async (asked) => {
    if (asked.type === 'invite') return `code for ${asked.site}`
    if (asked.type === 'pause') return undefined
    throw new SequelaError('study_state', 'it is finished')
  })
  vi.unstubAllEnvs()
})
afterEach(() => void vi.unstubAllEnvs())
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

  test.each(['', join(root, 'another')])('is found from a shell whose runtime folder is "%s"', async (folder) => {
    vi.stubEnv('XDG_RUNTIME_DIR', folder)
    expect(await askCoordinator(home, { type: 'invite', site: 'boston' })).toBe('code for boston')
  })

  test('is found through another name of the home folder', async () => {
    const link = join(root, 'link')
    symlinkSync(home.folder, link)
    expect(await askCoordinator(coordinatorHome(link), { type: 'invite', site: 'a' })).toBe('code for a')
  })

  test('is not asked by a copy of the home folder, which is another coordinator', async () => {
    const copy = coordinatorHome(join(root, 'copy'))
    cpSync(home.folder, copy.folder, { recursive: true })
    await expect(askCoordinator(copy, { type: 'status' })).rejects.toMatchObject({ code: 'unreachable' })
  })

  test('is not asked where somebody else could have put it', async () => {
    const folder = dirname(readFileSync(home.adminSocketFile, 'utf8'))
    chmodSync(folder, 0o755)
    try {
      await expect(askCoordinator(home, { type: 'status' })).rejects.toMatchObject({ code: 'file_unreadable' })
    } finally {
      chmodSync(folder, 0o700)
    }
  })

  test.each(['short', 'reached-by-a-link'])(
    'outlasts the login of whoever started the coordinator (%s)',
    async (name) => {
      const started = coordinatorHome(join(root, name))
      if (name === 'short') mkdirSync(started.folder)
      else symlinkSync(join(root, 'short'), started.folder)
      const ofLogin = join(root, 'runtime-of-a-login')
      vi.stubEnv('XDG_RUNTIME_DIR', ofLogin)
      const serving = await serveAdminSocket(started, async () => 'still here')
      rmSync(ofLogin, { recursive: true, force: true })
      expect(await askCoordinator(started, { type: 'status' })).toBe('still here')
      const folder = dirname(readFileSync(started.adminSocketFile, 'utf8'))
      expect(folder).toBe(join(root, 'short', 'run'))
      expect(statSync(folder).mode & 0o777).toBe(0o700)
      await serving.close()
    },
  )

  test('lies in the runtime folder where the path is too long, or the home folder takes no socket', async () => {
    expect(readFileSync(home.adminSocketFile, 'utf8')).toContain(runtime)
    const noSockets = coordinatorHome(join(root, 'no-sockets'))
    mkdirSync(noSockets.folder)
    writeFileSync(noSockets.socketFolder, 'a file where the folder should be')
    vi.stubEnv('XDG_RUNTIME_DIR', runtime)
    const serving = await serveAdminSocket(noSockets, async () => 'here')
    expect(readFileSync(noSockets.adminSocketFile, 'utf8')).toContain(runtime)
    expect(await askCoordinator(noSockets, { type: 'status' })).toBe('here')
    await serving.close()
  })

  test('that went with the login of whoever started the coordinator is said to be gone, and what to do', async () => {
    const tooLong = coordinatorHome(join(root, `another-${'long-'.repeat(20)}`))
    mkdirSync(tooLong.folder)
    const ofLogin = join(root, 'runtime-of-a-login')
    vi.stubEnv('XDG_RUNTIME_DIR', ofLogin)
    const serving = await serveAdminSocket(tooLong, async () => 'never asked')
    rmSync(ofLogin, { recursive: true })
    await expect(askCoordinator(tooLong, { type: 'status' })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('its socket was removed'),
    })
    await serving.close()
  })

  test('that a coordinator left behind when it was killed is nobody to ask, until another one serves', async () => {
    const killed = coordinatorHome(join(root, 'killed'))
    mkdirSync(killed.folder)
    vi.stubEnv('XDG_RUNTIME_DIR', join(root, 'runtime-of-a-session-that-is-over'))
    const first = await serveAdminSocket(killed, async () => 'never asked')
    const left = readFileSync(killed.adminSocketFile, 'utf8')
    await first.close()
    writeFileSync(killed.adminSocketFile, left)
    const message = expect.stringContaining(left.trim())
    await expect(askCoordinator(killed, { type: 'status' })).rejects.toMatchObject({ code: 'unreachable', message })
    vi.stubEnv('XDG_RUNTIME_DIR', runtime)
    const next = await serveAdminSocket(killed, async () => 'answered')
    expect(await askCoordinator(killed, { type: 'status' })).toBe('answered')
    await next.close()
    expect(existsSync(killed.adminSocketFile)).toBe(false)
  })
})
