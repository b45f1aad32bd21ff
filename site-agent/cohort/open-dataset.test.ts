import { describe, expect, test } from 'vitest'
import { loadCohort } from './cohort.ts'
import { type DataLayout, openDataset } from './open-dataset.ts'
import { type DataSet, outcomes, rows, soundSet, testStudy, told, writeDataSet } from './testsupport/data-set.ts'

const filesOf = (...paths: readonly string[]): DataSet => new Map(paths.map((path) => [path, `image ${path}`]))

async function cohortOf(files: DataSet, layout: DataLayout = {}) {
  const root = writeDataSet(files)
  const { children, findings } = await loadCohort({ root, study: testStudy(), site: 'here', layout })
  return {
    scans: Object.fromEntries(
      children.map(({ participant, scans }) => [
        participant,
        scans.map(({ session, day, path }) => [session, day, path]),
      ]),
    ),
    labels: Object.fromEntries(
      children.map(({ participant, scans }) => [participant, scans.map(({ label }) => label)]),
    ),
    findings: told(findings).join('\n'),
  }
}

const lumiere = filesOf(
  ...['FLAIR', 'CT1', 'T1', 'T2'].map((sequence) => `Imaging/Patient-001/week-000-1/${sequence}.nii.gz`),
  'Imaging/Patient-001/week-000-2/FLAIR.nii.gz',
  'Imaging/Patient-001/week-044/FLAIR.nii.gz',
  'Imaging/Patient-002/week-010/FLAIR.nii.gz',
  'Imaging/Patient-002/week-003/FLAIR.nii.gz',
)

