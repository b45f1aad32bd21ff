import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createAccess } from './access.ts'

const keyOf = (entrance: string): string => new URLSearchParams(entrance.split('?')[1]).get('key') ?? ''

describe('access to the pages', () => {
  test('is exchanged once for a session', () => {
    const access = createAccess(randomBytes)
    const entered = access.enter(keyOf(access.entrance))
    expect(entered).toEqual({ session: expect.any(String) })
    expect(access.isIn(typeof entered === 'string' ? '' : entered.session)).toBe(true)
    expect(access.enter(keyOf(access.entrance))).toBe('used')
  })

  test('is not had by another key, by no cookie, by the key as a cookie, nor before the link was used', () => {
    const access = createAccess(randomBytes)
    const key = keyOf(access.entrance)
    for (const wrong of ['', 'x', key.slice(1), `${key}x`]) expect(access.enter(wrong)).toBe('wrong')
    for (const wrong of [undefined, '', key, access.room]) expect(access.isIn(wrong)).toBe(false)
    access.enter(key)
    for (const wrong of [undefined, '', key, access.room]) expect(access.isIn(wrong)).toBe(false)
  })

  test('has secrets of 256 bits that are different in every run', () => {
    const [a, b] = [createAccess(randomBytes), createAccess(randomBytes)]
    expect(new Set([a.room, keyOf(a.entrance), b.room, keyOf(b.entrance)]).size).toBe(4)
    expect(Buffer.from(keyOf(a.entrance), 'base64url')).toHaveLength(32)
    expect(Buffer.from(a.room.slice(1), 'base64url')).toHaveLength(32)
  })
})
