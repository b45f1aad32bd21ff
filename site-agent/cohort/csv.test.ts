import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCsv } from './csv.ts'
import type { Table } from './tsv.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const told = ({ columns, rows }: Table): unknown =>
  rows.map((row) => columns.map((column) => row.value(column) ?? null))

describe('a table as spreadsheets save it', () => {
  test.each([
    ['commas', 'id,event,days\na,1,300\nb,0,n/a\n'],
    ['semicolons', 'id;event;days\r\na;1;300\r\nb;0;\r\n'],
    ['semicolons and a byte-order mark', '\ufeffid;event;days\r\na;1;300\r\nb;0;\r\n'],
    ['tabs and a byte-order mark', '\ufeffid\tevent\tdays\na\t1\t300\nb\t0\tn/a'],
    ['quotation marks', '"id","event","days"\n"a","1","300"\n"b","0",""\n'],
  ])('with %s is read', (_, text) => {
    const table = parseCsv('t.csv', bytes(text), ['id', 'days'])
    expect(told(table)).toEqual([
      ['a', '1', '300'],
      ['b', '0', null],
    ])
    expect(table.rows.map(({ line }) => line)).toEqual([2, 3])
  })

  test('may name its delimiter in a line of its own, and lines are still counted as in the file', () => {
    const text = 'sep=;\r\nid;note\r\na;one, two\r\n'
    const table = parseCsv('t.csv', bytes(text), ['id'])
    expect(told(table)).toEqual([['a', 'one, two']])
    expect(table.rows.map(({ line }) => line)).toEqual([3])
    expect(() => parseCsv('t.csv', bytes(text), ['days'])).toThrow('line 2: column "days" is missing')
  })

  test('keeps commas, quotation marks and line ends inside of cells', () => {
    const { rows } = parseCsv('t.csv', bytes('id,note\na,"one, ""two""\nthree"\n'))
    expect(rows[0]?.value('note')).toBe('one, "two"\nthree')
  })

  test.each([
    ['a row that has slipped', 'id,event\na,1,extra\n', /not a table: .*line 2/i],
    ['a missing column', 'id,event\na,1\n', /column "days" is missing; the table has 2 \("id", "event"\)/],
    ['a column that is there twice', 'id,days,days\na,1,2\n', /"days" is there twice/],
    ['a column without a name', 'id,,days\na,1,2\n', /has no name/],
    ['an open quotation mark', 'id,days\n"a,1\n', /not a table/],
    ['UTF-16', '\u0000i\u0000d', /not text/],
    ['nothing', '', /empty/],
  ])('is refused for %s', (_, text, message) => {
    expect(() => parseCsv('t.csv', bytes(text), ['id', 'days'])).toThrow(message)
  })

  test('gives back whatever cells were written', () => {
    const cell = fc.string({ maxLength: 20 }).filter((text) => !/[\p{C}]/u.test(text))
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 8 }), (pairs) => {
        const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`
        const text = ['a,b', ...pairs.map((pair) => pair.map(quote).join(','))].join('\n')
        const expected = pairs.map((pair) =>
          pair.map((each) => (each.trim() === '' || each.trim().toLowerCase() === 'n/a' ? null : each.trim())),
        )
        expect(told(parseCsv('t.csv', bytes(text)))).toEqual(expected)
      }),
    )
  })
})