describe('a folder in another layout than BIDS', () => {
  test('with a date in each name is read in order of the dates', async () => {
    const files = filesOf(
      'P7_18991231.nii.gz',
      'P7_18990105.nii.gz',
      'P8_19000101.nii',
      'P8_19000301.nii',
      'readme.nii',
    )
    const { scans, findings } = await cohortOf(files, { sequence: 'FLAIR' })
    expect(scans).toEqual({
      P7: [
        ['ses-18990105', 0, 'P7_18990105.nii.gz'],
        ['ses-18991231', 360, 'P7_18991231.nii.gz'],
      ],
      P8: [
        ['ses-19000101', 0, 'P8_19000101.nii'],
        ['ses-19000301', 59, 'P8_19000301.nii'],
      ],
    })
    expect(findings).toMatch(/nothing\/layout: the folder was read in the layout flat/)
    expect(findings).toMatch(/1 images are named otherwise/)
  })

  test('whose names do not say the sequence is refused until a person says it', async () => {
    await expect(cohortOf(filesOf('P7_18990105.nii.gz'))).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/do not say of which sequence they are; write sequence: FLAIR/),
    })
  })

  test('is joined with the list of scans both ways: by the child and its dates, never by the order of rows', async () => {
    const files = filesOf(
      ...[
        'P7_18990105.nii.gz',
        'P7_18991231.nii.gz',
        'P8_19000101.nii',
        'P8_19000301.nii',
        'P9_18800101.nii',
        'P9_18800601.nii',
      ],
    ).set('list.csv', 'pat_id,scandate,label\nP8,19000101-19000301-19000401,0\nP7,18991231-18990105,1\nP5,18990101,1\n')
    const columns = { participant_id: 'pat_id', scan_dates: 'scandate', label: 'label' }
    const { scans, findings } = await cohortOf(files, {
      sequence: 'FLAIR',
      tables: { scans: { file: 'list.csv', columns } },
    })
    expect(Object.keys(scans)).toEqual(['P7', 'P8'])
    expect(scans.P7?.map(([session]) => session)).toEqual(['ses-18990105', 'ses-18991231'])
    expect(findings).toMatch(/child\/not-listed P9: list\.csv does not list it/)
    expect(findings).toMatch(/nothing\/scan-table P8: list\.csv lists 1 scans? that .* not there: 1 \("19000401"\)/)
    expect(findings).toMatch(/list\.csv lists children without an image: 1 \("P5"\)/)
    expect(findings).toMatch(/list\.csv says whether and not when/)
  })

  test('holds a scan back whose date is none of the calendar', async () => {
    const files = filesOf('P7_18990105.nii.gz', 'P7_18991399.nii.gz', 'P7_18990205.nii.gz')
    const { scans, findings } = await cohortOf(files, { sequence: 'FLAIR' })
    expect(scans.P7).toHaveLength(2)
    expect(findings).toMatch(/scan\/time-missing P7 ses-18991399/)
  })

  test('of LUMIERE counts days by weeks, a second scan of a week a day later, and says so', async () => {
    const { scans, findings } = await cohortOf(lumiere)
    expect(scans).toEqual({
      'Patient-001': [
        ['ses-week0001', 0, 'Imaging/Patient-001/week-000-1/FLAIR.nii.gz'],
        ['ses-week0002', 1, 'Imaging/Patient-001/week-000-2/FLAIR.nii.gz'],
        ['ses-week044', 308, 'Imaging/Patient-001/week-044/FLAIR.nii.gz'],
      ],
      'Patient-002': [
        ['ses-week003', 0, 'Imaging/Patient-002/week-003/FLAIR.nii.gz'],
        ['ses-week010', 49, 'Imaging/Patient-002/week-010/FLAIR.nii.gz'],
      ],
    })
    expect(findings).toMatch(/a week counts as seven days from week 0/)
    expect(findings).not.toMatch(/real-dates/)
  })

  test('of LUMIERE gets outcomes only when a table says how long after the surgery its visits were', async () => {
    const days = [
      ['Patient-001', 'week-000-1', '-3'],
      ['Patient-001', 'week-000-2', '2'],
      ['Patient-001', 'week-044', '301'],
    ]
    const files = new Map(lumiere)
      .set('visits.csv', ['pat,visit,days', ...days.map((row) => row.join(','))].join('\n'))
      .set('phenotype/recurrence.tsv', outcomes({ 'Patient-001': '1 330 recurrence 900 n/a' }))
    expect((await cohortOf(files)).findings).toMatch(/child\/not-placed Patient-001: .*days_since_surgery/)
    const visits = {
      file: 'visits.csv',
      columns: { participant_id: 'pat', session_id: 'visit', days_since_surgery: 'days' },
    }
    const { scans, labels } = await cohortOf(files, { tables: { visits } })
    expect(scans['Patient-001']?.map(([, day]) => day)).toEqual([-3, 2, 301])
    expect(labels['Patient-001']).toEqual([null, 1, 1])
  })

  test.each([
    [
      'brats-gli',
      ['BraTS-GLI-00005-101/BraTS-GLI-00005-101-t2f.nii.gz', 'BraTS-GLI-00005-100/BraTS-GLI-00005-100-t2f.nii.gz'],
      'BraTS-GLI-00005',
      ['100', '101'],
    ],
    [
      'rhuh-gbm',
      ['RHUH-0001/0/RHUH-0001_0_flair.nii.gz', 'RHUH-0001/1/RHUH-0001_1_flair.nii.gz'],
      'RHUH-0001',
      ['0', '1'],
    ],
    [
      'mu-glioma-post',
      [1, 2].map((n) => `PatientID_0003/Timepoint_${n}/PatientID_0003_Timepoint_${n}_brain_t2f.nii.gz`),
      'PatientID_0003',
      ['Timepoint_1', 'Timepoint_2'],
    ],
  ])(
    'of %s gets its days from the table of visits, and holds scans back without it',
    async (layout, paths, child, visits) => {
      const files = filesOf(...paths)
      const without = await cohortOf(files)
      expect(without.scans).toEqual({})
      expect(without.findings).toMatch(new RegExp(`layout ${layout}`))
      expect(without.findings).toMatch(new RegExp(`scan/time-missing ${child} ses-`))
      files.set(
        'visits.tsv',
        rows([
          ['participant_id', 'session_id', 'days_since_surgery'],
          ...visits.map((visit, k) => [child, visit, String(40 + 100 * k)]),
        ]),
      )
      const { scans } = await cohortOf(files, { tables: { visits: { file: 'visits.tsv', columns: {} } } })
      expect(scans[child]?.map(([, day]) => day)).toEqual([40, 140])
    },
  )

  test('never takes an image with contrast agent for one without', async () => {
    const names = ['t1c', 't2w'].map((word) => `BraTS-GLI-00005-100/BraTS-GLI-00005-100-${word}.nii.gz`)
    const dataset = await openDataset(writeDataSet(filesOf(...names)))
    const child = await dataset.readChild('BraTS-GLI-00005')
    const told = child.visits[0]?.images.map(({ name }) => [name.sequence, name.entities.has('ce')])
    expect(told).toEqual([
      ['T1w', true],
      ['T2w', false],
    ])
  })

  test('that fits two layouts is refused until a person says which', async () => {
    const both = new Map([...lumiere, ...filesOf('P7_18990105.nii.gz')])
    await expect(cohortOf(both)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/flat \(1 images\) and lumiere \(8 images\)/),
    })
    expect(Object.keys((await cohortOf(both, { layout: 'lumiere' })).scans)).toEqual(['Patient-001', 'Patient-002'])
  })

  test('that fits none is refused with the layouts that there are', async () => {
    await expect(cohortOf(filesOf('scan1.nii.gz'))).rejects.toMatchObject({
      code: 'cohort_empty',
      message: expect.stringMatching(/lumiere: Patient-001/),
    })
    await expect(cohortOf(lumiere, { layout: 'rhuh-gbm' })).rejects.toMatchObject({ code: 'config_invalid' })
  })
})

