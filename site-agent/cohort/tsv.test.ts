import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { maxTableBytes, parseTsv } from './tsv.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const parse = (text: string, required: readonly string[] = []) => parseTsv('table.tsv', bytes(text), required)

describe('a table', () => {
  test('gives its cells by column and knows the line of each row', () => {
    const table = parse('id\tage\nsub-a\t7\nsub-b\t 8 \n')
    expect(table.columns).toEqual(['id', 'age'])
    expect(table.rows.map((row) => [row.line, row.value('id'), row.value('age')])).toEqual([
      [2, 'sub-a', '7'],
      [3, 'sub-b', '8'],
    ])
  })

  test('tells n/a, an empty cell and a column that is not there as missing', () => {
    const [row] = parse('id\tage\tsex\nsub-a\tn/a\t\n').rows
    expect([row?.value('age'), row?.value('sex'), row?.value('grade')]).toEqual([undefined, undefined, undefined])
  })

  test('may begin with a byte-order mark, end lines with CRLF, and end with empty lines or none', () => {
    for (const text of ['\ufeffid\tage\r\nsub-a\t7\r\n', 'id\tage\nsub-a\t7', 'id\tage\nsub-a\t7\n\n \n']) {
      const table = parse(text, ['id'])
      expect(table.columns).toEqual(['id', 'age'])
      expect(table.rows.map((row) => row.value('age'))).toEqual(['7'])
    }
  })

  test('may have no rows', () => {
    expect(parse('id\n').rows).toEqual([])
  })

  test('takes names such as __proto__ for what they are: names', () => {
    const [row] = parse('__proto__\tconstructor\nx\ty\n').rows
    expect([row?.value('__proto__'), row?.value('constructor'), row?.value('toString')]).toEqual(['x', 'y', undefined])
  })
})

describe('what is not such a table is refused in words', () => {
  const refusals: [what: string, text: string | Uint8Array, sentence: string][] = [
    ['an empty file', '', 'table.tsv: it is empty; the first line must name the columns'],
    ['a short row', 'id\tage\nsub-a\n', 'table.tsv: line 2 has 1 cell where the header names 2 columns'],
    ['a long row', 'id\nsub-a\t7\t8\n', 'table.tsv: line 2 has more than 1 cells where the header names 1 columns'],
    ['an empty line in the middle', 'id\tb\n\na\tb\n', 'table.tsv: line 2 has nothing in it; remove the empty line'],
    ['a column twice', 'id\tage\tage\n', 'table.tsv: line 1, column 3: "age" is there twice'],
    ['a column without name', 'id\t\tage\n', 'table.tsv: line 1, column 2: it has no name'],
    ['quotation marks', 'id\t"age"\n', 'table.tsv: line 1, column 2: BIDS tables have no quotation marks'],
    ['a missing column', 'age\n7\n', 'table.tsv: line 1: column "id" is missing'],
    ['commas', 'id,age\nsub-a,7\n', 'table.tsv: its columns are not separated by tabs; save it as tab-separated text'],
    [
      'a lone carriage return',
      'id\tage\rsub-a\t7\r',
      'table.tsv: line 1 holds a carriage return; end lines with LF or CRLF',
    ],
    [
      'UTF-16',
      new Uint8Array([0xff, 0xfe, 0x69, 0]),
      'table.tsv: it is UTF-16 text; save it as UTF-8 (Excel calls that "CSV UTF-8")',
    ],
    ['a NUL byte', new Uint8Array([0x69, 0, 0x64]), 'table.tsv: it holds bytes that are not text'],
    [
      'Latin-1',
      new Uint8Array([0x69, 0xe4, 0x0a]),
      'table.tsv: it is not UTF-8 text; save it as UTF-8 (Excel calls that "CSV UTF-8")',
    ],
  ]
  test.each(refusals)('%s', (_, text, sentence) => {
    const content = typeof text === 'string' ? bytes(text) : text
    expect(() => parseTsv('table.tsv', content, ['id'])).toThrow(
      expect.objectContaining({ code: 'table_invalid', message: sentence }),
    )
  })

  test('with the first five problems and how many more there are', () => {
    const text = `id\tage\n${'sub-a\n'.repeat(7)}`
    expect(() => parse(text)).toThrow(/line 2 has .*\n.*line 3.*\n.*line 4.*\n.*line 5.*\n.*line 6.*\n {2}and 2 more$/s)
  })
})

describe('hostile tables stay within their limits', () => {
  test('a million columns', () => {
    expect(() => parse(`id${'\tx'.repeat(1_000_000)}\n`)).toThrow('table.tsv: it has more than 1000 columns')
  })

  test('a million cells in a row of two columns', () => {
    expect(() => parse(`id\tage\nsub-a${'\t'.repeat(1_000_000)}\n`)).toThrow('line 2 has more than 2 cells')
  })

  test('a million rows', () => {
    expect(() => parse(`id\n${'a\n'.repeat(1_000_000)}`)).toThrow('table.tsv: it has more than 100000 rows')
  })

  test('exactly as many rows as are allowed', () => {
    expect(parse(`id\n${'a\n'.repeat(100_000)}`).rows).toHaveLength(100_000)
  })

  test('empty lines in the place of rows do not hide that there is more', () => {
    expect(() => parse(`id\n${'\n'.repeat(100_010)}sub-a\n`)).toThrow('more than 100000 rows')
  })

  test('a cell like a book', () => {
    expect(() => parse(`id\tnote\na\t${'x'.repeat(5000)}\n`)).toThrow('line 2, column "note": over 4096 letters')
  })

  test('more bytes than are read', () => {
    expect(() => parseTsv('table.tsv', new Uint8Array(maxTableBytes + 1))).toThrow('at most 16777216 are read')
  })

  test('a name that would steer a terminal is shown harmless', () => {
    expect(() => parse('\u001b[2J\u202ex\t\u001b[2J\u202ex\n')).toThrow('"\ufffd[2J\ufffdx" is there twice')
  })

  test('random bytes are refused, never crash', () => {
    const random = seededRandom('tables')
    for (let i = 0; i < 300; i++) {
      const content = Uint8Array.from({ length: 64 }, () => 1 + random.integer(255))
      expect(() => parseTsv('table.tsv', content, ['participant_id'])).toThrow(
        expect.objectContaining({ code: 'table_invalid' }),
      )
    }
  })
})
