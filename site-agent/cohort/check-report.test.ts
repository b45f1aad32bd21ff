import { describe, expect, test } from 'vitest'
import { stratify, visitOfShown } from '../../shared/evaluation/suppression/stratify.ts'
import { siteLandmarks } from '../evaluation/site-landmarks.ts'
import { renderCheckReport } from './check-report.ts'
import { type CheckReport, checkReport, isUsable } from './checks.ts'
import { loadCohort } from './cohort.ts'
import { prepareCohort } from './prepare-cohort.ts'
import {
  type DataSet,
  dataSet,
  imagePath,
  outcomes,
  rows,
  testStudy,
  textPreparer,
  writeDataSet,
} from './testsupport/data-set.ts'

const study = testStudy([
  '{ task: ordering, rounds: 2, learningRate: 1e-3 }',
  '{ task: recurrence, rounds: 2, learningRate: 1e-3, events: [recurrence, progression, death, second_tumour] }',
])

async function reportOf(files: DataSet): Promise<CheckReport> {
  const cohort = await loadCohort({ root: writeDataSet(files), study, site: 'here' })
  return checkReport(cohort, await prepareCohort(cohort, textPreparer()))
}

const visits = [
  { session: 'ses-1', day: 30 },
  { session: 'ses-2', day: 200 },
  { session: 'ses-3', day: 400 },
]

function manyChildren(): DataSet {
  const names = Array.from({ length: 12 }, (_, i) => `sub-${String.fromCharCode(97 + i)}`)
  return dataSet(Object.fromEntries(names.map((name) => [name, visits]))).set(
    'phenotype/recurrence.tsv',
    outcomes({
      'sub-a': '1 500 recurrence 900 n/a',
      'sub-b': '1 700 death 900 600',
      'sub-c': '0 n/a n/a 1000 n/a',
      'sub-d': '0 n/a n/a 500 n/a',
    }),
  )
}

describe('the counts of a report', () => {
  test('add up to what is used', async () => {
    const files = manyChildren().set(imagePath('sub-a', 'ses-1'), 'scan_unreadable')
    const report = await reportOf(files)
    expect(report.children).toEqual({ found: 12, used: 12 })
    expect(report.visits).toEqual({ found: 36, used: 35 })
    expect(report.outcomes).toEqual({
      children: 4,
      events: { recurrence: 1, death: 1 },
      treatmentChanges: 1,
      medianFollowUpDays: 900,
    })
    // sub-a: 1 1; sub-b: 0 0 1; sub-c: 0 0 0; sub-d: 0 ? ?; the eight others are undecided.
    expect(report.landmarks).toEqual({ event: 3, none: 6, undecided: 26 })
    const usable = Object.fromEntries(report.usable.map(({ task, children }) => [task, children]))
    const together = (task: string) => Object.values(usable[task] ?? {}).reduce((sum, count) => sum + count, 0)
    expect([together('ordering'), together('recurrence')]).toEqual([12, 4])
    expect(report.used[0]).toEqual({
      child: 'sub-a',
      fold: expect.stringMatching(/^(train|validation|test)$/),
      visits: 3,
      scans: [
        { visit: 'ses-2', day: 200, label: 1 },
        { visit: 'ses-3', day: 400, label: 1 },
      ],
      tasks: ['ordering', 'recurrence'],
    })
  })

  test('say when a fold is too small for the study', async () => {
    const report = await reportOf(dataSet({ 'sub-a': visits, 'sub-b': visits }))
    expect(isUsable(report)).toBe(true)
    const train = report.usable[0]?.children.train ?? 0
    expect(train).toBeLessThan(2)
    expect(report.advice).toContain(
      `ordering: ${train} in the training fold, and the study asks for 2; updates from here would not be sent.`,
    )
    expect(report.advice).toContain('No child can be used for recurrence; this site would decline it.')
  })

  test('say whom an evaluation would judge, and for each fold whether it would be heard', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `sub-${i}`)
    const became = ['1 500 recurrence 900 n/a', '0 n/a n/a 1000 n/a', '0 n/a n/a 300 n/a']
    const files = dataSet(Object.fromEntries(names.map((name) => [name, visits]))).set(
      'phenotype/recurrence.tsv',
      outcomes(Object.fromEntries(names.map((name, i) => [name, became[i % 3] ?? '']))),
    )
    const root = writeDataSet(files)
    const told = { validation: new Set<boolean>(), test: new Set<boolean>() }
    for (const minCell of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) {
      const policy = { ...study.policy, minCell }
      const evaluation = { ruleOutNpv: 0.95, ruleInPpv: 0.5 }
      const cohort = await loadCohort({ root, study: { ...study, policy, evaluation }, site: 'here' })
      const prepared = await prepareCohort(cohort, textPreparer())
      const report = checkReport(cohort, prepared)
      const nobody = { risksOf: new Map(), visitOfShown, teachesOrder: false }
      const landmarks = siteLandmarks({ children: prepared.children, ...nobody })
      for (const fold of ['validation', 'test'] as const) {
        const { event, none } = report.evaluated?.[fold] ?? { event: Number.NaN, none: Number.NaN }
        const warning = `evaluation: ${event} in the ${fold} fold with an event and ${none} without, and the study asks for ${minCell} of each;`
        const isHeard = stratify(landmarks[fold], 365, () => 1, minCell).length > 0
        expect(report.advice.some((sentence) => sentence.startsWith(warning))).toBe(!isHeard)
        told[fold].add(isHeard)
        const text = renderCheckReport(report).replaceAll(/\s+/g, ' ')
        expect(text).toContain(`${fold} ${event} and ${none}`)
      }
    }
    for (const heard of Object.values(told)) expect(heard).toEqual(new Set([true, false]))
  })

  test('say nothing of an evaluation where the study has none', async () => {
    const report = await reportOf(manyChildren())
    expect(report).not.toHaveProperty('evaluated')
    expect(report.advice.join()).not.toContain('evaluation')
  })

  test('say that nothing is usable', async () => {
    const report = await reportOf(dataSet({ 'sub-a': [{ session: 'ses-1', day: 3 }] }))
    expect(isUsable(report)).toBe(false)
    expect(report.advice).toEqual([
      'No child can be used for ordering; this site would decline it.',
      'No child can be used for recurrence; this site would decline it.',
    ])
  })

  test('are the same as JSON', async () => {
    const report = await reportOf(manyChildren())
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })
})

