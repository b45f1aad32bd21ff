import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { foldOf } from '../../shared/study/folds.ts'
import { loadCohort } from './cohort.ts'
import {
  type DataSet,
  dataSet,
  imagePath,
  outcomes,
  rows,
  temporaryFolder,
  testStudy,
  visitTable,
  writeDataSet,
} from './testsupport/data-set.ts'

const study = testStudy()
const load = (root: string, of = study) => loadCohort({ root, study: of, site: 'here' })
const loadSet = (files: DataSet) => load(writeDataSet(files))

/** Two sound children; `sub-a` has an event on day 700. */
function soundSet(): DataSet {
  const files = dataSet({
    'sub-a': [
      { session: 'ses-z', day: 90, time: '1867-06-15T13:45:30' },
      { session: 'ses-10', day: 400, time: '1868-04-20T08:00:00' },
      { session: 'ses-2', day: 600 },
    ],
    'sub-b': [
      { session: 'ses-1', day: 30 },
      { session: 'ses-2', day: 200 },
    ],
  })
  return files.set('phenotype/recurrence.tsv', outcomes({ 'sub-a': '1 700 recurrence 900 n/a' }))
}

/** The findings of a set as `what holds/rule place: sentence`. */
async function findingsOf(files: DataSet): Promise<string[]> {
  return told((await loadSet(files)).findings)
}

function told(findings: Awaited<ReturnType<typeof load>>['findings']): string[] {
  return findings.map(({ holds, rule, child, visit, sentence }) =>
    [`${holds}/${rule}`, child, visit]
      .filter((part) => part !== undefined)
      .join(' ')
      .concat(`: ${sentence}`),
  )
}

describe('a sound data set', () => {
  test('gives children in order of name with scans in order of time, labelled, and nothing to tell', async () => {
    const cohort = await loadSet(soundSet())
    expect(cohort.findings).toEqual([])
    expect(cohort.found).toEqual({ children: 2, visits: 5 })
    expect(
      cohort.children.map(({ participant, scans }) => [
        participant,
        scans.map(({ session, day, label }) => [session, day, label]),
      ]),
    ).toEqual([
      [
        'sub-a',
        [
          ['ses-z', 90, 0],
          ['ses-10', 400, 1],
          ['ses-2', 600, 1],
        ],
      ],
      [
        'sub-b',
        [
          ['ses-1', 30, null],
          ['ses-2', 200, null],
        ],
      ],
    ])
  })

  test('gives each child the fold of its id and a key that neither is nor holds the id', async () => {
    const root = writeDataSet(soundSet())
    const [first, second] = [await load(root), await load(root)]
    expect(first).toEqual(second)
    for (const { participant, fold, key } of first.children) {
      expect(fold).toBe(foldOf(study, 'here', participant))
      expect(key).toMatch(/^[0-9a-f]{16}$/)
    }
    expect(new Set(first.children.map(({ key }) => key)).size).toBe(2)
  })

  test('does not depend on the zone of the machine', async () => {
    const root = writeDataSet(
      dataSet({
        'sub-a': [
          { session: 'ses-b', time: '1883-11-18T23:30:00' },
          { session: 'ses-a', time: '1883-11-19T00:10:00' },
        ],
      }),
    )
    const script = `
      const { loadCohort } = await import(${JSON.stringify(join(import.meta.dirname, 'cohort.ts'))})
      const { testStudy } = { testStudy: () => (${JSON.stringify(study)}) }
      const { children } = await loadCohort({ root: ${JSON.stringify(root)}, study: testStudy(), site: 'here' })
      console.log(JSON.stringify(children.map(({ scans }) => scans.map(({ session, day }) => [session, day]))))`
    const daysIn = (zone: string) =>
      execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        env: { ...process.env, TZ: zone },
        encoding: 'utf8',
      }).trim()
    expect(daysIn('America/New_York')).toBe('[[["ses-b",0],["ses-a",1]]]')
    expect(daysIn('Asia/Kolkata')).toBe(daysIn('America/New_York'))
  })

  test('may be a folder of derivatives whose tables lie in the raw data set', async () => {
    const files = soundSet()
    const moved: DataSet = new Map(
      [...files].map(([path, content]) => [
        path.includes('/anat/') ? `derivatives/prep/${path.replace('_FLAIR', '_space-MNI152_FLAIR')}` : path,
        content,
      ]),
    )
    const cohort = await load(join(writeDataSet(moved), 'derivatives', 'prep'))
    expect(cohort.findings).toEqual([])
    expect(cohort.children.map(({ scans }) => scans.map(({ day }) => day))).toEqual([
      [90, 400, 600],
      [30, 200],
    ])
  })

  test('has no labels for a study without a recurrence stage', async () => {
    const cohort = await load(
      writeDataSet(soundSet()),
      testStudy(['{ task: ordering, rounds: 1, learningRate: 1e-3 }']),
    )
    expect(cohort.tasks).toEqual(['ordering'])
    expect(cohort.children.flatMap(({ scans }) => scans.map(({ label }) => label))).toEqual([
      null,
      null,
      null,
      null,
      null,
    ])
  })

  test('cannot be labelled for two horizons at once', async () => {
    const stages = [100, 200].map((days) => `{ task: recurrence, rounds: 1, learningRate: 1e-3, horizonDays: ${days} }`)
    await expect(load(writeDataSet(soundSet()), testStudy(stages))).rejects.toMatchObject({
      code: 'study_invalid',
      message:
        'the study asks for recurrence within 100 and 200 days; all its recurrence stages must share one horizonDays',
    })
  })
})

