// Prepared volumes on disk, so that each scan is read, checked and resampled once in its life. The folder holds only
// what can be made again: it may be deleted at any time, and an entry that is not what was written is made anew.

import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type Digest, parseDigest, sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { createRecipe, type RecipeOptions } from './recipe.ts'
import { readScanFile } from './scan-file.ts'

export interface PreparedOptions extends RecipeOptions {
  /** Made when missing. */
  readonly folder: string
}

interface PreparedVolume {
  /** Raw float32, little-endian, [depth, height, width]; 0 is background. */
  readonly file: string
  /** Of the scan's file as it lies on disk: equal for copies of one scan. */
  readonly contentDigest: Digest
  readonly quality: { readonly dice: number }
}

export interface PreparedVolumes {
  /**
   * The prepared volume of a scan, from the cache where its content is known.
   * @throws SequelaError `scan_unreadable` or `scan_unsuitable` with the reason and without the path; `disk_full` or
   * `file_unreadable` when the cache cannot be written.
   */
  prepare(path: string): Promise<PreparedVolume>
}

const digestSchema = z.string().transform((text) => parseDigest(text))
/** What is known of a prepared block, in a file beside it. */
const noteSchema = z.strictObject({ blockDigest: digestSchema, dice: z.number().min(0).max(1) })
/** What a path held when it was last read; the same stamp means the same content. */
const sightingSchema = z.strictObject({ stamp: z.string(), contentDigest: digestSchema })

/** Numbers the files written aside, over all caches of this process. */
let written = 0

/** @throws SequelaError `file_unreadable` when the template's map is missing. */
export function createPreparedVolumes(options: PreparedOptions): PreparedVolumes {
  const { folder } = options
  const recipe = createRecipe(options)
  const sightings = join(folder, 'sightings')

  /** Written aside and renamed, so that nobody reads half of it. A torn file after a power cut fails its digest. */
  const write = async (file: string, content: string | Uint8Array): Promise<void> => {
    const aside = `${file}.${process.pid}.${written++}.tmp`
    try {
      await mkdir(sightings, { recursive: true, mode: 0o700 })
      await writeFile(aside, content, { mode: 0o600 })
      await rename(aside, file)
    } catch (cause) {
      await rm(aside, { force: true }).catch(() => undefined)
      throw cacheError(cause)
    }
  }

  const find = async (contentDigest: Digest): Promise<PreparedVolume | undefined> => {
    const { file, noteFile } = placeOf(contentDigest)
    const note = await readJson(noteFile, noteSchema)
    const block = note && (await readFile(file).catch(() => undefined))
    if (block === undefined || sha256(block) !== note?.blockDigest) return undefined
    return { file, contentDigest, quality: { dice: note.dice } }
  }

  const make = async (content: Uint8Array, contentDigest: Digest): Promise<PreparedVolume> => {
    const { file, noteFile } = placeOf(contentDigest)
    const { voxels, dice } = recipe.prepare(content)
    const block = new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength)
    await write(file, block)
    await write(noteFile, JSON.stringify({ blockDigest: sha256(block), dice }))
    return { file, contentDigest, quality: { dice } }
  }

  const placeOf = (contentDigest: Digest) => {
    const key = sha256(`${contentDigest}/${recipe.digest}`)
    return { file: join(folder, `${key}.f32`), noteFile: join(folder, `${key}.json`) }
  }

  return {
    prepare: async (path) => {
      const sightingFile = join(sightings, `${sha256(path)}.json`)
      const stamp = await stampOf(path)
      const sighting = await readJson(sightingFile, sightingSchema)
      if (stamp !== undefined && sighting?.stamp === stamp) {
        const known = await find(sighting.contentDigest)
        if (known !== undefined) return known
      }
      const content = await readScanFile(path)
      const contentDigest = sha256(content)
      const prepared = (await find(contentDigest)) ?? (await make(content, contentDigest))
      if (stamp !== undefined) await write(sightingFile, JSON.stringify({ stamp, contentDigest }))
      return prepared
    },
  }
}

/** Changes whenever the file is written, replaced or renamed over; taken before reading, so a late change is seen. */
async function stampOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found && [found.size, found.mtimeNs, found.ctimeNs, found.ino].join('/')
}

/** The file's value, or undefined when it is missing or not what was written. */
async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return undefined
  }
}

function cacheError(cause: unknown): SequelaError {
  const code = systemCode(cause)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SequelaError(
      'disk_full',
      'There is no room for prepared scans; free space on the disk of the site folder.',
    )
  }
  return new SequelaError('file_unreadable', `The folder of prepared scans cannot be written (${code}).`, { cause })
}