describe("a hospital's own tables", () => {
  const own = {
    outcomes: {
      file: 'follow-up.csv',
      columns: {
        participant_id: 'Patient',
        event: 'Relapse',
        event_days: 'Days to relapse',
        last_followup_days: 'Last seen',
      },
    },
  } as const

  test('take the place of those of BIDS, by their own names for columns and for children', async () => {
    const files = soundSet().set(
      'follow-up.csv',
      'Patient;Relapse;Days to relapse;Last seen\na;1;650;900\nb;0;;700\nz;0;;10\n',
    )
    const { labels, findings } = await cohortOf(files, { tables: own })
    expect(labels).toEqual({ 'sub-a': [0, 1, 1], 'sub-b': [0, 0] })
    expect(findings).toMatch(/follow-up\.csv has outcomes of children without a folder: 1 \("z"\)/)
  })

  test('are named in what is wrong with them', async () => {
    const wrong = soundSet().set('follow-up.csv', 'Patient;Relapse;Days to relapse;Last seen\na;1;650;300\n')
    expect((await cohortOf(wrong, { tables: own })).findings).toMatch(
      /follow-up\.csv line 2: event_days is 650, after last_followup_days, which is 300/,
    )
    await expect(cohortOf(soundSet(), { tables: own })).rejects.toThrow(
      /follow-up\.csv: site\.yaml names this table, and it is not there/,
    )
    const without = soundSet().set('follow-up.csv', 'Patient;Relapse\na;1\n')
    await expect(cohortOf(without, { tables: own })).rejects.toThrow(
      'columns "Days to relapse", "Last seen" are missing; the table has 2 ("Patient", "Relapse")',
    )
  })

  test('are read as spreadsheets of many countries save them', async () => {
    const text = '\ufeffsep=;\r\n"Patient";"Relapse";"Days to relapse";"Last seen"\r\na;1;650,5;900\r\nb;0;;700\r\n'
    const { labels, findings } = await cohortOf(soundSet().set('follow-up.csv', text), { tables: own })
    expect(labels).toEqual({ 'sub-a': [0, 1, 1], 'sub-b': [0, 0] })
    expect(findings).toBe('')
  })

  test('are not read where a date stands in the place of days, or letters are not UTF-8', async () => {
    const dated = soundSet().set('follow-up.csv', 'Patient;Relapse;Days to relapse;Last seen\na;1;12.03.2021;900\n')
    expect((await cohortOf(dated, { tables: own })).findings).toContain(
      'child/outcome-row sub-a: follow-up.csv line 2: event_days is "12.03.2021", which looks like a date',
    )
    const latin = Buffer.from('Patient;Relapse;Days to relapse;Last seen;R\u00fcckfall\na;1;650;900;n\n', 'latin1')
    await expect(cohortOf(soundSet().set('follow-up.csv', latin), { tables: own })).rejects.toThrow(
      'follow-up.csv: it is not UTF-8 text; save it as UTF-8',
    )
  })

  test('are never left unread: a BIDS data set has its visits in tables of its own', async () => {
    const visits = { file: 'visits.csv', columns: {} }
    await expect(cohortOf(soundSet(), { tables: { visits } })).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining("each child's visits stand in sub-X/sub-X_sessions.tsv"),
    })
  })

  test('tell of two names that look like one child', async () => {
    const files = soundSet()
    for (const [path, content] of soundSet()) files.set(path.replaceAll('sub-a', 'sub-A'), content)
    expect((await cohortOf(files)).findings).toMatch(/"sub-A" and "sub-a" look like one child under two names/)
  })
})
