import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  dataSet,
  findingsOf,
  loadFolder,
  rows,
  soundSet,
  told,
  visitTable,
  writeDataSet,
} from './testsupport/data-set.ts'

describe("a child's own tables and folders", () => {
  test('a visit table that is none holds the child', async () => {
    const files = soundSet().set('sub-b/sub-b_sessions.tsv', 'session_id\tacq_time\nses-1\n')
    expect(await findingsOf(files)).toEqual([
      'child/visit-table sub-b: sub-b/sub-b_sessions.tsv: line 2 has 1 cell where the header names 2 columns.',
    ])
  })

  test('two rows of one visit hold the child', async () => {
    const day = { session: 'ses-1', day: 30 }
    expect(await findingsOf(soundSet().set('sub-b/sub-b_sessions.tsv', visitTable([day, day])))).toEqual([
      'child/visit-table sub-b: sub-b/sub-b_sessions.tsv: lines 2 and 3 are both about "ses-1"; keep one.',
    ])
  })

  test('a time that is none holds the visit', async () => {
    const visits = [
      { session: 'ses-1', day: 30, time: '1901-02-29T10:00:00' },
      { session: 'ses-2', day: 'soon' },
    ]
    expect(await findingsOf(soundSet().set('sub-b/sub-b_sessions.tsv', visitTable(visits)))).toEqual([
      'scan/visit-table sub-b ses-1: sub-b/sub-b_sessions.tsv line 2: acq_time is "1901-02-29T10:00:00"; ' +
        'write a date of the calendar as YYYY-MM-DDThh:mm:ss, or n/a.',
      'scan/visit-table sub-b ses-2: sub-b/sub-b_sessions.tsv line 3: days_since_surgery is "soon"; ' +
        'write a number of days, or n/a.',
      'child/nothing-to-learn sub-b: none of its scans can be used.',
    ])
  })

  test('visits in the table without folder, and folders without row, are told', async () => {
    const files = soundSet().set(
      'sub-b/sub-b_sessions.tsv',
      visitTable([
        { session: 'ses-1', day: 30 },
        { session: 'ses-9', day: 50 },
      ]),
    )
    expect(await findingsOf(files)).toEqual([
      'nothing/visit-table sub-b: visits without a row in the visit table: 1 (ses-2).',
      'nothing/visit-table sub-b: visits in the table without a folder: 1 ("ses-9").',
      'scan/time-missing sub-b ses-2: nothing says when it was made: give acq_time or days_since_surgery in the visit table, ' +
        'or acq_time in the scan table.',
    ])
  })

  test('columns of the chart that visit tables repeat are told', async () => {
    const files = soundSet().set(
      'sub-b/sub-b_sessions.tsv',
      'session_id\tage\tdays_since_surgery\nses-1\t7\t30\nses-2\t7\t90\n',
    )
    expect(await findingsOf(files)).toEqual([
      'nothing/visit-table sub-b: the visit table repeats columns of participants.tsv: "age".',
    ])
  })

  test('days that disagree with dates hold the child', async () => {
    const visits = [
      { session: 'ses-1', day: 30, time: '1900-01-31T10:00:00' },
      { session: 'ses-2', day: 200, time: '1900-02-28T10:00:00' },
    ]
    expect(await findingsOf(soundSet().set('sub-b/sub-b_sessions.tsv', visitTable(visits)))).toEqual([
      'child/times-disagree sub-b: from ses-1 to ses-2 days_since_surgery counts 170 days and the dates ' +
        '(1900-01-31, 1900-02-28) 28; correct the visit table.',
    ])
  })

  test('visits of one day are held', async () => {
    const visits = ['ses-1', 'ses-2'].map((session) => ({ session, day: 30 }))
    const cohort = await loadFolder(writeDataSet(soundSet().set('sub-b/sub-b_sessions.tsv', visitTable(visits))))
    expect(cohort.findings.map(({ rule, visit }) => [rule, visit])).toEqual([
      ['same-day', 'ses-1'],
      ['same-day', 'ses-2'],
      ['nothing-to-learn', undefined],
    ])
  })

  test('a child without visit folders is held', async () => {
    const files = soundSet().set(
      'participants.tsv',
      rows(['participant_id', 'sub-a', 'sub-b', 'sub-c'].map((id) => [id])),
    )
    files.set('sub-c/anat/sub-c_FLAIR.nii.gz', 'image')
    expect(await findingsOf(files)).toEqual([
      'child/no-visits sub-c: it has no visit folders (ses-…); scans of one visit have no order.',
    ])
  })

  test('a child with more visits than a child can have is held', async () => {
    const many = Array.from({ length: 201 }, (_, day) => ({ session: `ses-${day}`, day }))
    expect(await findingsOf(dataSet({ 'sub-a': many }))).toEqual([
      'child/too-many-visits sub-a: it has more than 200 visit folders.',
    ])
  })

  test('a visit table like a library is not read', async () => {
    const root = writeDataSet(soundSet())
    truncateSync(join(root, 'sub-b/sub-b_sessions.tsv'), 17 * 1024 * 1024)
    expect(told((await loadFolder(root)).findings)).toEqual([
      'child/unreadable sub-b: "sub-b/sub-b_sessions.tsv" has 17825792 bytes; at most 16777216 are read.',
    ])
  })

  test('names that are not made by the rules are told', async () => {
    const files = soundSet()
    files.set('sub_c/x', '')
    files.set('Sub-d/x', '')
    files.set('sub-b/ses_3/x', '')
    files.set('sub-b/ses-1/anat/flair.nii.gz', 'image')
    files.set('sub-b/ses-1/anat/notes.txt', 'no image')
    files.set('sub-b/ses-2/anat/sub-a_ses-z_FLAIR.nii.gz', 'image')
    expect(await findingsOf(files)).toEqual([
      'child/folder-name: "Sub-d" is not used: children\'s folders are called sub- and letters or digits.',
      'child/folder-name: "sub_c" is not used: children\'s folders are called sub- and letters or digits.',
      'scan/folder-name sub-b: "ses_3" is not used: visit folders are called ses- and letters or digits.',
      'scan/file-name sub-b ses-1: "flair.nii.gz" is not used: images are called sub-b_ses-1[_…]_FLAIR.nii.gz, or the like.',
      'scan/file-name sub-b ses-2: "sub-a_ses-z_FLAIR.nii.gz" lies in the folder of sub-b, ses-2, but is named after another.',
    ])
  })

  test('dates that were not shifted are told', async () => {
    const visits = [
      { session: 'ses-1', day: 0, time: '2020-01-31T10:00:00' },
      { session: 'ses-2', day: 28, time: '2020-02-28T10:00:00' },
    ]
    expect(await findingsOf(dataSet({ 'sub-a': visits }))).toEqual([
      'nothing/real-dates: the dates of 1 (sub-a) lie after 1925 and look like real ones. Dates never leave this site; ' +
        'BIDS still asks for dates that are shifted by one offset a child.',
    ])
  })
})
