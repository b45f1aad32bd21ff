// Sealed updates that wait to be delivered. They survive a restart or a reboot, so that no training is ever repeated
// because a line was down. One folder an update: the bytes and, written last, what is announced with them.

import { mkdir, readdir, readFile, rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type Digest, parseDigest, sha256 } from '../shared/digest.ts'
import { type AssignmentKey, formatAssignmentId } from '../shared/protocol/assignment-id.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { isMetricName } from '../shared/study/metrics.ts'
import { systemCode } from '../shared/system-code.ts'
import { syncFolder, writeFileDurably } from './durable-file.ts'
import type { SealedUpdate } from './egress.ts'
import { digestOfFile } from './file-digest.ts'

/** A sealed update on disk; `file` holds the bytes. */
export interface SpooledUpdate extends Omit<SealedUpdate, 'content'> {
  readonly file: string
}

export interface Spool {
  /**
   * Before an update of so many bytes is made, which may take hours.
   * @throws SequelaError `disk_full` when there is no room to keep it.
   */
  requireRoom(byteLength: number): Promise<void>
  /** Keeps the update; on return it survives a power cut. */
  put(update: SealedUpdate): Promise<SpooledUpdate>
  /** The update kept for an assignment, if there is a whole one that starts from `baseDigest`. @throws SequelaError `file_unreadable`. */
  find(assignment: AssignmentKey, baseDigest: Digest): Promise<SpooledUpdate | undefined>
  /** All whole ones. @throws SequelaError `file_unreadable`. */
  list(): Promise<readonly SpooledUpdate[]>
  remove(update: SpooledUpdate): Promise<void>
  /**
   * Removes what is no whole update, as a power cut leaves it. Only while nothing is being put.
   * @throws SequelaError `file_unreadable` where the system does not let an update be read, which is no reason to remove it.
   */
  removeTorn(): Promise<void>
}

const digestSchema = z.string().transform((text) => parseDigest(text))

const noteSchema = z.object({
  assignment: z.object({ studyDigest: digestSchema, stage: z.int(), round: z.int() }),
  baseDigest: digestSchema,
  updateDigest: digestSchema,
  byteLength: z.int(),
  children: z.int(),
  updateNorm: z.number(),
  metrics: z.array(
    z.object({ name: z.string().refine(isMetricName), sum: z.number(), count: z.number(), children: z.int() }),
  ),
})

const noteName = 'update.json'
const contentName = 'update.safetensors'

/** Room that the other things written in a round take: records, notes, values that stay at the site. */
const roomBesideBytes = 16 * 2 ** 20

/** @param freeBytes how much room a folder's disk has; a parameter so that a full one can be tested */
export function createSpool(folder: string, freeBytes: (folder: string) => Promise<number> = freeBytesOf): Spool {
  const read = async (entry: string): Promise<SpooledUpdate | undefined> => {
    const note = await readFile(join(folder, entry, noteName), 'utf8').catch(orMissing)
    if (note === undefined) return undefined
    const parsed = noteSchema.safeParse(jsonOf(note))
    if (!parsed.success) return undefined
    const file = join(folder, entry, contentName)
    // What was sealed and recorded leaves, and no other bytes.
    const isWhole = (await digestOfFile(file).catch(orMissing)) === parsed.data.updateDigest
    return isWhole ? { ...parsed.data, file } : undefined
  }

  return {
    requireRoom: async (byteLength) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const needed = byteLength + roomBesideBytes
      if ((await freeBytes(folder)) >= needed) return
      const megabytes = Math.ceil(needed / 2 ** 20)
      throw new SequelaError('disk_full', `there is no room for an update in ${folder}; make ${megabytes} MiB`)
    },

    put: async (update) => {
      const entry = entryOf(update.assignment)
      const aside = join(folder, `${entry}.tmp`)
      await rm(aside, { recursive: true, force: true })
      await mkdir(aside, { recursive: true, mode: 0o700 })
      const { content, ...note } = update
      await writeFileDurably(join(aside, contentName), content)
      await writeFileDurably(join(aside, noteName), JSON.stringify(note))
      await rm(join(folder, entry), { recursive: true, force: true })
      await rename(aside, join(folder, entry))
      await syncFolder(folder)
      return { ...note, file: join(folder, entry, contentName) }
    },

    find: async (assignment, baseDigest) => {
      const update = await read(entryOf(assignment))
      return update?.baseDigest === baseDigest ? update : undefined
    },

    list: async () => {
      const entries = await readdir(folder).catch(() => [])
      const updates = await Promise.all(entries.filter((entry) => !entry.endsWith('.tmp')).map(read))
      return updates.filter((update) => update !== undefined)
    },

    remove: async (update) => {
      await rm(join(folder, entryOf(update.assignment)), { recursive: true, force: true })
    },

    removeTorn: async () => {
      for (const entry of await readdir(folder).catch(() => [])) {
        const isTorn = entry.endsWith('.tmp') || (await read(entry)) === undefined
        if (isTorn) await rm(join(folder, entry), { recursive: true, force: true })
      }
    },
  }
}

/** What a user who is not the superuser may fill. */
async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

function entryOf(assignment: AssignmentKey): string {
  return sha256(formatAssignmentId(assignment)).slice(0, 32)
}

/** Nothing for what is not there, a refusal for what cannot be read. */
function orMissing(cause: unknown): undefined {
  const code = systemCode(cause)
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
  const message = `an update that waits in the spool cannot be read (${code}); the agent must run as the user that owns its home, on a sound disk`
  throw new SequelaError('file_unreadable', message, { cause })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
