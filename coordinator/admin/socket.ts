// The admin socket: a Unix socket that only the user who runs the coordinator can open. It lies in the home folder, which lasts as
// long as the coordinator does. Where its path would be too long for a Unix socket, or the disk takes none, it lies in the
// user's runtime folder, which the system may remove when that user logs out; the home folder says where, as a service
// and a login shell of the same user have other runtime folders.

import { chmod, lstat, mkdir, readFile, realpath, rm } from 'node:fs/promises'
import { createServer, request, type Server } from 'node:http'
import { tmpdir, userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { sha256 } from '../../shared/digest.ts'
import { isErrorCode, SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { writeWhole } from '../commands/whole-file.ts'
import type { CoordinatorHome } from '../home.ts'
import {
  type AdminReply,
  type AdminRequest,
  adminReplySchema,
  adminRequestSchema,
  maxAdminRequestBytes,
} from './requests.ts'

/**
 * Answers admin requests until closed. Call it only with the store's lock held: it replaces a socket left behind.
 * @throws SequelaError `file_unreadable` when there is no folder for it that is this user's alone.
 */
export async function serveAdminSocket(
  home: CoordinatorHome,
  answer: (request: AdminRequest) => Promise<unknown>,
): Promise<{ close(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    readBody(incoming)
      .then((body) => reply(body, answer))
      .then((value) => outgoing.end(JSON.stringify(value)))
      .catch(() => outgoing.destroy())
  })
  const path = await listenPrivately(server, home)
  const close = async (): Promise<void> => {
    await rm(home.adminSocketFile, { force: true })
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
    await rm(path, { force: true })
  }
  try {
    await chmod(path, 0o600)
    await writeWhole(home.adminSocketFile, `${path}\n`, 0o600)
  } catch (error) {
    await close()
    throw error
  }
  return { close }
}

/**
 * Asks the coordinator that serves from `home`.
 * @throws SequelaError `unreachable` when none does, `file_unreadable` when it is not this user's to ask, else what the
 *   coordinator refused with.
 */
export async function askCoordinator(home: CoordinatorHome, adminRequest: AdminRequest): Promise<unknown> {
  const path = await namedSocketPath(home)
  const text = await new Promise<string>((resolve, reject) => {
    const outgoing = request({ socketPath: path, method: 'POST', path: '/' }, (incoming) => {
      readBody(incoming, Number.POSITIVE_INFINITY).then(resolve, reject)
    })
    outgoing.once('error', (error) => reject(noCoordinator(home, { cause: error, path })))
    outgoing.end(JSON.stringify(adminRequest))
  })
  const answer = adminReplySchema.parse(JSON.parse(text))
  if (answer.ok) return answer.value
  throw new SequelaError(isErrorCode(answer.code) ? answer.code : 'internal', answer.message)
}

async function reply(body: string, answer: (request: AdminRequest) => Promise<unknown>): Promise<AdminReply> {
  try {
    const parsed = adminRequestSchema.safeParse(JSON.parse(body))
    if (!parsed.success) {
      throw new SequelaError('usage', parsed.error.issues.map((issue) => issue.message).join('; '))
    }
    return { ok: true, value: await answer(parsed.data) }
  } catch (error) {
    const { code, message } = SequelaError.from(error)
    return { ok: false, code, message }
  }
}

async function readBody(stream: AsyncIterable<unknown>, limit = maxAdminRequestBytes): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of stream) {
    if (!Buffer.isBuffer(part)) continue
    length += part.byteLength
    if (length > limit) throw new SequelaError('message_malformed', `a request may hold at most ${limit} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** Most bytes in the path of a Unix socket: 107 on Linux, 103 on macOS. */
const maxSocketPathBytes = 103

/** Listens at the first place that takes a socket; returns its path. */
async function listenPrivately(server: Server, home: CoordinatorHome): Promise<string> {
  const { uid } = userInfo()
  const name = await socketName(home)
  const inHome = join(await realpath(home.folder), basename(home.socketFolder))
  const inRuntime = join(process.env.XDG_RUNTIME_DIR || tmpdir(), `sequela-${uid}`)
  const isShort = Buffer.byteLength(join(inHome, name)) <= maxSocketPathBytes
  try {
    if (isShort) return await listenIn(inHome, name, { server, uid })
  } catch (error) {
    // Some disks, of a network or of another system, hold no sockets.
    if (error instanceof SequelaError) throw error
  }
  return listenIn(inRuntime, name, { server, uid })
}

async function listenIn(
  folder: string,
  name: string,
  { server, uid }: { readonly server: Server; readonly uid: number },
): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await requirePrivate(folder, uid)
  const path = join(folder, name)
  await rm(path, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  return path
}

/** The same whatever link leads to the home folder, and another in a copy of it. */
async function socketName({ folder }: CoordinatorHome): Promise<string> {
  return `${sha256(await realpath(folder)).slice(0, 24)}.sock`
}

/** Where the coordinator that serves, or served, says that its socket lies. */
async function namedSocketPath(home: CoordinatorHome): Promise<string> {
  const { adminSocketFile: note } = home
  let path: string | undefined
  try {
    path = (await readFile(note, 'utf8')).trim()
    // A copy of a home in use names the socket of another coordinator.
    if (basename(path) !== (await socketName(home))) throw noCoordinator(home)
    // Whoever may write in the home folder is trusted; whoever may write where the socket lies must be the same.
    await requirePrivate(dirname(path), (await lstat(note)).uid)
    return path
  } catch (cause) {
    if (cause instanceof SequelaError) throw cause
    const code = systemCode(cause)
    if (code === 'ENOENT') throw noCoordinator(home, { cause, path })
    const message = `${note} cannot be read (${code}); ask as the user that the coordinator runs as`
    throw new SequelaError('file_unreadable', message, { cause })
  }
}

async function requirePrivate(folder: string, uid: number): Promise<void> {
  const info = await lstat(folder)
  if (info.isDirectory() && info.uid === uid && (info.mode & 0o077) === 0) return
  throw new SequelaError(
    'file_unreadable',
    `${folder} must be a folder that only the user of the coordinator can open; remove it and start the coordinator again`,
  )
}

/** @param path where it should answer, where it once said so */
function noCoordinator(
  { folder }: CoordinatorHome,
  { cause, path }: { readonly cause?: unknown; readonly path?: string | undefined } = {},
): SequelaError {
  const nobody = path === undefined ? '' : `: nobody answers at ${path}`
  const isGone = path !== undefined && systemCode(cause) === 'ENOENT'
  const again = isGone ? 'if its process runs, its socket was removed, as at the end of a login: end it and ' : ''
  const message = `no coordinator serves from ${folder}${nobody}; ${again}start it with: coordinator serve --home ${folder}`
  return new SequelaError('unreachable', message, { cause })
}
