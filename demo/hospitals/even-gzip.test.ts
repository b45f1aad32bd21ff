import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { evenGzip } from './even-gzip.ts'

describe('an even gzip file', () => {
  test('is as long for hard content as for easy content, and holds what was put in', () => {
    const random = seededRandom('gzip')
    const easy = new Uint8Array(100_000)
    const hard = easy.map((_, i) => (i < 30_000 ? random.integer(256) : 0))
    expect(evenGzip(easy).length).toBe(evenGzip(hard).length)
    expect(gunzipSync(evenGzip(easy))).toEqual(Buffer.from(easy))
    expect(gunzipSync(evenGzip(hard))).toEqual(Buffer.from(hard))
  })

  test('grows by whole steps for content that does not compress', () => {
    const random = seededRandom('gzip')
    const noise = new Uint8Array(100_000).map(() => random.integer(256))
    expect(evenGzip(noise).length).toBe(40_000 + 65_536)
    expect(gunzipSync(evenGzip(noise))).toEqual(Buffer.from(noise))
  })
})
