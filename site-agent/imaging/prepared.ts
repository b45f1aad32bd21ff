// Prepared volumes on disk, so that each scan is read, checked and resampled once in its life. The folder holds only
// what can be made again: it may be deleted at any time, and an entry that is not what was written is made anew.

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type Digest, parseDigest, sha256 } from '../../shared/digest.ts'
import { writeCacheFile } from '../cache-file.ts'
import { joinedVolumes } from './joined-volumes.ts'
import { keptBrains } from './kept-brains.ts'
import { readJson } from './kept-json.ts'
import { keptRegistrations } from './kept-registrations.ts'
import { createPreparationPool, type PreparationPool } from './preparation-pool.ts'
import { createRecipe, type PreparedVoxels, type RecipeOptions } from './recipe.ts'
import { inTemplateSpace, type Registration } from './register.ts'
import { readScanFile } from './scan-file.ts'

export interface PreparedOptions extends RecipeOptions {
  /** Made when missing. */
  readonly folder: string
  /** Preparation processes at once, where scans are registered. */
  readonly processes: number
}

export interface PreparedVolume {
  /** Raw float32, little-endian, [depth, height, width]; 0 is background. */
  readonly file: string
  /** The scan's own file. */
  readonly path: string
  /** Of the scan's file as it lies on disk: equal for copies of one scan. */
  readonly contentDigest: Digest
  readonly registration: Registration
  readonly quality: {
    /** Overlap of the brain mask on the grid with the template's. */
    readonly dice: number
    /** Of a mask by network: overlap of what it found with the template's brain, stretched to this head. */
    readonly agreement?: number | undefined
  }
  /** Of a mask by network: the file with what it found (kept-brains.ts). */
  readonly brainFile?: string
}

export interface PreparedVolumes {
  /**
   * The prepared volume of a scan, from the cache where its content is known.
   * @param reference a scan of the same child that is prepared, to which this one is registered; absent for the first
   * @throws SequelaError `scan_unreadable` or `scan_unsuitable` with the reason and without the path; `disk_full` or
   * `file_unreadable` when the cache cannot be written.
   */
  prepare(path: string, reference?: PreparedVolume): Promise<PreparedVolume>
  /** Puts the prepared images of a visit into one file, in order, noughts for those that are missing. @throws as `prepare` */
  join(images: readonly (PreparedVolume | undefined)[]): Promise<string>
  /** Ends the processes behind it, if there are any. */
  close(): Promise<void>
}

const digestSchema = z.string().transform((text) => parseDigest(text))
/** What is known of a prepared block, in a file beside it. */
const noteSchema = z.strictObject({
  blockDigest: digestSchema,
  dice: z.number().min(0).max(1),
  agreement: z.number().min(0).max(1).optional(),
})
/** What a path held when it was last read; the same stamp means the same content. */
const sightingSchema = z.strictObject({ stamp: z.string(), contentDigest: digestSchema })

/** @throws SequelaError `file_unreadable` when the template's map is missing. */
export function createPreparedVolumes(options: PreparedOptions): PreparedVolumes {
  const { folder } = options
  const recipe = createRecipe(options)
  const sightings = join(folder, 'sightings')

  const registrations = keptRegistrations({ folder, template: options.template, write: writeCacheFile })
  const { brainNetwork } = options
  const brains = brainNetwork && keptBrains({ folder, network: brainNetwork.digest, write: writeCacheFile })
  let pool: PreparationPool | undefined

  const find = async (
    path: string,
    contentDigest: Digest,
    registration: Registration | undefined,
  ): Promise<PreparedVolume | undefined> => {
    if (registration === undefined) return undefined
    const { file, noteFile } = placeOf(contentDigest, registration)
    const note = await readJson(noteFile, noteSchema)
    const block = note && (await readFile(file).catch(() => undefined))
    if (block === undefined || sha256(block) !== note?.blockDigest) return undefined
    if (brains !== undefined && (await brains.find(contentDigest, registration)) === undefined) return undefined
    const { dice, agreement } = note
    return preparedVolume({ file, path, contentDigest, registration, quality: { dice, agreement } })
  }

  const preparedVolume = (volume: Omit<PreparedVolume, 'brainFile'>): PreparedVolume => {
    const { contentDigest, registration } = volume
    return brains === undefined ? volume : { ...volume, brainFile: brains.fileOf(contentDigest, registration) }
  }

  const keep = async (
    path: string,
    contentDigest: Digest,
    registration: Registration,
    { voxels, dice, agreement }: PreparedVoxels,
  ): Promise<PreparedVolume> => {
    const { file, noteFile } = placeOf(contentDigest, registration)
    const block = new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength)
    await writeCacheFile(file, block)
    await writeCacheFile(noteFile, JSON.stringify({ blockDigest: sha256(block), dice, agreement }))
    return preparedVolume({ file, path, contentDigest, registration, quality: { dice, agreement } })
  }

  const placeOf = (contentDigest: Digest, { templateToScan, fitted }: Registration) => {
    const motion = registers ? [JSON.stringify({ templateToScan, fitted })] : []
    const key = sha256([contentDigest, recipe.digest, ...motion].join('/'))
    return { file: join(folder, `${key}.f32`), noteFile: join(folder, `${key}.json`) }
  }

  const registers = options.registration === 'rigid'
  const knownRegistration = (content: Digest, reference?: PreparedVolume): Promise<Registration | undefined> =>
    registers ? registrations.find(content, reference) : Promise.resolve(inTemplateSpace)

  const make = async (path: string, content: Uint8Array, reference?: PreparedVolume): Promise<PreparedVolume> => {
    const contentDigest = sha256(content)
    const known = await knownRegistration(contentDigest, reference)
    const kept = await find(path, contentDigest, known)
    if (kept !== undefined) return kept
    if (!registers && brains === undefined) return keep(path, contentDigest, inTemplateSpace, recipe.prepare(content))
    const brain = known && (await brains?.find(contentDigest, known))
    pool ??= createPreparationPool({ recipe: options, processes: options.processes })
    const {
      registration,
      brain: found,
      ...voxels
    } = await pool.prepare({
      scan: { path, contentDigest },
      ...(reference === undefined ? {} : { reference }),
      ...(known === undefined ? {} : { registration: known }),
      ...(brain === undefined ? {} : { brain }),
    })
    if (known === undefined) await registrations.keep(contentDigest, reference, registration)
    if (brain === undefined && found !== undefined) await brains?.keep(contentDigest, registration, found)
    return keep(path, contentDigest, registration, voxels)
  }

  return {
    prepare: async (path, reference) => {
      const sightingFile = join(sightings, `${sha256(path)}.json`)
      const stamp = await stampOf(path)
      const sighting = await readJson(sightingFile, sightingSchema)
      if (stamp !== undefined && sighting?.stamp === stamp) {
        const { contentDigest } = sighting
        const kept = await find(path, contentDigest, await knownRegistration(contentDigest, reference))
        if (kept !== undefined) return kept
      }
      const prepared = await make(path, await readScanFile(path), reference)
      if (stamp !== undefined)
        await writeCacheFile(sightingFile, JSON.stringify({ stamp, contentDigest: prepared.contentDigest }))
      return prepared
    },
    join: joinedVolumes({ folder, grid: options.grid, write: writeCacheFile }),
    close: async () => pool?.close(),
  }
}

/** Changes whenever the file is written, replaced or renamed over; taken before reading, so a late change is seen. */
async function stampOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found && [found.size, found.mtimeNs, found.ctimeNs, found.ino].join('/')
}
