// A scan's file on disk: its bytes, inflated within the limit that its own header sets.

import { type FileHandle, open } from 'node:fs/promises'
import { constants, gunzipSync } from 'node:zlib'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { describeForeignFile } from './file-kind.ts'
import { openNifti } from './nifti.ts'
import { parseNiftiHeader } from './nifti-header.ts'
import { type StoredVolume, toVolume, type Volume } from './volume.ts'

/** 512³ voxels of float64 and their header: the longest file that could be a scan. */
const mostFileBytes = 2 ** 30 + 2 ** 24
/** Enough compressed bytes for any header; they inflate to at most 8 MB (deflate's limit is 1,032 : 1). */
const headBytes = 8192

/** The file's content as it lies on disk. @throws SequelaError `scan_unreadable`; no sentence names the path. */
export async function readScanFile(path: string): Promise<Uint8Array> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const { size, isFile } = await handle.stat().then((stat) => ({ size: stat.size, isFile: stat.isFile() }))
    if (!isFile) throw unreadable('it is not a file')
    if (size > mostFileBytes) throw unreadable(`it has ${size} bytes; at most ${mostFileBytes} are read`)
    return await handle.readFile()
  } catch (cause) {
    if (cause instanceof SequelaError) throw cause
    const code = systemCode(cause)
    throw unreadable(`the file system answers ${code}; check that the file is there and may be read`)
  } finally {
    await handle?.close()
  }
}

/**
 * The volume in a file's content, NIfTI or gzipped NIfTI, axes in RAS order.
 * @throws SequelaError `scan_unreadable` or `scan_unsuitable`
 */
export function openScan(content: Uint8Array): StoredVolume {
  refuseForeign(content)
  if (content[0] !== 0x1f || content[1] !== 0x8b) return openNifti(content)
  const head = inflateHead(content)
  if (head.byteLength === 0) throw unreadable('its compression is damaged or cut off; copy the scan again')
  refuseForeign(head)
  const { fileBytes } = parseNiftiHeader(head)
  return openNifti(inflate(content, fileBytes))
}

/** The same with all of its voxels in memory. @throws SequelaError as above. */
export function decodeScan(content: Uint8Array): Volume {
  return toVolume(openScan(content))
}

function refuseForeign(bytes: Uint8Array): void {
  const reason = describeForeignFile(bytes)
  if (reason !== undefined) throw unreadable(reason)
}

function inflateHead(content: Uint8Array): Uint8Array {
  try {
    const prefix = content.subarray(0, gzipHeaderBytes(content) + headBytes)
    return gunzipSync(prefix, { finishFlush: constants.Z_SYNC_FLUSH })
  } catch (cause) {
    throw unreadable('its compression is damaged; copy the scan again', cause)
  }
}

/** Bytes before the compressed data: gzip may carry an extra field, a name and a comment of any length (RFC 1952, 2.3). */
function gzipHeaderBytes(content: Uint8Array): number {
  const [hasExtra, hasName, hasComment] = [0x04, 0x08, 0x10].map((flag) => ((content[3] ?? 0) & flag) !== 0)
  let length = 10
  if (hasExtra) length += 2 + (content[length] ?? 0) + 256 * (content[length + 1] ?? 0)
  for (const present of [hasName, hasComment]) {
    if (!present) continue
    const end = content.indexOf(0, length)
    if (end < 0) return content.byteLength
    length = end + 1
  }
  return length
}

function inflate(content: Uint8Array, fileBytes: number): Uint8Array {
  try {
    // One piece for the whole file saves putting many together; deflate cannot give more than 1,032 bytes for one.
    const chunkSize = Math.max(64, Math.min(fileBytes + 1, content.byteLength * 1032))
    return gunzipSync(content, { maxOutputLength: fileBytes, chunkSize })
  } catch (cause) {
    if (cause instanceof RangeError) throw unreadable('it inflates to more than its header describes', cause)
    throw unreadable('its compression is damaged or cut off; copy the scan again', cause)
  }
}

function unreadable(reason: string, cause?: unknown): SequelaError {
  return new SequelaError('scan_unreadable', `The scan cannot be read: ${reason}.`, { cause })
}
