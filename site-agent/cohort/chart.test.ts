import { describe, expect, test } from 'vitest'
import { emptyChart, type Scanner } from '../../shared/cohort/chart.ts'
import { readChartRow } from './chart.ts'
import { openDataFolder } from './data-folder.ts'
import { scannerOf } from './scanner.ts'
import { type DataSet, loadFolder, rows, soundSet, told, writeDataSet } from './testsupport/data-set.ts'
import { parseTsv } from './tsv.ts'

const columns = ['participant_id', 'age', 'sex', 'grade', 'extent_of_resection', 'location', 'treatment']
const read = (cells: readonly string[], names = columns) => {
  const [row] = parseTsv('participants.tsv', new TextEncoder().encode(rows([names, ['sub-a', ...cells]]))).rows
  if (row === undefined) throw new Error('there is a row')
  return readChartRow(row)
}

describe('a chart', () => {
  test('takes the words that hospitals use, in any case and with blanks or hyphens, into few groups', () => {
    expect(read(['7.5', 'M', 'II', 'Near-total', 'posterior fossa', 'Radiation'])).toEqual({
      chart: {
        ...{ ageYears: 7.5, sex: 'male', grade: 2, resection: 'total' },
        ...{ location: 'cerebellum', treatment: 'radiotherapy' },
      },
      problems: [],
    })
  })

  test('is unknown where a cell or a whole column is missing', () => {
    expect(read(['n/a', 'n/a', 'n/a', 'n/a', 'n/a', 'n/a'])).toEqual({ chart: emptyChart, problems: [] })
    expect(read(['3'], ['participant_id', 'age'])).toEqual({ chart: { ...emptyChart, ageYears: 3 }, problems: [] })
  })

  test('is unknown where nobody knows the word, and tells so', () => {
    const { chart, problems } = read(['-1', 'X', '5', 'most of it', 'left', 'homeopathy'])
    expect(chart).toEqual(emptyChart)
    expect(problems).toEqual([
      'age is "-1"; write years from 0 to 89, or n/a.',
      'sex is "X"; write F, M or n/a.',
      'grade is "5"; write 1, 2, 3, 4 or n/a.',
      'extent_of_resection is "most of it"; write total, partial, biopsy or n/a.',
      'location is "left"; write hemisphere, midline, cerebellum, brainstem, other or n/a.',
      'treatment is "homeopathy"; write none, chemotherapy, radiotherapy, chemoradiotherapy, targeted or n/a.',
    ])
  })
})

describe('a scanner', () => {
  const scanner = async (sidecar: string | undefined, listed?: Scanner) => {
    const files: DataSet = new Map([['a/x.nii.gz', 'image']])
    if (sidecar !== undefined) files.set('a/x.json', sidecar)
    return scannerOf(await openDataFolder(writeDataSet(files)), 'a/x.nii.gz', listed)
  }

  test('is taken from the sidecar', async () => {
    expect(await scanner('{"Manufacturer": "SIEMENS Healthineers", "MagneticFieldStrength": 1.5}')).toEqual({
      vendor: 'siemens',
      fieldStrengthTesla: 1.5,
    })
    expect(await scanner('{"Manufacturer": "GE MEDICAL SYSTEMS", "MagneticFieldStrength": "3"}')).toEqual({
      vendor: 'ge',
      fieldStrengthTesla: undefined,
    })
    expect(await scanner('{"Manufacturer": "Acme"}')).toMatchObject({ vendor: 'other' })
  })

  test('is unknown without one, or when it cannot be read', async () => {
    for (const sidecar of [undefined, '', '[]', '{}', '"siemens"']) expect(await scanner(sidecar)).toBeUndefined()
  })

  test('is what the table of visits says where the sidecar is silent', async () => {
    const listed = { vendor: 'philips', fieldStrengthTesla: 3 } as const
    expect(await scanner(undefined, listed)).toEqual(listed)
    expect(await scanner('{"Manufacturer": "Siemens"}', listed)).toEqual({ vendor: 'siemens', fieldStrengthTesla: 3 })
    expect(await scanner('{"MagneticFieldStrength": 1.5}', listed)).toEqual({
      vendor: 'philips',
      fieldStrengthTesla: 1.5,
    })
  })

  test('stands in columns of the table of visits, and a strength that cannot be is told', async () => {
    const table = [
      ['session_id', 'days_since_surgery', 'manufacturer', 'magnetic_field_strength'],
      ['ses-1', '30', 'Philips Medical Systems', '1.5 T'],
      ['ses-2', '200', 'n/a', '30000 G'],
    ]
    const { children, findings } = await loadFolder(
      writeDataSet(soundSet().set('sub-b/sub-b_sessions.tsv', rows(table))),
    )
    expect(children[1]?.scans.map((scan) => scan.scanner)).toEqual([
      { vendor: 'philips', fieldStrengthTesla: 1.5 },
      undefined,
    ])
    expect(told(findings)).toEqual([
      'nothing/visit-table sub-b ses-2: sub-b/sub-b_sessions.tsv line 3: magnetic_field_strength is "30000 G"; write tesla, such as 1.5 or 3, or n/a.',
    ])
  })
})
