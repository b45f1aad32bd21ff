import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decideOnScan, exclusionsText } from '../commands/exclude.ts'
import { siteHome, writeSettings } from '../home.ts'
import { loadCohort } from './cohort.ts'
import { exclusionsOf, noExclusions, readDecisions } from './exclusions.ts'
import { soundSet, temporaryFolder, testStudy, told, writeDataSet } from './testsupport/data-set.ts'

const clock = { now: () => Date.UTC(2026, 10, 25, 4, 5, 6) }

async function site() {
  const [home, root] = [siteHome(temporaryFolder()), writeDataSet(soundSet())]
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

describe('a scan that is taken out by hand', () => {
  test('is held back with who, when and why, until it is put back', async () => {
    const { decide, cohort, home } = await site()
    await decide('exclude', 'sub-a/ses-10', 'strong motion')
    const without = await cohort()
    const scansOf = ({ children }: typeof without) =>
      children.find(({ participant }) => participant === 'sub-a')?.scans.map(({ session }) => session)
    expect(scansOf(without)).toEqual(['ses-z', 'ses-2'])
    expect(told(without.findings).join('\n')).toMatch(
      /scan\/excluded sub-a ses-10: it was excluded by hand on 2026-11-25 by \S+: strong motion\. To use it again: site include sub-a\/ses-10/,
    )
    expect(await exclusionsText(home)).toMatch(/^2026-11-25T04:05:06\.000Z {2}\S+ {2}sub-a\/ses-10: strong motion$/)
    await decide('include', 'sub-a/ses-10')
    expect(scansOf(await cohort())).toEqual(['ses-z', 'ses-10', 'ses-2'])
    expect(await exclusionsText(home)).toBe('Nothing is excluded by hand.')
    const actions = (await readDecisions(home.exclusionsFile)).map(({ action, child, visit }) => [action, child, visit])
    expect(actions).toEqual([
      ['exclude', 'sub-a', 'ses-10'],
      ['include', 'sub-a', 'ses-10'],
    ])
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
