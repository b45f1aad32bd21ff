// Every way in which a hospital's tables and images can contradict one another, as `site check-data` tells of it.

import { describe, expect, test } from 'vitest'
import { renderCheckReport } from './check-report.ts'
import { type CheckReport, checkReport } from './checks.ts'
import { prepareCohort } from './prepare-cohort.ts'
import {
  type DataSet,
  imagePath,
  loadFolder,
  outcomes,
  rows,
  soundSet,
  textPreparer,
  visitTable,
  writeDataSet,
} from './testsupport/data-set.ts'

async function check(files: DataSet): Promise<CheckReport> {
  const cohort = await loadFolder(writeDataSet(files))
  return checkReport(cohort, await prepareCohort(cohort, textPreparer()))
}

const outcomeOfA = (row: string) => (files: DataSet) =>
  files.set('phenotype/recurrence.tsv', outcomes({ 'sub-a': row }))

const chart = (...ids: string[]) => rows([['participant_id'], ...ids.map((id) => [id])])

/** `sub-a` has visits on days 90, 400 and 600 and an event on day 700; `sub-b` has visits on days 30 and 200. */
const contradictions: [what: string, spoil: (files: DataSet) => unknown, sentence: string, used: string[]][] = [
  [
    'an event after the last follow-up',
    outcomeOfA('1 950 recurrence 900 n/a'),
    'child sub-a: phenotype/recurrence.tsv line 2: event_days is 950, after last_followup_days, which is 900.',
    ['sub-b 2'],
  ],
  [
    'an event without its day',
    outcomeOfA('1 n/a recurrence 900 n/a'),
    'child sub-a: phenotype/recurrence.tsv line 2: event is 1 but event_days is missing.',
    ['sub-b 2'],
  ],
  [
    'the day of an event that did not happen',
    outcomeOfA('0 500 n/a 900 n/a'),
    'child sub-a: phenotype/recurrence.tsv line 2: event is 0 but event_days is 500; one of them is wrong.',
    ['sub-b 2'],
  ],
  [
    'an event before the surgery',
    outcomeOfA('1 -5 recurrence 900 n/a'),
    'child sub-a: phenotype/recurrence.tsv line 2: event_days is -5; an event comes after the surgery, which is day 0.',
    ['sub-b 2'],
  ],
  [
    'scans on and after the event',
    outcomeOfA('1 400 recurrence 900 n/a'),
    'scan sub-a ses-2: it is of day 600 and the event of day 400; scans from the event on are never shown to the model.',
    ['sub-a 1', 'sub-b 2'],
  ],
  [
    'a scan after the last follow-up',
    outcomeOfA('0 n/a n/a 500 n/a'),
    'scan sub-a ses-2: it is of day 600, but phenotype/recurrence.tsv says that follow-up ended on day 500;',
    ['sub-a 2', 'sub-b 2'],
  ],
  [
    'two outcomes of one child',
    (files) =>
      files.set(
        'phenotype/recurrence.tsv',
        `${outcomes({ 'sub-a': '0 n/a n/a 900 n/a' })}sub-a\t1\t700\trecurrence\t900\tn/a\n`,
      ),
    'child sub-a: phenotype/recurrence.tsv line 2: lines 2 and 3 are both about this child; keep one.',
    ['sub-b 2'],
  ],
  [
    'one child twice in the chart',
    (files) => files.set('participants.tsv', chart('sub-a', 'sub-b', 'sub-b')),
    'child sub-b: participants.tsv lines 3 and 4 are both about this child; keep one.',
    ['sub-a 3'],
  ],
  [
    'one child under two names',
    (files) => {
      for (const [path, content] of soundSet()) {
        if (path.startsWith('sub-b'))
          files.set(path.replaceAll('sub-b', 'sub-B'), `${content}`.replace('image', 'picture'))
      }
      files.set('participants.tsv', chart('sub-a', 'sub-b', 'sub-B'))
    },
    '"sub-B" and "sub-b" look like one child under two names; if they are, keep one.',
    ['sub-B 2', 'sub-a 3', 'sub-b 2'],
  ],
  [
    'one image under two children',
    (files) => files.set(imagePath('sub-b', 'ses-1'), 'image of sub-a ses-10'),
    'scan sub-b ses-1: it has the same content as sub-a/ses-10/anat/sub-a_ses-10_FLAIR.nii.gz; one of them is in the wrong place.',
    ['sub-a 2'],
  ],
  [
    'one image at two visits of a child',
    (files) => files.set(imagePath('sub-a', 'ses-2'), 'image of sub-a ses-10'),
    'scan sub-a ses-2: it has the same content as sub-a/ses-10/anat/sub-a_ses-10_FLAIR.nii.gz; one of them is in the wrong place.',
    ['sub-a 1', 'sub-b 2'],
  ],
  [
    'two visits of a child at one time',
    (files) =>
      files.set(
        'sub-b/sub-b_sessions.tsv',
        visitTable([
          { session: 'ses-1', day: 30 },
          { session: 'ses-2', day: 30 },
        ]),
      ),
    'scan sub-b ses-2: it is of the same day as ses-1; days cannot tell which came first.',
    ['sub-a 3'],
  ],
  [
    'days that the dates contradict',
    (files) =>
      files.set(
        'sub-b/sub-b_sessions.tsv',
        visitTable([
          { session: 'ses-1', day: 30, time: '1900-01-31T10:00:00' },
          { session: 'ses-2', day: 200, time: '1900-02-28T10:00:00' },
        ]),
      ),
    'child sub-b: from ses-1 to ses-2 days_since_surgery counts 170 days and the dates (1900-01-31, 1900-02-28) 28;',
    ['sub-a 3'],
  ],
  [
    'a child that is in no chart, whose consent may have been withdrawn',
    (files) => files.set('participants.tsv', chart('sub-a')),
    'child sub-b: it is not in participants.tsv; add a row if the child may take part, or remove its folder.',
    ['sub-a 3'],
  ],
  [
    'an image that is named after another child',
    (files) => files.set('sub-b/ses-1/anat/sub-a_ses-10_FLAIR.nii.gz', 'an image'),
    'scan sub-b ses-1: "sub-a_ses-10_FLAIR.nii.gz" lies in the folder of sub-b, ses-1, but is named after another.',
    ['sub-a 3', 'sub-b 2'],
  ],
]

describe('a hospital whose data contradicts itself is told of', () => {
  test.each(contradictions)('%s', async (_, spoil, sentence, used) => {
    const files = soundSet()
    spoil(files)
    const report = await check(files)
    expect(renderCheckReport(report).replaceAll(/\s+/g, ' ')).toContain(sentence)
    expect(report.used.map(({ child, scans }) => `${child} ${scans.length}`)).toEqual(used)
  })

  test('and one whose data does not is not', async () => {
    const report = await check(soundSet())
    expect(report.findings).toEqual([])
    expect(report.used.map(({ child, scans }) => `${child} ${scans.length}`)).toEqual(['sub-a 3', 'sub-b 2'])
  })
})
