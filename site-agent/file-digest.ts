// The SHA-256 of a file, without holding it in memory.

import { createReadStream } from 'node:fs'
import { createDigester, type Digest } from '../shared/digest.ts'

/** @throws the file system's error when the file cannot be read. */
export async function digestOfFile(file: string): Promise<Digest> {
  const digester = createDigester()
  for await (const piece of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    if (Buffer.isBuffer(piece)) digester.update(piece)
  }
  return digester.digest()
}
