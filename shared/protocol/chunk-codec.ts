// How messages that carry a chunk are written: around the chunk, without copying it, where it came from `allocateChunk`,
// else with one copy. The generated code would copy a chunk twice.
// Reading is left to the generated code, whose `data` is a view on the message that was received.

import { BinaryWriter } from '@bufbuild/protobuf/wire'
import type { DownloadWeightsResponse, UploadUpdateRequest } from '../gen/sequela/v1/federation.ts'
import type { Chunk } from '../gen/sequela/v1/weights.ts'

/** Field numbers and wire types as in weights.proto and federation.proto; a test compares with the generated code. */
const tags = {
  uploadAssignmentId: 0x0a,
  uploadDigest: 0x12,
  uploadChunk: 0x1a,
  downloadChunk: 0x0a,
  offset: 0x08,
  data: 0x12,
}

/** Room before a chunk for the rest of its message: names of 150 bytes and a few tags and lengths. */
const headroomBytes = 256

const roomy = new WeakSet<Uint8Array>()

/** Memory for one chunk, to be filled whole, with room before it: encoding uses that, so encode such a chunk only once. */
export function allocateChunk(byteLength: number): Uint8Array<ArrayBuffer> {
  const data = Buffer.allocUnsafeSlow(headroomBytes + byteLength).subarray(headroomBytes)
  roomy.add(data)
  return data
}

export function encodeUploadRequest(message: UploadUpdateRequest): Buffer {
  const head = new BinaryWriter()
  if (message.assignmentId !== '') head.uint32(tags.uploadAssignmentId).string(message.assignmentId)
  if (message.updateDigest !== '') head.uint32(tags.uploadDigest).string(message.updateDigest)
  return withChunk(head, tags.uploadChunk, message.chunk)
}

export function encodeDownloadResponse(message: DownloadWeightsResponse): Buffer {
  return withChunk(new BinaryWriter(), tags.downloadChunk, message.chunk)
}

function withChunk(head: BinaryWriter, tag: number, chunk: Chunk | undefined): Buffer {
  if (chunk === undefined) return Buffer.from(head.finish())
  const inner = new BinaryWriter()
  if (chunk.offset !== 0n) inner.uint32(tags.offset).uint64(chunk.offset)
  if (chunk.data.byteLength > 0) inner.uint32(tags.data).uint32(chunk.data.byteLength)
  const innerBytes = inner.finish()
  const headBytes = head
    .uint32(tag)
    .uint32(innerBytes.byteLength + chunk.data.byteLength)
    .finish()
  const before = headBytes.byteLength + innerBytes.byteLength
  const inPlace = roomy.has(chunk.data) && before <= headroomBytes
  const message = inPlace
    ? Buffer.from(chunk.data.buffer, chunk.data.byteOffset - before, before + chunk.data.byteLength)
    : Buffer.allocUnsafe(before + chunk.data.byteLength)
  message.set(headBytes, 0)
  message.set(innerBytes, headBytes.byteLength)
  if (!inPlace) message.set(chunk.data, before)
  return message
}
