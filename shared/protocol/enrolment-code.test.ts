import { describe, expect, test } from 'vitest'
import { sha256 } from '../digest.ts'
import { decodeEnrolmentCode, encodeEnrolmentCode, enrolmentSecretHash } from './enrolment-code.ts'

const code = {
  address: 'coordinator.example.org:8444',
  rootFingerprint: sha256('root'),
  secret: Uint8Array.from({ length: 32 }, (_, i) => 255 - i),
}
const refused = (text: string): unknown =>
  expect.objectContaining({ code: 'invitation_invalid', message: expect.stringContaining(text) })

describe('an enrolment code', () => {
  test.each(['coordinator.example.org:8444', '10.0.0.7:1', '[fd00::1]:65535', 'localhost:443'])(
    'carries %s, the fingerprint and the secret there and back',
    (address) => {
      expect(decodeEnrolmentCode(encodeEnrolmentCode({ ...code, address }))).toEqual({ ...code, address })
    },
  )

  test('has one spelling that stays the same from version to version', () => {
    expect(sha256(encodeEnrolmentCode(code))).toMatchInlineSnapshot(
      `"90f4d1e704ec4d5fde84ec5fa3dcea4d58db9ad7639feef61d63ba10abd741a1"`,
    )
  })

  test('may be broken into lines and padded by whatever it was mailed with', () => {
    const text = encodeEnrolmentCode(code)
    expect(decodeEnrolmentCode(`  ${text.slice(0, 40)}\r\n${text.slice(40, 90)} \t${text.slice(90)}\n`)).toEqual(code)
  })

  test('is refused when any one character was changed', () => {
    const text = encodeEnrolmentCode(code)
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === 'A' ? 'B' : 'A'
      expect(() => decodeEnrolmentCode(text.slice(0, at) + other + text.slice(at + 1)), `at ${at}`).toThrow(refused(''))
    }
  })

  test('is refused when it was cut anywhere', () => {
    const text = encodeEnrolmentCode(code)
    for (let length = 0; length < text.length; length++) {
      expect(() => decodeEnrolmentCode(text.slice(0, length)), `at ${length}`).toThrow(refused(''))
    }
  })

  test('says what is wrong with what was pasted', () => {
    const text = encodeEnrolmentCode(code)
    expect(() => decodeEnrolmentCode('hello')).toThrow(refused('does not begin with'))
    expect(() => decodeEnrolmentCode(text.slice(0, 50))).toThrow(refused('too short'))
    expect(() => decodeEnrolmentCode(`${text.slice(0, 20)}!${text.slice(20)}`)).toThrow(refused('at place 21'))
    expect(() => decodeEnrolmentCode(`${text}A`)).toThrow(refused('changed or cut'))
  })

  test.each([
    'example.org',
    'example.org:0',
    'example.org:65536',
    ':443',
    'a b:443',
    'http://a:443',
    '[::1:443',
    `${'a'.repeat(300)}:1`,
  ])('cannot be made for the address %s', (address) => {
    expect(() => encodeEnrolmentCode({ ...code, address })).toThrow(refused('not host:port'))
  })

  test('is looked up by a hash that does not hold its secret', () => {
    expect(enrolmentSecretHash(code.secret)).toBe(sha256(code.secret))
  })
})
