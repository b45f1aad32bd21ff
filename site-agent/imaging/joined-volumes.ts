// A visit of several sequences on disk as training reads it: their prepared volumes one after the other in one file, noughts
// for a sequence that is missing. Like all of the cache it can be made again, from the volumes that it is made of.

import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { parseDigest, sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { readJson } from './kept-json.ts'

export interface JoinedVolumesOptions {
  readonly folder: string
  /** Voxels [depth, height, width] of one volume. */
  readonly grid: readonly [number, number, number]
  readonly write: (file: string, content: string | Uint8Array) => Promise<void>
}

/** The file of a prepared volume, which is named by what it holds and how that was made. */
interface Prepared {
  readonly file: string
}

/** In order; at least one is there. @returns the file: raw float32, little-endian, [sequence, depth, height, width] */
type JoinVolumes = (volumes: readonly (Prepared | undefined)[]) => Promise<string>

const noteSchema = z.strictObject({ blockDigest: z.string().transform((text) => parseDigest(text)) })

export function joinedVolumes({ folder, grid, write }: JoinedVolumesOptions): JoinVolumes {
  const byteLength = 4 * grid[0] * grid[1] * grid[2]
  return async (volumes) => {
    const key = sha256(['joined', ...volumes.map((volume) => (volume ? basename(volume.file) : 'missing'))].join('/'))
    const [file, noteFile] = [join(folder, `${key}.f32`), join(folder, `${key}.json`)]
    const note = await readJson(noteFile, noteSchema)
    const kept = note && (await readFile(file).catch(() => undefined))
    if (kept !== undefined && sha256(kept) === note?.blockDigest) return file
    const joined = new Uint8Array(byteLength * volumes.length)
    for (const [at, volume] of volumes.entries()) {
      if (volume !== undefined) joined.set(await readFile(volume.file).catch(unreadable), at * byteLength)
    }
    await write(file, joined)
    await write(noteFile, JSON.stringify({ blockDigest: sha256(joined) }))
    return file
  }
}

function unreadable(cause: unknown): never {
  const message = `The folder of prepared scans cannot be read (${systemCode(cause)}).`
  throw new SequelaError('file_unreadable', message, { cause })
}
