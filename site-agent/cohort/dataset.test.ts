import { describe, expect, test } from 'vitest'
import { findingsOf, loadFolder, outcomes, rows, soundSet, told, writeDataSet } from './testsupport/data-set.ts'

describe('tables of the data set are joined with its folders both ways', () => {
  test('a child that is not in the chart is held', async () => {
    const files = soundSet().set('participants.tsv', rows([['participant_id'], ['sub-a']]))
    const cohort = await loadFolder(writeDataSet(files))
    expect(cohort.children.map(({ participant }) => participant)).toEqual(['sub-a'])
    expect(cohort.found.children).toBe(2)
    expect(told(cohort.findings)).toEqual([
      'child/not-listed sub-b: it is not in participants.tsv; add a row if the child may take part, or remove its folder.',
    ])
  })

  test('children in the chart without a folder are told', async () => {
    const files = soundSet().set(
      'participants.tsv',
      rows(['participant_id', 'sub-a', 'sub-b', 'sub-x', 'sub-y'].map((id) => [id])),
    )
    expect(await findingsOf(files)).toEqual([
      'nothing/participants: participants.tsv lists children without a folder: 2 ("sub-x", "sub-y").',
    ])
  })

  test('a child that is twice in the chart is held', async () => {
    const files = soundSet().set(
      'participants.tsv',
      rows(['participant_id', 'sub-a', 'sub-b', 'sub-a'].map((id) => [id])),
    )
    expect(await findingsOf(files)).toEqual([
      'child/participants sub-a: participants.tsv lines 2 and 4 are both about this child; keep one.',
    ])
  })

  test('without a chart all folders are used, and that is said', async () => {
    const files = soundSet()
    files.delete('participants.tsv')
    expect(await findingsOf(files)).toEqual([
      'nothing/participants: there is no participants.tsv, so nothing says which children belong to the data set; all folders are used.',
    ])
  })

  test('an age that cannot be is told', async () => {
    const files = soundSet().set(
      'participants.tsv',
      rows([
        ['participant_id', 'age'],
        ['sub-a', '89+'],
        ['sub-b', '90'],
      ]),
    )
    expect(await findingsOf(files)).toEqual([
      'nothing/chart sub-b: participants.tsv line 3: age is "90"; write years from 0 to 89, or n/a.',
    ])
  })

  test('outcomes of children without a folder are told', async () => {
    const files = soundSet().set('phenotype/recurrence.tsv', outcomes({ 'sub-x': '0 n/a n/a 900 n/a' }))
    expect(await findingsOf(files)).toEqual([
      'nothing/outcome-unknown-child: phenotype/recurrence.tsv has outcomes of children without a folder: 1 ("sub-x").',
    ])
  })

  test('without outcomes, children take part in ordering only', async () => {
    const files = soundSet()
    files.delete('phenotype/recurrence.tsv')
    const cohort = await loadFolder(writeDataSet(files))
    expect(told(cohort.findings)).toEqual([
      'nothing/outcome-row: there is no phenotype/recurrence.tsv; without outcomes children take part in ordering only.',
    ])
    expect(cohort.children.flatMap(({ scans }) => scans.map(({ label }) => label))).toEqual([
      null,
      null,
      null,
      null,
      null,
    ])
  })

  test('notes that BIDS asks for are missed', async () => {
    const files = soundSet()
    files.delete('dataset_description.json')
    files.delete('phenotype/recurrence.json')
    expect(await findingsOf(files)).toEqual([
      'nothing/description: there is no dataset_description.json; every BIDS data set has one.',
      'nothing/description: there is no phenotype/recurrence.json; BIDS asks for a dictionary beside each phenotype table.',
    ])
    expect(await findingsOf(soundSet().set('dataset_description.json', '{'))).toEqual([
      'nothing/description: dataset_description.json is not JSON text.',
    ])
    expect(await findingsOf(soundSet().set('dataset_description.json', '{"Name": "x"}'))).toEqual([
      'nothing/description: dataset_description.json gives no Name or no BIDSVersion.',
    ])
  })
})
