// The admin socket: a Unix socket that only the user who runs the coordinator can open. It lies in that user's runtime
// folder, not in the home folder, because the path of a Unix socket may have only about 100 characters.

import { chmod, lstat, mkdir, rm } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '../../shared/digest.ts'
import { isErrorCode, SequelaError } from '../../shared/protocol/errors.ts'
import type { CoordinatorHome } from '../home.ts'
import {
  type AdminReply,
  type AdminRequest,
  adminReplySchema,
  adminRequestSchema,
  maxAdminRequestBytes,
} from './requests.ts'

/** Answers admin requests until closed. Call it only with the store's lock held: it replaces a socket left behind. */
export async function serveAdminSocket(
  home: CoordinatorHome,
  answer: (request: AdminRequest) => Promise<unknown>,
): Promise<{ close(): Promise<void> }> {
  const path = await socketPath(home)
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
  await chmod(path, 0o600)
  return {
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await rm(path, { force: true })
    },
  }
}

/**
 * Asks the coordinator that serves from `home`.
 * @throws SequelaError `unreachable` when none does, else what the coordinator refused with.
 */
export async function askCoordinator(home: CoordinatorHome, adminRequest: AdminRequest): Promise<unknown> {
  const path = await socketPath(home)
  const text = await new Promise<string>((resolve, reject) => {
    const outgoing = request({ socketPath: path, method: 'POST', path: '/' }, (incoming) => {
      readBody(incoming, Number.POSITIVE_INFINITY).then(resolve, reject)
    })
    outgoing.once('error', (error) => {
      const message = `no coordinator serves from ${home.folder}; start it with: coordinator serve --home ${home.folder}`
      reject(new SequelaError('unreachable', message, { cause: error }))
    })
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

async function socketPath(home: CoordinatorHome): Promise<string> {
  const { uid } = userInfo()
  const folder = join(process.env.XDG_RUNTIME_DIR ?? tmpdir(), `sequela-${uid}`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const info = await lstat(folder)
  if (!info.isDirectory() || info.uid !== uid || (info.mode & 0o077) !== 0) {
    throw new SequelaError(
      'file_unreadable',
      `${folder} must be a folder that only this user can open; remove it and try again`,
    )
  }
  return join(folder, `${sha256(home.folder).slice(0, 24)}.sock`)
}
