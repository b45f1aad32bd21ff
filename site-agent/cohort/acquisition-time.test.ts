import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dateText, dayNumber, parseAcquisitionTime, parseDateLabel } from './acquisition-time.ts'

/** Dates that hospitals write: true ones and ones shifted by a century or two. */
const date = fc.date({
  min: new Date('1700-01-01T00:00:00Z'),
  max: new Date('2100-01-01T00:00:00Z'),
  noInvalidDate: true,
})

describe('a time without a zone', () => {
  test('is read as UTC, whatever it says', () => {
    fc.assert(
      fc.property(date, (moment) => {
        const text = moment.toISOString().slice(0, 19)
        expect(parseAcquisitionTime(text)).toBe(Date.parse(`${text}Z`))
        expect(parseAcquisitionTime(`${text}.123456`)).toBe(Date.parse(`${text}Z`))
        expect(parseAcquisitionTime(text.slice(0, 10))).toBe(Date.parse(text.slice(0, 10)))
      }),
    )
  })

  test('means the same on a machine whose zone had local mean time in the 19th century', () => {
    const module = join(import.meta.dirname, 'acquisition-time.ts')
    const script = `import { parseAcquisitionTime } from ${JSON.stringify(module)}
      const local = new Date('1867-06-15T13:45:30').toISOString()
      console.log(JSON.stringify([local, parseAcquisitionTime('1867-06-15T13:45:30')]))`
    const env = { ...process.env, TZ: 'America/New_York' }
    const [local, read] = JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '-e', script], { env, encoding: 'utf8' }),
    )
    expect(local).not.toBe('1867-06-15T13:45:30.000Z')
    expect(read).toBe(Date.UTC(1867, 5, 15, 13, 45, 30))
  })
})

describe('a time with a zone', () => {
  test('is the instant that it names', () => {
    expect(parseAcquisitionTime('1901-02-03T00:30:00+02:00')).toBe(Date.UTC(1901, 1, 2, 22, 30))
    expect(parseAcquisitionTime('1901-02-03T23:30:00.5-05:30')).toBe(Date.UTC(1901, 1, 4, 5, 0))
    expect(parseAcquisitionTime('1901-02-03T04:05:06Z')).toBe(Date.UTC(1901, 1, 3, 4, 5, 6))
  })
})

describe('days', () => {
  test('between two dates are whole and exact over centuries', () => {
    fc.assert(
      fc.property(date, fc.integer({ min: -40_000, max: 40_000 }), (moment, days) => {
        const first = moment.toISOString().slice(0, 10)
        const later = new Date(Date.parse(first) + days * 86_400_000)
        fc.pre(later.getUTCFullYear() >= 1600 && later.getUTCFullYear() <= 2200)
        const second = parseAcquisitionTime(`${later.toISOString().slice(0, 10)}T23:59:59`) ?? Number.NaN
        expect(dayNumber(second) - dayNumber(parseAcquisitionTime(`${first}T00:00:00`) ?? 0)).toBe(days)
      }),
    )
  })

  test('are shown as dates of the calendar', () => {
    expect(dateText(Date.UTC(1867, 5, 15, 13))).toBe('1867-06-15')
  })
})

describe('what is no date of the calendar', () => {
  test.each([
    '1901-02-29',
    '1901-13-01T00:00:00',
    '1901-00-10T00:00:00',
    '1901-04-31T00:00:00',
    '1901-02-03T24:00:00',
    '1901-02-03T10:60:00',
    '1901-02-03T10:00:60',
    '1901-02-03T10:00:00+15:00',
    '1901-02-03T10:00:00+02',
    '1901-02-03 10:00:00',
    '1901-2-3',
    '03/02/1901',
    '0067-06-15T10:00:00',
    '19010203',
    '2017-06-15T13:45:30\n',
    'yesterday',
    '',
  ])('is refused: %j', (text) => {
    expect(parseAcquisitionTime(text)).toBeUndefined()
  })

  test('but a leap day is one', () => {
    expect(parseAcquisitionTime('1904-02-29T10:00:00')).toBe(Date.UTC(1904, 1, 29, 10))
    expect(parseAcquisitionTime('1900-02-29T10:00:00')).toBeUndefined()
  })
})

describe('a label', () => {
  test('of eight digits can be a date', () => {
    expect(parseDateLabel('19040229')).toBe(Date.UTC(1904, 1, 29))
  })

  test.each(['19050229', '19041301', '1904022', '190402290', '12345678', 'x9040229'])(
    'need not be one: %s',
    (label) => {
      expect(parseDateLabel(label)).toBeUndefined()
    },
  )
})
