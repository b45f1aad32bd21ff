import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decideOnScan, exclusionsText } from '../commands/exclude.ts'
import { siteHome, writeSettings } from '../home.ts'
import { type Cohort, loadCohort } from './cohort.ts'
import { exclusionsOf, noExclusions, readDecisions } from './exclusions.ts'
import {
  type DataSet,
  imagePath,
  soundSet,
  temporaryFolder,
  testStudy,
  told,
  visitTable,
  writeDataSet,
} from './testsupport/data-set.ts'

const clock = { now: () => Date.UTC(2026, 10, 25, 4, 5, 6) }

/** A set whose second child has a third visit. @param spoil changes it first */
async function site(spoil: (files: DataSet) => void = () => {}) {
  const files = soundSet().set(imagePath('sub-b', 'ses-3'), 'a third image')
  files.set(
    'sub-b/sub-b_sessions.tsv',
    visitTable(['ses-1', 'ses-2', 'ses-3'].map((session, i) => ({ session, day: 30 + 170 * i }))),
  )
  spoil(files)
  const [home, root] = [siteHome(temporaryFolder()), writeDataSet(files)]
  await writeSettings(home, { data: root, threads: 1 })
  return {
    home,
    decide: (action: 'exclude' | 'include', place: string, reason?: string) =>
      decideOnScan(home, { action, place, ...(reason !== undefined && { reason }) }, clock),
    cohort: async () => {
      const exclusions = exclusionsOf(await readDecisions(home.exclusionsFile))
      return loadCohort({ root, study: testStudy(), site: 'here', exclusions })
    },
  }
}

const sameDay = visitTable([
  { session: 'ses-1', day: 30 },
  { session: 'ses-2', day: 30 },
  { session: 'ses-3', day: 200 },
])

function scansOf({ children }: Cohort, child: string): string[] | undefined {
  return children.find(({ participant }) => participant === child)?.scans.map(({ session }) => session)
}

describe('a scan that is taken out by hand', () => {
  test('is held back with who, when and why, until it is put back', async () => {
    const { decide, cohort, home } = await site()
    await decide('exclude', 'sub-a/ses-10', 'strong motion')
    const without = await cohort()
    expect(scansOf(without, 'sub-a')).toEqual(['ses-z', 'ses-2'])
    expect(told(without.findings).join('\n')).toMatch(
      /scan\/excluded sub-a ses-10: it was excluded by hand on 2026-11-25 by \S+: strong motion\. To use it again: site include sub-a\/ses-10/,
    )
    expect(await exclusionsText(home)).toMatch(/^2026-11-25T04:05:06\.000Z {2}\S+ {2}sub-a\/ses-10: strong motion$/)
    await decide('include', 'sub-a/ses-10')
    expect(scansOf(await cohort(), 'sub-a')).toEqual(['ses-z', 'ses-10', 'ses-2'])
    expect(await exclusionsText(home)).toBe('Nothing is excluded by hand.')
    const actions = (await readDecisions(home.exclusionsFile)).map(({ action, child, visit }) => [action, child, visit])
    expect(actions).toEqual([
      ['exclude', 'sub-a', 'ses-10'],
      ['include', 'sub-a', 'ses-10'],
    ])
  })

  test('leaves the other of two visits of a day, and is itself told as excluded alone', async () => {
    const { decide, cohort } = await site((files) => files.set('sub-b/sub-b_sessions.tsv', sameDay))
    expect(scansOf(await cohort(), 'sub-b')).toEqual(['ses-3'])
    await decide('exclude', 'sub-b/ses-2', 'broken off and repeated')
    const after = await cohort()
    expect(scansOf(after, 'sub-b')).toEqual(['ses-1', 'ses-3'])
    expect(told(after.findings).filter((line) => line.includes('sub-b ses'))).toEqual([
      expect.stringMatching(/^scan\/excluded sub-b ses-2: .*broken off and repeated/),
    ])
  })

  test('holds nobody any more by its date, and is told as excluded whatever holds the child', async () => {
    const visits = [
      { session: 'ses-1', day: 10, time: '1900-01-11T00:00:00' },
      { session: 'ses-2', day: 100, time: '1800-04-11T00:00:00' },
      { session: 'ses-3', day: 200, time: '1900-07-20T00:00:00' },
    ]
    const { decide, cohort } = await site((files) => files.set('sub-b/sub-b_sessions.tsv', visitTable(visits)))
    expect(scansOf(await cohort(), 'sub-b')).toBeUndefined()
    await decide('exclude', 'sub-b/ses-2', 'of another child')
    expect(scansOf(await cohort(), 'sub-b')).toEqual(['ses-1', 'ses-3'])
    await decide('include', 'sub-b/ses-2')
    await decide('exclude', 'sub-b/ses-1', 'motion')
    const held = await cohort()
    expect(scansOf(held, 'sub-b')).toBeUndefined()
    const lines = told(held.findings).join('\n')
    expect(lines).toMatch(/scan\/excluded sub-b ses-1/)
    expect(lines).toMatch(/child\/times-disagree sub-b: from ses-2 to ses-3/)
  })

  test('may be a whole child, of whom nothing is used then', async () => {
    const { decide, cohort } = await site()
    await decide('exclude', 'sub-b', 'consent withdrawn')
    const { children, findings } = await cohort()
    expect(children.map(({ participant }) => participant)).toEqual(['sub-a'])
    expect(told(findings).some((line) => line.startsWith('child/excluded sub-b: it was excluded'))).toBe(true)
  })

  test.each([
    [
      'a visit that there is not',
      'exclude',
      'sub-a/ses-3',
      'why',
      /has no visit "ses-3"; there are 3 \(ses-10, ses-2, ses-z\)/,
    ],
    ['a child that there is not', 'exclude', 'sub-c', 'why', /no child "sub-c"/],
    ['no reason', 'exclude', 'sub-a/ses-2', undefined, /say why/],
    ['a reason of two lines', 'exclude', 'sub-a/ses-2', 'a\nb', /one line/],
    ['a path', 'exclude', 'sub-a/ses-2/anat', 'why', /names no scan/],
    ['what was never taken out', 'include', 'sub-a/ses-2', undefined, /not excluded by hand/],
  ] as const)('is refused for %s, and nothing is recorded', async (_, action, place, reason, message) => {
    const { decide, home } = await site()
    await expect(decide(action, place, reason)).rejects.toThrow(message)
    expect(await readDecisions(home.exclusionsFile)).toEqual([])
  })

  test('stays taken out when the last line of the record was torn, and a damaged record is told, never passed over', async () => {
    const { decide, home } = await site()
    await decide('exclude', 'sub-a/ses-2', 'why')
    appendFileSync(home.exclusionsFile, '{"at":"2026')
    expect([...exclusionsOf(await readDecisions(home.exclusionsFile)).keys()]).toEqual(['sub-a/ses-2'])
    await decide('exclude', 'sub-b', 'why')
    expect([...exclusionsOf(await readDecisions(home.exclusionsFile)).keys()]).toEqual(['sub-a/ses-2', 'sub-b'])
    appendFileSync(home.exclusionsFile, '{"at":"2026\n')
    await expect(readDecisions(home.exclusionsFile)).rejects.toThrow(/line 3 of .* is damaged/)
    expect(readFileSync(home.exclusionsFile, 'utf8')).toContain('"reason":"why"')
    expect(await readDecisions(join(home.folder, 'nothing.jsonl'))).toEqual([])
    expect(exclusionsOf([])).toEqual(noExclusions)
  })
})
