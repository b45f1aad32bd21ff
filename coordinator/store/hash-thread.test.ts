import { describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { startHash } from './hash-thread.ts'

const bytes = (length: number, seed: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + seed) % 251)

describe('hashes on the thread', () => {
  test('grow side by side, whatever the sizes of their pieces', async () => {
    const contents = [bytes(300_000, 1), bytes(70_001, 2), bytes(0, 3)]
    const hashes = contents.map(() => startHash())
    for (let offset = 0; offset < 300_000; offset += 65_536) {
      await Promise.all(
        contents.map((content, i) => {
          const piece = content.slice(offset, offset + 65_536)
          return hashes[i]?.update([piece.subarray(0, 10), piece.slice(10)])
        }),
      )
    }
    expect(await Promise.all(hashes.map((hash) => hash.digest()))).toEqual(contents.map(sha256))
  })

  test('take over memory that is theirs alone, and leave alone what shares its memory', async () => {
    const hash = startHash()
    const [own, shared, pooled] = [bytes(100_000, 1), bytes(200_000, 2), Buffer.from('a few bytes')]
    const content = Buffer.concat([own, shared.subarray(0, 80_000), pooled])
    await hash.update([own, shared.subarray(0, 80_000), pooled])
    expect(own.byteLength).toBe(0)
    expect(shared).toEqual(bytes(200_000, 2))
    expect(pooled.toString()).toBe('a few bytes')
    expect(await hash.digest()).toBe(sha256(content))
  })

  test('start anew after one was forgotten', async () => {
    const forgotten = startHash()
    await forgotten.update([bytes(10, 1)])
    forgotten.forget()
    const hash = startHash()
    await hash.update([bytes(10, 2)])
    expect(await hash.digest()).toBe(sha256(bytes(10, 2)))
  })
})
