import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DownloadWeightsResponse, UploadUpdateRequest } from '../gen/sequela/v1/federation.ts'
import { allocateChunk, encodeDownloadResponse, encodeUploadRequest } from './chunk-codec.ts'

const chunk = fc.option(
  fc.record({ offset: fc.bigInt({ min: 0n, max: 2n ** 63n }), data: fc.uint8Array({ maxLength: 300 }) }),
  { nil: undefined },
)

describe('messages that carry a chunk', () => {
  test('have the bytes that the generated code would give an upload', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), chunk, (assignmentId, updateDigest, piece) => {
        const message = {
          assignmentId: assignmentId.toWellFormed(),
          updateDigest: updateDigest.toWellFormed(),
          chunk: piece,
        }
        expect(encodeUploadRequest(message)).toEqual(Buffer.from(UploadUpdateRequest.encode(message).finish()))
      }),
    )
  })

  test('have the bytes that the generated code would give a download', () => {
    fc.assert(
      fc.property(chunk, (piece) => {
        const message = { chunk: piece }
        expect(encodeDownloadResponse(message)).toEqual(Buffer.from(DownloadWeightsResponse.encode(message).finish()))
      }),
    )
  })

  test('have the same bytes when they are written around a chunk in its own memory', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), chunk, (assignmentId, piece) => {
        const data = allocateChunk(piece?.data.byteLength ?? 0)
        data.set(piece?.data ?? [])
        const message = {
          assignmentId: assignmentId.toWellFormed(),
          updateDigest: 'd',
          chunk: { offset: piece?.offset ?? 0n, data },
        }
        const expected = Buffer.from(UploadUpdateRequest.encode(message).finish())
        const written = encodeUploadRequest(message)
        expect(written).toEqual(expected)
        expect(Buffer.from(data)).toEqual(Buffer.from(piece?.data ?? []))
      }),
    )
  })
})
