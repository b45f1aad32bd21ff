// Arrays of numbers that a site has computed of its scans, made ready for training: checked, and each brought to mean 0 and standard
// deviation 1, so that no encoder's scale decides how fast a study learns.

import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { writeCacheFile } from '../cache-file.ts'
import { parseNpy, unsuitable } from './npy.ts'

/** 16,384 numbers of float64 with a header that has room for remarks. */
const mostFileBytes = 2 ** 18

export interface PreparedArray {
  /** Raw float32, little-endian. */
  readonly file: string
  /** Of the array's file as it lies on disk: equal for copies of one. */
  readonly contentDigest: Digest
}

export interface PreparedArrays {
  /**
   * The prepared array of a visit.
   * @throws SequelaError `scan_unreadable` or `scan_unsuitable` with the reason and without the path; `disk_full` or
   *   `file_unreadable` when the cache cannot be written
   */
  prepare(path: string): Promise<PreparedArray>
  close(): Promise<void>
}

/** @param folder of the cache, made when missing @param length numbers that the study's arrays have */
export function createPreparedArrays({
  folder,
  length,
}: {
  readonly folder: string
  readonly length: number
}): PreparedArrays {
  return {
    prepare: async (path) => {
      const content = await readArrayFile(path)
      const contentDigest = sha256(content)
      const block = new Uint8Array(standardised(parseNpy(content), length).buffer)
      const file = join(folder, `${sha256(`array/${contentDigest}`)}.f32`)
      // So small that it is made anew each time; written only where it is not there as it should be.
      const kept = await readFile(file).catch(() => undefined)
      if (kept === undefined || !kept.equals(block)) await writeCacheFile(file, block)
      return { file, contentDigest }
    },
    close: async () => {},
  }
}

function standardised(values: Float32Array, length: number): Float32Array {
  if (values.length !== length) throw unsuitable(`it has ${values.length} numbers, and the study asks for ${length}`)
  if (!values.every(Number.isFinite)) throw unsuitable('it holds numbers that are not finite')
  const mean = values.reduce((sum, value) => sum + value, 0) / length
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length)
  if (!(deviation > 1e-6 * Math.max(1e-6, Math.abs(mean)))) throw unsuitable('all of its numbers are the same')
  return values.map((value) => (value - mean) / deviation)
}

async function readArrayFile(path: string): Promise<Uint8Array> {
  try {
    const handle = await open(path, 'r')
    try {
      const found = await handle.stat()
      if (!found.isFile()) throw new SequelaError('scan_unreadable', 'it is not a file.')
      if (found.size > mostFileBytes)
        throw unsuitable(`it has ${found.size} bytes, more than any array that a study takes`)
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (cause) {
    if (cause instanceof SequelaError) throw cause
    const reason = `the file system answers ${systemCode(cause)}; check that the file is there and may be read.`
    throw new SequelaError('scan_unreadable', reason)
  }
}
