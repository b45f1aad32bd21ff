// Gzip files of one length for all scans of a scanner. A head that grows compresses into more bytes, so plain gzip
// would give away the order of visits by the size of the files in four pairs of five. The gap is filled with a comment
// in the gzip header (RFC 1952, section 2.3), which readers skip.

import { gzipSync } from 'node:zlib'

const headerBytes = 10
const flagsAt = 3
const commentFlag = 0x10
const step = 65_536

/**
 * Compresses `bytes` to two fifths of their length (a synthetic scan needs about a quarter); should that not do, to
 * as many steps of 64 KiB more as it takes.
 */
export function evenGzip(bytes: Uint8Array): Uint8Array {
  const compressed = gzipSync(bytes, { level: 1 })
  let length = Math.ceil(bytes.length * 0.4)
  while (length <= compressed.length) length += step
  const header = Buffer.from(compressed.subarray(0, headerBytes))
  header[flagsAt] = commentFlag
  const comment = Buffer.alloc(length - compressed.length, ' ')
  comment[comment.length - 1] = 0
  return Buffer.concat([header, comment, compressed.subarray(headerBytes)])
}
