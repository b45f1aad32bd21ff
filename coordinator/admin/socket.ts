// The admin socket: a Unix socket that only the user who runs the coordinator can open. It lies in that user's runtime
// folder, not in the home folder, because the path of a Unix socket may have only about 100 characters. The home folder
// says where: a service and a login shell of the same user have other runtime folders.

import { chmod, lstat, mkdir, readFile, realpath, rm } from 'node:fs/promises'
import { createServer, request } from 'node:http'
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
  const path = await newSocketPath(home)
  await rm(path, { force: true })
  const server = createServer((incoming, outgoing) => {
    readBody(incoming)
      .then((body) => reply(body, answer))
      .then((value) => outgoing.end(JSON.stringify(value)))
      .catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
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

async function newSocketPath(home: CoordinatorHome): Promise<string> {
  const { uid } = userInfo()
  const folder = join(process.env.XDG_RUNTIME_DIR || tmpdir(), `sequela-${uid}`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await requirePrivate(folder, uid)
  return join(folder, await socketName(home))
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
  const message = `no coordinator serves from ${folder}${nobody}; start it with: coordinator serve --home ${folder}`
  return new SequelaError('unreachable', message, { cause })
}
