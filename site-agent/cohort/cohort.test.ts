import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Fold, foldOf } from '../../shared/study/folds.ts'
import { prepareCohort } from './prepare-cohort.ts'
import {
  type DataSet,
  dataSet,
  findingsOf,
  loadFolder,
  outcomes,
  soundSet,
  temporaryFolder,
  testStudy,
  textPreparer,
  told,
  writeDataSet,
} from './testsupport/data-set.ts'

const study = testStudy()

describe('a sound data set', () => {
  test('gives children in order of name with scans in order of time, labelled, and nothing to tell', async () => {
    const cohort = await loadFolder(writeDataSet(soundSet()))
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
    const [first, second] = [await loadFolder(root), await loadFolder(root)]
    expect(first).toEqual(second)
    for (const { participant, fold, key } of first.children) {
      expect(fold).toBe(foldOf(study, 'here', participant))
      expect(key).toMatch(/^[0-9a-f]{16}$/)
    }
    expect(new Set(first.children.map(({ key }) => key)).size).toBe(2)
  })

  describe('puts each child into a fold', () => {
    const visits = [
      { session: 'ses-1', day: 30 },
      { session: 'ses-2', day: 200 },
    ]
    const named = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `sub-${from + i}`)
    const setOf = (children: readonly string[], of = visits): DataSet =>
      dataSet(Object.fromEntries(children.map((child) => [child, of])))
    const foldsOf = async (files: DataSet): Promise<ReadonlyMap<string, Fold>> => {
      const cohort = await loadFolder(writeDataSet(files))
      const { children } = await prepareCohort(cohort, textPreparer())
      const names = new Map(cohort.children.map(({ key, participant }) => [key, participant]))
      return new Map(children.map(({ key, fold }) => [names.get(key) ?? '', fold]))
    }
    const alike = setOf(named(0, 40))

    test.each([
      ['others were added', () => setOf([...named(100, 130), ...named(0, 40)])],
      ['others are gone', () => setOf(named(15, 25))],
      ['the tables list them in another order', () => setOf(named(0, 40).toReversed())],
      ['files are named otherwise', () => renamed(alike, (path) => path.replace('_FLAIR', '_run-1_FLAIR'))],
      ['it has other visits', () => setOf(named(0, 40), [{ session: 'ses-9', day: 20 }, ...visits.slice(0, 1)])],
      [
        'its outcome is known by now',
        () =>
          new Map(alike).set(
            'phenotype/recurrence.tsv',
            outcomes(Object.fromEntries(named(0, 40).map((child) => [child, '1 500 recurrence 900 n/a']))),
          ),
      ],
    ])('by itself alone: the same when %s', async (_, changed) => {
      const [before, after] = [await foldsOf(alike), await foldsOf(changed())]
      const both = [...before.keys()].filter((child) => after.has(child))
      expect(both.length).toBeGreaterThanOrEqual(10)
      expect(new Set(both.map((child) => before.get(child))).size).toBe(3)
      for (const child of both) expect(after.get(child), child).toBe(before.get(child))
    })
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
      const { children } = await loadCohort(${JSON.stringify({ root, study, site: 'here' })})
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
    const cohort = await loadFolder(join(writeDataSet(moved), 'derivatives', 'prep'))
    expect(cohort.findings).toEqual([])
    expect(cohort.children.map(({ scans }) => scans.map(({ day }) => day))).toEqual([
      [90, 400, 600],
      [30, 200],
    ])
  })

  test('has no labels for a study without a recurrence stage', async () => {
    const cohort = await loadFolder(
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
    await expect(loadFolder(writeDataSet(soundSet()), testStudy(stages))).rejects.toMatchObject({
      code: 'study_invalid',
      message:
        'the study asks for recurrence within 100 and 200 days; all its recurrence stages must share one horizonDays',
    })
  })
})

describe('a folder that is no data set is refused', () => {
  test('because it is not there', async () => {
    const root = join(temporaryFolder(), 'nowhere')
    await expect(loadFolder(root)).rejects.toMatchObject({
      code: 'file_unreadable',
      message: `the data folder ${root} cannot be opened (ENOENT); check the path and its permissions`,
    })
  })

  test('because it is a file', async () => {
    const root = join(temporaryFolder(), 'file')
    writeFileSync(root, '')
    await expect(loadFolder(root)).rejects.toMatchObject({
      code: 'file_unreadable',
      message: `${root} is not a folder`,
    })
  })

  test('because it has no child', async () => {
    const root = temporaryFolder()
    await expect(loadFolder(root)).rejects.toMatchObject({
      code: 'cohort_empty',
      message: expect.stringContaining(
        `${root} holds no folder called sub-… and no image in another layout that is known`,
      ),
    })
  })

  test.each(['participants.tsv', 'phenotype/recurrence.tsv'])('because %s has slipped columns', async (path) => {
    const files = soundSet()
    await expect(loadFolder(writeDataSet(files.set(path, `${files.get(path)}sub-c\n`)))).rejects.toMatchObject({
      code: 'table_invalid',
      message: expect.stringContaining(`${path}: line `),
    })
  })
})

