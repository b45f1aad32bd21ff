import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DownloadWeightsResponse, UploadUpdateRequest } from '../gen/sequela/v1/federation.ts'
import { encodeDownloadResponse, encodeUploadRequest } from './chunk-codec.ts'

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
})
