import { describe, expect, test } from 'vitest'
import { parseStudy } from '../../shared/study/study.ts'
import { type Cohort, loadCohort } from './cohort.ts'
import { type Elsewhere, nowhereElse } from './elsewhere.ts'
import { type DataSet, dataSet, rows, testStudyFile, told, writeDataSet } from './testsupport/data-set.ts'

const plain = testStudyFile()
const { study } = parseStudy(plain.text.replace('minCell: 2', 'minCell: 2, linkage: keyed-hash'))
const visits = [
  { session: 'ses-1', day: 30 },
  { session: 'ses-2', day: 200 },
]

function set(linkage: readonly (readonly string[])[]): DataSet {
  const files = dataSet({ 'sub-a': visits, 'sub-b': visits, 'sub-c': visits })
  return files.set('numbers.tsv', rows([['Patient', 'AHV'], ...linkage]))
}

const layout = {
  tables: { linkage: { file: 'numbers.tsv', columns: { participant_id: 'Patient', linkage_id: 'AHV' } } },
}

const load = (files: DataSet, more: { elsewhere?: Elsewhere; of?: typeof study } = {}): Promise<Cohort> =>
  loadCohort({
    ...{ root: writeDataSet(files), study: more.of ?? study, site: 'here', layout },
    elsewhere: more.elsewhere ?? nowhereElse,
  })

const names = ({ children }: Cohort): string[] => children.map(({ participant }) => participant)
const whole = [
  ['a', '756.1'],
  ['sub-b', '756.2'],
  ['c', '756.3'],
]

describe('the table of identifiers', () => {
  test('gives each child its own, under its id with or without sub-, in the agreed spelling', async () => {
    const cohort = await load(
      set([
        ['a', ' ab.1 '],
        ['sub-b', '756.2'],
        ['c', '756.3'],
        ['of-others', '756.4'],
      ]),
    )
    expect([...(cohort.identifiers ?? [])]).toEqual([
      ['sub-a', 'AB.1'],
      ['sub-b', '756.2'],
      ['sub-c', '756.3'],
    ])
    expect(cohort.findings).toEqual([])
  })

  test('is not opened for a study that does not look for such children', async () => {
    const files = set(whole)
    files.delete('numbers.tsv')
    expect((await load(files, { of: plain.study })).identifiers).toBeUndefined()
    await expect(load(files)).rejects.toMatchObject({ code: 'table_invalid' })
  })

  test('stays closed where nobody takes part in the study, as at the bedside', async () => {
    const files = set([
      ['a', 'x-1'],
      ['b', 'x-1'],
      ['c', '756.3'],
    ])
    const cohort = await loadCohort({ root: writeDataSet(files), study, site: 'here', layout })
    expect(names(cohort)).toEqual(['sub-a', 'sub-b', 'sub-c'])
    expect([cohort.identifiers, cohort.findings]).toEqual([undefined, []])
  })

  test('leaves children without an identifier in, and says how many are not looked for', async () => {
    const cohort = await load(
      set([
        ['a', '756.1'],
        ['b', 'n/a'],
      ]),
    )
    expect(names(cohort)).toEqual(['sub-a', 'sub-b', 'sub-c'])
    expect([...(cohort.identifiers?.keys() ?? [])]).toEqual(['sub-a'])
    expect(told(cohort.findings).join('\n')).toMatch(/2 \(sub-b, sub-c\) have no linkage_id/)
  })

  test('with one identifier for two children holds both, for they may be one child', async () => {
    const cohort = await load(
      set([
        ['a', 'x-1'],
        ['b', 'X-1 '],
        ['c', '756.3'],
      ]),
    )
    expect(names(cohort)).toEqual(['sub-c'])
    expect([...(cohort.identifiers?.keys() ?? [])]).toEqual(['sub-c'])
    expect(told(cohort.findings).filter((line) => line.startsWith('child/linkage'))).toHaveLength(2)
  })

  test('with two identifiers for a child, or a text that is none, names the lines and compares the child under neither', async () => {
    const cohort = await load(
      set([
        ['a', '756.1'],
        ['a', '756.9'],
        ['b', 'x'.repeat(201)],
        ['c', '756.3'],
      ]),
    )
    expect([...(cohort.identifiers?.keys() ?? [])]).toEqual(['sub-c'])
    const text = told(cohort.findings).join('\n')
    expect(text).toMatch(/lines 2 and 3 give this child two identifiers/)
    expect(text).toMatch(/line 4: a linkage_id has at most 200 letters/)
  })

  test('never has an identifier repeated in a sentence', async () => {
    const files = set([
      ['a', '756.1'],
      ['a', '756.9'],
      ['b', '756.2'],
      ['c', '756.2'],
    ])
    expect(JSON.stringify((await load(files)).findings)).not.toContain('756')
  })
})

describe('a child that is at another hospital too', () => {
  test('is neither trained on nor evaluated where it is held back, with the reason', async () => {
    const cohort = await load(set(whole), { elsewhere: { held: ['sub-b'], kept: [] } })
    expect(names(cohort)).toEqual(['sub-a', 'sub-c'])
    expect([...(cohort.identifiers?.keys() ?? [])]).toEqual(['sub-a', 'sub-c'])
    expect(told(cohort.findings)).toEqual([
      expect.stringMatching(/^child\/elsewhere sub-b: it is also at another hospital/),
    ])
  })

  test('is used where it is kept, and the data manager is told', async () => {
    const cohort = await load(set(whole), { elsewhere: { held: [], kept: ['sub-b'] } })
    expect(names(cohort)).toEqual(['sub-a', 'sub-b', 'sub-c'])
    expect(told(cohort.findings)).toEqual([expect.stringMatching(/^nothing\/elsewhere sub-b: .* it is used here/)])
  })

  test('leaves the other children in the folds that they had', async () => {
    const folds = (cohort: Cohort) => cohort.children.map(({ participant, fold, key }) => [participant, fold, key])
    const before = folds(await load(set(whole)))
    const after = folds(await load(set(whole), { elsewhere: { held: ['sub-b'], kept: [] } }))
    expect(after).toEqual(before.filter(([participant]) => participant !== 'sub-b'))
  })
})
