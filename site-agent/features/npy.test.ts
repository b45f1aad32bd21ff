import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { parseNpy } from './npy.ts'
import { npyFile } from './testsupport/npy-file.ts'

const values = [0.5, -2, 1024, 0.25]
const codeOf = (content: Uint8Array): string => {
  try {
    parseNpy(content)
    return 'read'
  } catch (error) {
    return error instanceof SequelaError ? `${error.code}: ${error.message}` : String(error)
  }
}

describe('a NumPy file', () => {
  test.each(['<f2', '<f4', '<f8'] as const)('of %s is read', (kind) => {
    expect([...parseNpy(npyFile(values, kind))]).toEqual(values)
  })

  test('may have axes of length 1 beside the one', () => {
    expect([...parseNpy(npyFile(values, '<f4', '1, 4'))]).toEqual(values)
    expect([...parseNpy(npyFile([7], '<f4', ''))]).toEqual([7])
  })

  test('in the format with a long header is read too', () => {
    const short = npyFile(values)
    const length = short[8] ?? 0
    const long = Buffer.concat([short.subarray(0, 6), Buffer.from([2, 0, length, 0, 0, 0]), short.subarray(10)])
    expect([...parseNpy(long)]).toEqual(values)
  })

  test('of several rows, of other numbers, cut off, or no such file at all is refused with the reason', () => {
    expect(codeOf(npyFile(values, '<f4', '2, 2'))).toBe('scan_unsuitable: its shape is (2, 2); one vector is expected.')
    const integers = Buffer.from(npyFile(values))
    integers.write('<i4', integers.indexOf('<f4'), 'latin1')
    expect(codeOf(integers)).toBe('scan_unsuitable: it holds numbers of type <i4; there may be <f2, <f4, <f8.')
    expect(codeOf(npyFile(values).subarray(0, -1))).toMatch(/^scan_unreadable: its header promises 4 numbers, and 3/)
    expect(codeOf(npyFile(values).subarray(0, 20))).toBe('scan_unreadable: its header is cut off.')
    expect(codeOf(Buffer.from('0.5 2 1'))).toBe('scan_unreadable: it is not a NumPy file (.npy).')
  })

  test('damaged anywhere is read or refused, and nothing else', () => {
    const sound = npyFile(values)
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.nat(255), fc.nat(sound.length), (at, byte, length) => {
        const damaged = sound.slice(0, length)
        if (at < length) damaged[at] = byte
        expect(codeOf(damaged)).toMatch(/^(read|scan_unreadable: .*|scan_unsuitable: .*)$/)
      }),
    )
  })
})
