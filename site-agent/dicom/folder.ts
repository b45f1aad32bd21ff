// A folder tree of DICOM files as a PACS exports it: named by nobody, in folders of any depth, viewers and text files
// between them. Links are not followed: a folder to import must not lead through the rest of the machine.

import { opendir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { readHeaderFile } from './header-file.ts'
import { maxDepth, maxFileBytes, maxFiles } from './limits.ts'
import type { Located } from './stacks.ts'

export interface ScannedFolder {
  readonly images: readonly Located[]
  /** Files that are no DICOM at all. */
  readonly foreign: number
  /** Copies of files that are there already, byte for byte. */
  readonly copies: number
  /** Reasons why DICOM files could not be read, each with how many. */
  readonly unreadable: ReadonlyMap<string, number>
  /** Whole series, or studies, of which nothing could be read, where they are asked for one by one. */
  readonly unreadableSeries: readonly UnreadableSeries[]
}

/** A series as a PACS lists it, or a study, which has no number. */
export interface UnreadableSeries {
  readonly patientId: string | undefined
  /** Real, so not for showing. */
  readonly day: number | undefined
  readonly seriesNumber: number | undefined
  readonly images: number | undefined
  readonly reason: string
  /** Whether it may be read another time. */
  readonly missed: boolean
}

/**
 * Reads the headers of all files below `root`.
 * @throws SequelaError `file_unreadable` when the folder cannot be read, `cancelled`
 */
export async function scanFolder(
  root: string,
  options: { readonly signal?: AbortSignal; readonly onProgress?: (files: number) => void } = {},
): Promise<ScannedFolder> {
  const images: Located[] = []
  const unreadable = new Map<string, number>()
  const firstFiles = new Map<string, string>()
  let [files, foreign, copies] = [0, 0, 0]
  for await (const file of filesBelow(root, 0)) {
    options.signal?.throwIfAborted()
    if (++files > maxFiles) throw new SequelaError('file_unreadable', `the folder holds more than ${maxFiles} files`)
    options.onProgress?.(files)
    try {
      const instance = await readHeaderFile(file)
      if (instance === undefined) {
        foreign++
        continue
      }
      const { sopUid } = instance.identifiers
      const first = firstFiles.get(sopUid)
      if (first === undefined) firstFiles.set(sopUid, file)
      if (first !== undefined && (await sameBytes(first, file))) copies++
      else images.push({ instance, file })
    } catch (error) {
      if (!(error instanceof SequelaError)) throw error
      unreadable.set(error.message, (unreadable.get(error.message) ?? 0) + 1)
    }
  }
  return { images, foreign, copies, unreadable, unreadableSeries: [] }
}

async function sameBytes(a: string, b: string): Promise<boolean> {
  const [sizeA, sizeB] = [(await stat(a)).size, (await stat(b)).size]
  return sizeA === sizeB && sizeA <= maxFileBytes && (await readFile(a)).equals(await readFile(b))
}

async function* filesBelow(folder: string, depth: number): AsyncGenerator<string> {
  if (depth > maxDepth) throw new SequelaError('file_unreadable', `folders lie more than ${maxDepth} deep`)
  const entries = await opendir(folder).catch((cause: unknown) => {
    // The folder's own name may be a patient's.
    const which = depth === 0 ? folder : 'a folder below it'
    throw new SequelaError('file_unreadable', `${which} cannot be read (${systemCode(cause)})`, { cause })
  })
  for await (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesBelow(path, depth + 1)
    else if (entry.isFile()) yield path
  }
}
