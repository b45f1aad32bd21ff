import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boundaryOf, partsOf } from './multipart.ts'
import { PassingFault } from './pacs-connection.ts'

const limits = { maxPartBytes: 1000, maxParts: 10 }

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? bytes.length
    yield bytes.subarray(at, at + size)
    at += size
  }
}

function bodyOf(parts: readonly Uint8Array[], boundary: string, end = `--${boundary}--\r\n`): Buffer {
  const each = parts.flatMap((part) => [
    Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`),
    part,
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...each, Buffer.from(end)])
}

async function partsIn(body: Uint8Array, sizes: readonly number[] = [7], own = limits): Promise<Buffer[]> {
  const found: Buffer[] = []
  for await (const part of partsOf(pieces(body, sizes), 'b0', own)) found.push(Buffer.from(part))
  return found
}

describe('a multipart body', () => {
  test('gives its parts however it is cut into pieces', async () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).filter((part) => !Buffer.from(part).includes('\r\n--b0'))
    await fc.assert(
      fc.asyncProperty(
        fc.array(bytes, { minLength: 1, maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
        async (parts, sizes) => {
          expect(await partsIn(bodyOf(parts, 'b0'), sizes)).toEqual(parts.map((part) => Buffer.from(part)))
        },
      ),
    )
  })

  test.each([
    ['is something else', Buffer.alloc(20_000, 'x'), 'no part begins'],
    ['has a part that is too long', bodyOf([Buffer.alloc(20_000)], 'b0'), 'a part is longer than 1000 bytes'],
    ['has too many parts', bodyOf(Array(11).fill(Buffer.alloc(1)), 'b0'), 'more than 10 parts'],
    ['has a part without an end of its headers', Buffer.from('--b0\r\nx\r\n--b0--'), 'no end of its headers'],
  ])('is refused when it %s', async (_name, body, sentence) => {
    await expect(partsIn(body, [64])).rejects.toThrow(sentence)
  })

  test.each([
    ['breaks off in a part', bodyOf([Buffer.alloc(10)], 'b0').subarray(0, 45)],
    ['has no last boundary', bodyOf([Buffer.alloc(10)], 'b0', '')],
  ])('that %s is taken for a line that was cut', async (_name, body) => {
    await expect(partsIn(body, [64])).rejects.toBeInstanceOf(PassingFault)
  })

  test.each([
    ['multipart/related; type="application/dicom"; boundary=abc', 'abc'],
    ['Multipart/Related; boundary="a b"; type="application/dicom"', 'a b'],
  ])('says its boundary in %s', (contentType, boundary) => {
    expect(boundaryOf(contentType)).toBe(boundary)
  })

  test.each(['text/html', 'multipart/related', ''])('of type "%s" is refused', (contentType) => {
    expect(() => boundaryOf(contentType)).toThrow('not multipart/related with a boundary')
  })
})
