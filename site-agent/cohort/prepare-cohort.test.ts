import { describe, expect, test } from 'vitest'
import { emptyChart } from '../../shared/cohort/chart.ts'
import { loadCohort } from './cohort.ts'
import { type PrepareOptions, prepareCohort } from './prepare-cohort.ts'
import type { ScanPreparer } from './prepare-visit.ts'
import {
  type DataSet,
  dataSet,
  imagePath,
  outcomes,
  testStudy,
  textPreparer,
  writeDataSet,
} from './testsupport/data-set.ts'

function twoChildren(): DataSet {
  const files = dataSet({
    'sub-a': [
      { session: 'ses-1', day: 30 },
      { session: 'ses-2', day: 200 },
      { session: 'ses-3', day: 400 },
    ],
    'sub-b': [
      { session: 'ses-1', day: 10 },
      { session: 'ses-2', day: 100 },
    ],
  })
  return files.set('phenotype/recurrence.tsv', outcomes({ 'sub-a': '1 500 recurrence 900 n/a' }))
}

const cohortOf = (files: DataSet) => loadCohort({ root: writeDataSet(files), study: testStudy(), site: 'here' })

async function prepare(files: DataSet, options: PrepareOptions = {}, preparer: ScanPreparer = textPreparer()) {
  return prepareCohort(await cohortOf(files), preparer, options)
}

describe('a prepared cohort', () => {
  test('holds files, days, what followed and the chart, and nothing that names a child', async () => {
    const cohort = await cohortOf(twoChildren())
    const { children, used, findings } = await prepareCohort(cohort, textPreparer())
    expect(findings).toEqual([])
    expect(used.map(({ participant }) => participant)).toEqual(['sub-a', 'sub-b'])
    const [a] = cohort.children
    expect(children.find(({ key }) => key === a?.key)).toEqual({
      key: a?.key,
      fold: a?.fold,
      scans: [30, 200, 400].map((day) => ({
        file: expect.stringMatching(/^\/cache\/[0-9a-f]{64}\.f32$/),
        ...{ day, followUp: { days: 500 - day, event: true }, scanner: undefined, sequence: 'FLAIR' },
      })),
      outcome: {
        ...{ eventDay: 500, eventType: 'recurrence', ending: 'event', lastFollowUpDay: 900 },
        treatmentChangeDay: undefined,
      },
      chart: { ...emptyChart, ageYears: 7 },
    })
    expect(JSON.stringify(children)).not.toMatch(/sub-|ses-/)
    expect(children.map(({ key }) => key)).toEqual(children.map(({ key }) => key).toSorted())
  })

  test('leaves out scans that cannot be read or used, each with its reason and without this machine’s paths', async () => {
    const files = twoChildren()
    files.set(imagePath('sub-a', 'ses-1'), 'scan_unreadable')
    files.set(imagePath('sub-a', 'ses-3'), 'scan_unsuitable')
    const { used, findings } = await prepare(files)
    expect(used[0]?.scans.map(({ day, label }) => [day, label])).toEqual([[200, 1]])
    expect(findings).toEqual([
      {
        holds: 'scan',
        rule: 'unreadable',
        child: 'sub-a',
        visit: 'ses-1',
        file: 'sub-a/ses-1/anat/sub-a_ses-1_FLAIR.nii.gz',
        sentence: 'sub-a/ses-1/anat/sub-a_ses-1_FLAIR.nii.gz: it is scan_unreadable.',
      },
      {
        holds: 'scan',
        rule: 'unsuitable',
        child: 'sub-a',
        visit: 'ses-3',
        file: 'sub-a/ses-3/anat/sub-a_ses-3_FLAIR.nii.gz',
        sentence: 'sub-a/ses-3/anat/sub-a_ses-3_FLAIR.nii.gz: it is scan_unsuitable.',
      },
    ])
  })

  test('keeps a child with one scan only when its outcome is decided there', async () => {
    const files = twoChildren().set(imagePath('sub-b', 'ses-1'), 'scan_unreadable')
    const { children, findings } = await prepare(files)
    expect(children).toHaveLength(1)
    expect(findings.at(-1)).toEqual({
      holds: 'child',
      rule: 'nothing-to-learn',
      child: 'sub-b',
      sentence: 'it has only one usable scan, which has no order, and no visit whose outcome is decided.',
    })
  })

  test('leaves out a child whose scans are all held', async () => {
    const files = twoChildren()
    for (const session of ['ses-1', 'ses-2']) files.set(imagePath('sub-b', session), 'scan_unreadable')
    const { findings } = await prepare(files)
    expect(findings.at(-1)?.sentence).toBe('it has no usable scan, and no visit whose outcome is decided.')
  })

  test('holds both of two children that share a scan', async () => {
    const files = twoChildren()
    files.set(imagePath('sub-b', 'ses-2'), `image of sub-a ses-2`)
    const { used, findings } = await prepare(files)
    expect(used.map(({ participant, scans }) => [participant, scans.map(({ day }) => day)])).toEqual([
      ['sub-a', [30, 400]],
    ])
    expect(findings.map(({ rule, child, visit, sentence }) => [rule, child, visit, sentence])).toEqual([
      [
        'duplicate',
        'sub-a',
        'ses-2',
        'it has the same content as sub-b/ses-2/anat/sub-b_ses-2_FLAIR.nii.gz; one of them is in the wrong place.',
      ],
      [
        'duplicate',
        'sub-b',
        'ses-2',
        'it has the same content as sub-a/ses-2/anat/sub-a_ses-2_FLAIR.nii.gz; one of them is in the wrong place.',
      ],
      [
        'nothing-to-learn',
        'sub-b',
        undefined,
        'it has only one usable scan, which has no order, and no visit whose outcome is decided.',
      ],
    ])
  })

  test('holds both of two visits of a child that share a scan', async () => {
    const { used, findings } = await prepare(twoChildren().set(imagePath('sub-a', 'ses-3'), 'image of sub-a ses-1'))
    expect(used[0]?.scans.map(({ day }) => day)).toEqual([200])
    expect(findings.map(({ rule, visit }) => [rule, visit])).toEqual([
      ['duplicate', 'ses-1'],
      ['duplicate', 'ses-3'],
    ])
  })
})

describe('preparing', () => {
  test('tells how far it is', async () => {
    const told: string[] = []
    await prepare(twoChildren(), { onProgress: (done, total) => told.push(`${done}/${total}`) })
    expect(told).toEqual(['1/5', '2/5', '3/5', '4/5', '5/5'])
  })

  test('works on two scans at once and no more', async () => {
    let [running, most] = [0, 0]
    const inner = textPreparer()
    const preparer: ScanPreparer = {
      prepare: async (path) => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setImmediate(resolve))
        running--
        return inner.prepare(path)
      },
    }
    await prepare(twoChildren(), {}, preparer)
    expect(most).toBe(2)
  })

  test('ends when it is called off, and begins no other scan', async () => {
    const stop = new AbortController()
    const preparer = textPreparer()
    const stopping: ScanPreparer = {
      prepare: (path) => {
        stop.abort()
        return preparer.prepare(path)
      },
    }
    await expect(prepare(twoChildren(), { signal: stop.signal }, stopping)).rejects.toMatchObject({ code: 'cancelled' })
    expect(preparer.asked).toHaveLength(1)
  })

  test('fails when the fault is not the scan’s', async () => {
    const files = twoChildren().set(imagePath('sub-a', 'ses-2'), 'disk_full')
    await expect(prepare(files)).rejects.toMatchObject({ code: 'disk_full' })
  })
})