describe('a folder that is no data set is refused', () => {
  test('because it is not there', async () => {
    const root = join(temporaryFolder(), 'nowhere')
    await expect(load(root)).rejects.toMatchObject({
      code: 'file_unreadable',
      message: `the data folder ${root} cannot be opened (ENOENT); check the path and its permissions`,
    })
  })

  test('because it is a file', async () => {
    const root = join(temporaryFolder(), 'file')
    writeFileSync(root, '')
    await expect(load(root)).rejects.toMatchObject({ code: 'file_unreadable', message: `${root} is not a folder` })
  })

  test('because it has no child', async () => {
    const root = temporaryFolder()
    await expect(load(root)).rejects.toMatchObject({
      code: 'cohort_empty',
      message: `${root} holds no folder called sub-…; give the folder of a BIDS data set, the one with participants.tsv`,
    })
  })

  test.each(['participants.tsv', 'phenotype/recurrence.tsv'])('because %s has slipped columns', async (path) => {
    const files = soundSet()
    await expect(loadSet(files.set(path, `${files.get(path)}sub-c\n`))).rejects.toMatchObject({
      code: 'table_invalid',
      message: expect.stringContaining(`${path}: line `),
    })
  })
})

describe('tables of the data set are joined with its folders both ways', () => {
  test('a child that is not in the chart is held', async () => {
    const files = soundSet().set('participants.tsv', rows([['participant_id'], ['sub-a']]))
    const cohort = await loadSet(files)
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
      'nothing/age sub-b: participants.tsv line 3: age is "90"; write years from 0 to 89, or n/a.',
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
    const cohort = await loadSet(files)
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

describe('outcomes and scans', () => {
  const withOutcome = (row: string) => soundSet().set('phenotype/recurrence.tsv', outcomes({ 'sub-a': row }))

  test('a scan on or after the event is never an input', async () => {
    const cohort = await loadSet(withOutcome('1 400 progression 900 n/a'))
    expect(cohort.children[0]?.scans.map(({ day }) => day)).toEqual([90])
    expect(told(cohort.findings)).toEqual([
      'scan/after-event sub-a ses-10: it is of day 400 and the event of day 400; scans from the event on are never shown to the model.',
      'scan/after-event sub-a ses-2: it is of day 600 and the event of day 400; scans from the event on are never shown to the model.',
    ])
  })

  test('a scan after the last follow-up is an error, and held', async () => {
    expect(await findingsOf(withOutcome('0 n/a n/a 500 n/a'))).toEqual([
      'scan/after-follow-up sub-a ses-2: it is of day 600, but phenotype/recurrence.tsv says that follow-up ended on day 500; ' +
        'correct last_followup_days or the time of the visit.',
    ])
  })

  test('a row that contradicts itself about an event holds the child', async () => {
    const cohort = await loadSet(withOutcome('1 950 recurrence 900 n/a'))
    expect(cohort.children.map(({ participant }) => participant)).toEqual(['sub-b'])
    expect(told(cohort.findings)).toEqual([
      'child/outcome-row sub-a: phenotype/recurrence.tsv line 2: event_days is 950, after last_followup_days, which is 900. ' +
        'Scans from after the event could not be told apart, so the child is not used.',
    ])
  })

  test('a row that is wrong about a child without event leaves it for ordering', async () => {
    const cohort = await loadSet(withOutcome('0 n/a n/a n/a n/a'))
    expect(cohort.children[0]?.scans.map(({ label }) => label)).toEqual([null, null, null])
    expect(told(cohort.findings)).toEqual([
      'outcome/outcome-row sub-a: phenotype/recurrence.tsv line 2: last_followup_days is missing; ' +
        'without it nobody knows how long the child was free of an event. The child takes part in ordering only.',
    ])
  })

  test('a scan from before the surgery is an input and no landmark', async () => {
    const files = dataSet({
      'sub-a': [
        { session: 'ses-pre', day: -3 },
        { session: 'ses-post', day: 2 },
      ],
    }).set('phenotype/recurrence.tsv', outcomes({ 'sub-a': '1 100 recurrence 900 n/a' }))
    const { children } = await loadSet(files)
    expect(children[0]?.scans.map(({ day, label }) => [day, label])).toEqual([
      [-3, null],
      [2, 1],
    ])
  })

  test('days that do not count from the surgery carry no outcome', async () => {
    const visits = [
      { session: 'ses-1', time: '1900-01-01T10:00:00' },
      { session: 'ses-2', time: '1900-06-01T10:00:00' },
    ]
    const files = dataSet({ 'sub-a': visits, 'sub-b': visits }).set(
      'phenotype/recurrence.tsv',
      outcomes({ 'sub-a': '0 n/a n/a 900 n/a', 'sub-b': '1 100 recurrence 900 n/a' }),
    )
    const cohort = await loadSet(files)
    expect(cohort.children.map(({ participant, scans }) => [participant, scans.map(({ label }) => label)])).toEqual([
      ['sub-a', [null, null]],
    ])
    const reason =
      'phenotype/recurrence.tsv counts days from the surgery, but no visit says how long after it was (days_since_surgery).'
    expect(told(cohort.findings)).toEqual([
      `outcome/not-placed sub-a: ${reason} The child takes part in ordering only.`,
      `child/not-placed sub-b: ${reason} Scans from after the event could not be told apart, so the child is not used.`,
    ])
  })
})

describe("a child's own tables and folders", () => {
  test('a visit table that is none holds the child', async () => {
    const files = soundSet().set('sub-b/sub-b_sessions.tsv', 'session_id\tacq_time\nses-1\n')
    expect(await findingsOf(files)).toEqual([
      'child/visit-table sub-b: sub-b/sub-b_sessions.tsv: line 2 has 1 cell where the header names 2 columns',
    ])
  })

  test('two rows of one visit hold the child', async () => {
    const day = { session: 'ses-1', day: 30 }
    expect(await findingsOf(soundSet().set('sub-b/sub-b_sessions.tsv', visitTable([day, day])))).toEqual([
      'child/visit-table sub-b: sub-b/sub-b_sessions.tsv: lines 2 and 3 are both about "ses-1"; keep one',
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
    const cohort = await loadSet(soundSet().set('sub-b/sub-b_sessions.tsv', visitTable(visits)))
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

describe('the time of a scan', () => {
  const undated = (): DataSet => {
    const files = dataSet({ 'sub-a': [{ session: 'ses-1' }, { session: 'ses-2' }] })
    files.delete('sub-a/sub-a_sessions.tsv')
    return files
  }
  const scanTable = (session: string, ...lines: [string, string][]) =>
    [`sub-a/${session}/sub-a_${session}_scans.tsv`, rows([['filename', 'acq_time'], ...lines])] as const
  const daysOf = async (files: DataSet) =>
    (await loadSet(files)).children.flatMap(({ scans }) => scans.map(({ session, day }) => [session, day]))

  test('is taken from the scan table where there is no visit table', async () => {
    const files = undated()
    files.set(...scanTable('ses-1', ['anat/sub-a_ses-1_FLAIR.nii.gz', '1900-03-01T10:00:00']))
    files.set(...scanTable('ses-2', ['anat/sub-a_ses-2_FLAIR.nii.gz', '1900-02-27T10:00:00']))
    expect(await daysOf(files)).toEqual([
      ['ses-2', 0],
      ['ses-1', 2],
    ])
  })

  test('else from the sidecar, else from a date in the name, and never from the file', async () => {
    const files = undated()
    files.set('sub-a/ses-1/anat/sub-a_ses-1_FLAIR.json', '{"AcquisitionDateTime": "1900-03-01T10:00:00.000000"}')
    files.delete(imagePath('sub-a', 'ses-2'))
    files.set(imagePath('sub-a', 'ses-19000227'), 'image')
    files.set(imagePath('sub-a', 'ses-3', 'acq-19000302_FLAIR.nii'), 'image 3')
    files.set(imagePath('sub-a', 'ses-4'), 'image 4')
    expect(await daysOf(files)).toEqual([
      ['ses-19000227', 0],
      ['ses-1', 2],
      ['ses-3', 3],
    ])
  })

  test('must be the same day in both tables', async () => {
    const files = soundSet()
    files.set(
      'sub-a/ses-z/sub-a_ses-z_scans.tsv',
      rows([
        ['filename', 'acq_time'],
        ['anat/sub-a_ses-z_FLAIR.nii.gz', '1867-07-15T13:45:30'],
      ]),
    )
    expect(await findingsOf(files)).toEqual([
      'scan/times-disagree sub-a ses-z: the visit table says 1867-06-15 and the scan table 1867-07-15; correct one of them.',
    ])
  })

  test('in a scan table is checked, and the table joined with the images both ways', async () => {
    const files = undated()
    files.set(
      ...scanTable(
        'ses-1',
        ['anat/sub-a_ses-1_T1w.nii.gz', '1900-03-01T10:00:00'],
        ['func/sub-a_ses-1_bold.nii.gz', 'n/a'],
        ['func/sub-a_ses-1_bold.nii.gz', 'n/a'],
      ),
    )
    files.set(...scanTable('ses-2', ['anat/sub-a_ses-2_FLAIR.nii.gz', 'March']))
    const findings = await findingsOf(files)
    expect(findings.slice(0, 4)).toEqual([
      'nothing/scan-table sub-a ses-1: sub-a/ses-1/sub-a_ses-1_scans.tsv line 4: "func/sub-a_ses-1_bold.nii.gz" is there twice; the first row counts.',
      'nothing/scan-table sub-a ses-1: sub-a/ses-1/sub-a_ses-1_scans.tsv does not list 1 (sub-a_ses-1_FLAIR.nii.gz).',
      'nothing/scan-table sub-a ses-1: sub-a/ses-1/sub-a_ses-1_scans.tsv lists images that are not there: 1 ("anat/sub-a_ses-1_T1w.nii.gz").',
      'scan/scan-table sub-a ses-2: in the scan table, acq_time is "March"; write a date of the calendar as YYYY-MM-DDThh:mm:ss, or n/a.',
    ])
  })

  test('is not guessed from a broken scan table or sidecar', async () => {
    const files = undated()
    files.set('sub-a/ses-1/sub-a_ses-1_scans.tsv', 'filename\tfilename\n')
    files.set('sub-a/ses-1/anat/sub-a_ses-1_FLAIR.json', 'soon')
    files.set('sub-a/ses-2/anat/sub-a_ses-2_FLAIR.json', '{"AcquisitionDateTime": "10:00:00"}')
    expect(await findingsOf(files)).toEqual([
      'nothing/scan-table sub-a ses-1: sub-a/ses-1/sub-a_ses-1_scans.tsv: line 1, column 2: "filename" is there twice; the table is not used.',
      'scan/time-missing sub-a ses-1: sub-a/ses-1/anat/sub-a_ses-1_FLAIR.json was asked for the time of the scan and cannot be read: it is not JSON text.',
      'scan/time-missing sub-a ses-2: sub-a/ses-2/anat/sub-a_ses-2_FLAIR.json: AcquisitionDateTime is "10:00:00"; ' +
        'write a date of the calendar as YYYY-MM-DDThh:mm:ss, or n/a.',
      'child/nothing-to-learn sub-a: none of its scans can be used.',
    ])
  })
})

describe('links', () => {
  /** A sound set with `path` replaced by a link to `target`. */
  const linked = (path: string, target: (root: string) => string): string => {
    const root = writeDataSet(soundSet())
    rmSync(join(root, path), { recursive: true, force: true })
    mkdirSync(dirname(join(root, path)), { recursive: true })
    symlinkSync(target(root), join(root, path))
    return root
  }
  const outside = (content = 'secret'): string => {
    const file = join(temporaryFolder(), 'outside')
    writeFileSync(file, content)
    return file
  }

  test('inside the folder are followed, as in data sets kept by git-annex', async () => {
    const root = linked(imagePath('sub-b', 'ses-1'), (folder) => join(folder, 'objects', 'x'))
    mkdirSync(join(root, 'objects'))
    writeFileSync(join(root, 'objects', 'x'), 'image')
    const { children, findings } = await load(root)
    expect(findings).toEqual([])
    expect(children[1]?.scans[0]?.file.endsWith(join('objects', 'x'))).toBe(true)
  })

  test('to an image outside hold the scan', async () => {
    const { findings, children } = await load(linked(imagePath('sub-b', 'ses-1'), () => outside()))
    expect(children[1]?.scans).toHaveLength(1)
    expect(told(findings)).toEqual([
      'scan/unreadable sub-b ses-1: "sub-b/ses-1/anat/sub-b_ses-1_FLAIR.nii.gz" is a link that leads out of the data folder; ' +
        'copy what it points to into the folder.',
    ])
  })

  test('to nothing hold the scan', async () => {
    const { findings } = await load(linked(imagePath('sub-b', 'ses-1'), () => '/nowhere/at/all'))
    expect(told(findings)).toEqual(['scan/unreadable sub-b ses-1: it is a link to a file that is not there.'])
  })

  test('to a folder outside hold what would have been in it', async () => {
    const elsewhere = writeDataSet(new Map([['anat/sub-b_ses-1_FLAIR.nii.gz', 'image']]))
    const visit = await load(linked('sub-b/ses-1', () => elsewhere))
    expect(visit.findings.map(({ holds, rule }) => `${holds}/${rule}`)).toEqual(['scan/unreadable', 'scan/no-image'])
    const child = await load(linked('sub-b', () => elsewhere))
    expect(child.findings.map(({ holds, rule }) => `${holds}/${rule}`)).toEqual(['child/unreadable'])
  })

  test('to a table outside are refused', async () => {
    const text = outcomes({ 'sub-a': '0 n/a n/a 900 n/a' })
    await expect(load(linked('phenotype/recurrence.tsv', () => outside(text)))).rejects.toMatchObject({
      code: 'file_unreadable',
      message:
        '"phenotype/recurrence.tsv" is a link that leads out of the data folder; copy what it points to into the folder',
    })
  })

  test('that go round in circles are no trap', async () => {
    const { findings } = await load(linked('sub-b/ses-1', (root) => join(root, 'sub-b')))
    expect(findings.map(({ rule }) => rule)).toEqual(['no-image'])
  })

  test('and pipes in the place of files are not opened', async () => {
    const files = soundSet()
    files.delete('sub-b/sub-b_sessions.tsv')
    const root = writeDataSet(files)
    execFileSync('mkfifo', [join(root, 'sub-b/sub-b_sessions.tsv')])
    const { findings } = await load(root)
    expect(told(findings)).toEqual(['child/unreadable sub-b: "sub-b/sub-b_sessions.tsv" is not a file'])
  })
})
