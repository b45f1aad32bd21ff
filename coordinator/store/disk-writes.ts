// Writing to a disk that may be full: all of the bytes, and want of room told apart from a disk that fails.

import type { FileHandle } from 'node:fs/promises'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { isDiskFull } from '../../shared/system-code.ts'

/** Writes all of the pieces, as a call may write less. */
export async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  let rest = pieces.filter((piece) => piece.byteLength > 0)
  while (rest.length > 0) {
    let { bytesWritten } = await handle.writev(rest)
    const left: Uint8Array[] = []
    for (const piece of rest) {
      const done = Math.min(bytesWritten, piece.byteLength)
      bytesWritten -= done
      if (done < piece.byteLength) left.push(piece.subarray(done))
    }
    rest = left
  }
}

/** Want of room is a refusal; any other failure of the disk is not, and stays as it is. */
export function inWords(error: unknown): unknown {
  if (!isDiskFull(error)) return error
  const message = 'the disk of the store is full; nothing was taken, try again'
  return new SequelaError('disk_full', message, { cause: error })
}