describe('the report as text', () => {
  test('says what is used, what is held back and why', async () => {
    const files = dataSet({ 'sub-a': visits, 'sub-b': visits })
    files.set('participants.tsv', rows(['participant_id', 'sub-a', 'sub-b', 'sub-gone'].map((id) => [id])))
    files.set('phenotype/recurrence.tsv', outcomes({ 'sub-a': '1 500 second_tumour 900 700' }))
    files.set(imagePath('sub-b', 'ses-2'), 'scan_unsuitable')
    expect(renderCheckReport(await reportOf(files))).toMatchInlineSnapshot(`
      "Data of site here for study test

                   found   used   held back
        children       2      2           0
        visits         6      5           1

        children for   train   validation   test   together
        ordering           1            0      1          2
        recurrence         0            0      1          1

        Outcomes known: 1; with an event: 1 (1 second tumour); with a change of treatment: 1; median
        follow-up 900 days.
        Scans followed by an event within 365 days: 2 of 3 decided; undecided: 2.
        ! ordering: 1 in the training fold, and the study asks for 2; updates from here would not be sent.
        ! ordering: 0 in the validation fold; metrics over fewer than 2 children are not sent.
        ! recurrence: 0 in the training fold, and the study asks for 2; updates from here would not be
          sent.
        ! recurrence: 0 in the validation fold; metrics over fewer than 2 children are not sent.

      Held back (1)
        - scan sub-b ses-2: sub-b/ses-2/anat/sub-b_ses-2_FLAIR.nii.gz: it is scan_unsuitable.
          in sub-b/ses-2/anat/sub-b_ses-2_FLAIR.nii.gz

      Worth a look (1)
        - participants.tsv lists children without a folder: 1 ("sub-gone").

      Children that are used (2)
        child   fold    scans    days        used for               outcome
        sub-a   test    3 of 3   30 to 400   ordering, recurrence   -++
        sub-b   train   2 of 3   30 to 400   ordering               ??
        Outcome at each scan: + event within the horizon, - none, ? undecided.

      This report stays here. Nothing of it is sent."
    `)
  })

  test('writes a sentence that many children share once', async () => {
    const files = manyChildren().set('participants.tsv', rows([['participant_id'], ['sub-a']]))
    const text = renderCheckReport(await reportOf(files))
    expect(text.match(/is not in participants\.tsv/g)).toHaveLength(1)
    expect(text).toContain('  - child sub-b, sub-c, sub-d and 8 more: it is not in participants.tsv;')
  })

  test('is at most 100 letters wide, however long the names are', async () => {
    const child = `sub-${'x'.repeat(80)}`
    const files = dataSet({ [child]: visits, 'sub-b': visits })
    files.set(imagePath(child, 'ses-1'), 'scan_unreadable')
    for (const line of renderCheckReport(await reportOf(files)).split('\n'))
      expect(line.length).toBeLessThanOrEqual(100)
  })
})