describe('outcomes and scans', () => {
  const withOutcome = (row: string) => soundSet().set('phenotype/recurrence.tsv', outcomes({ 'sub-a': row }))

  test('a scan on or after the event is never an input', async () => {
    const cohort = await loadFolder(writeDataSet(withOutcome('1 400 progression 900 n/a')))
    expect(cohort.children[0]?.scans.map(({ day }) => day)).toEqual([90])
    expect(told(cohort.findings)).toEqual([
      'scan/after-event sub-a ses-10: it is of day 400 and the event of day 400; scans from the event on are never shown to the model.',
      'scan/after-event sub-a ses-2: it is of day 600 and the event of day 400; scans from the event on are never shown to the model.',
    ])
  })

  test('a scan on the day of the last follow-up is used', async () => {
    expect(await findingsOf(withOutcome('0 n/a n/a 600 n/a'))).toEqual([])
  })

  test('a scan after the last follow-up is an error, and held', async () => {
    expect(await findingsOf(withOutcome('0 n/a n/a 500 n/a'))).toEqual([
      'scan/after-follow-up sub-a ses-2: it is of day 600, but phenotype/recurrence.tsv says that follow-up ended on day 500; ' +
        'correct last_followup_days or the time of the visit.',
    ])
  })

  test('a row that contradicts itself about an event holds the child', async () => {
    const cohort = await loadFolder(writeDataSet(withOutcome('1 950 recurrence 900 n/a')))
    expect(cohort.children.map(({ participant }) => participant)).toEqual(['sub-b'])
    expect(told(cohort.findings)).toEqual([
      'child/outcome-row sub-a: phenotype/recurrence.tsv line 2: event_days is 950, after last_followup_days, which is 900. ' +
        'Scans from after the event could not be told apart, so the child is not used.',
    ])
  })

  test('a row that is wrong about a child without event leaves it for ordering', async () => {
    const cohort = await loadFolder(writeDataSet(withOutcome('0 n/a n/a n/a n/a')))
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
    const { children } = await loadFolder(writeDataSet(files))
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
    const cohort = await loadFolder(writeDataSet(files))
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

describe('events of several types', () => {
  const counting = (events: string) =>
    testStudy([`{ task: recurrence, rounds: 1, learningRate: 1e-3, horizonDays: 365${events} }`])
  const withOutcome = (row: string) => soundSet().set('phenotype/recurrence.tsv', outcomes({ 'sub-a': row }))
  const childA = async (row: string, events: string) => {
    const { children, findings } = await loadFolder(writeDataSet(withOutcome(row)), counting(events))
    return { child: children.find(({ participant }) => participant === 'sub-a'), findings: told(findings) }
  }

  test('are refused when there are deaths and the study does not say what counts', async () => {
    for (const type of ['death', 'second_tumour']) {
      await expect(childA(`1 700 ${type} 900 n/a`, '')).rejects.toMatchObject({
        code: 'study_invalid',
        message: expect.stringContaining(`events of type ${type}`),
      })
    }
    await expect(childA('1 700 progression 900 n/a', '')).resolves.toMatchObject({ findings: [] })
  })

  test('compete when the study does not count them: what is known ends there, and no scan from then on is used', async () => {
    const { child } = await childA('1 500 death 900 450', ', events: [recurrence]')
    expect(child?.outcome).toEqual({
      ...{ eventDay: 500, eventType: 'death', ending: 'competing' },
      ...{ lastFollowUpDay: 900, treatmentChangeDay: 450 },
    })
    expect(child?.scans.map(({ day, followUp, label }) => [day, followUp, label])).toEqual([
      [90, { days: 410, event: false }, 0],
      [400, { days: 100, event: false }, null],
    ])
  })

  test('without a type cannot be counted by a study that counts some, and still end the scans', async () => {
    const { child, findings } = await childA('1 500 n/a 900 n/a', ', events: [recurrence, progression]')
    expect(child?.scans.map(({ day, followUp }) => [day, followUp])).toEqual([
      [90, null],
      [400, null],
    ])
    expect(findings[0]).toContain('outcome/outcome-row sub-a: phenotype/recurrence.tsv does not say of which type')
  })
})

function renamed(files: DataSet, nameOf: (path: string) => string): DataSet {
  return new Map([...files].map(([path, content]) => [nameOf(path), content]))
}
