import { expect, test } from 'vitest'
import { isDatabaseBusy, isDiskFull, systemCode } from './system-code.ts'

const withFields = (fields: object): Error => Object.assign(new Error('failed'), fields)

test.each([
  ['SQLITE_BUSY', 5, true],
  ['SQLITE_BUSY_RECOVERY', 261, true],
  ['SQLITE_BUSY_SNAPSHOT', 517, true],
  ['SQLITE_LOCKED', 6, false],
  ['SQLITE_CANTOPEN', 14, false],
])('a database that answers %s', (_, errcode, isBusy) => {
  expect(isDatabaseBusy(withFields({ errcode }))).toBe(isBusy)
})

test.each([
  ['ENOSPC', true],
  ['EDQUOT', true],
  ['EIO', false],
])('a disk that answers %s', (code, isFull) => {
  expect(isDiskFull(withFields({ code }))).toBe(isFull)
})

test('what has no name is called as the caller says', () => {
  expect(systemCode(new Error('failed'), 'a fault')).toBe('a fault')
  expect(systemCode('failed')).toBe('unknown')
  expect(isDatabaseBusy('failed')).toBe(false)
})
