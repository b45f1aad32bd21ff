// The sequence of a child, from its folder to what training, evaluation and bedside are given: all three read the cohort.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CohortScan, loadCohort } from './cohort.ts'
import {
  dataSet,
  imagePath,
  loadFolder,
  outcomes,
  testStudy,
  visitTable,
  writeDataSet,
} from './testsupport/data-set.ts'

const child = 'sub-a'
const name = (visit: number): string => `ses-${visit}`

/** A child with these images at its visits, 100 days apart unless days are given; an image with nothing in it is none. */
function childOf(visits: readonly (readonly string[])[], days = visits.map((_, visit) => 100 * (visit + 1))) {
  const listed = visits.map((_, visit) => ({ session: name(visit), day: days[visit] ?? 0 }))
  const files = dataSet({ [child]: listed })
  files.set(`${child}/${child}_sessions.tsv`, visitTable(listed))
  files.set('phenotype/recurrence.tsv', outcomes({ [child]: '0 n/a n/a 3000 n/a' }))
  for (const [visit, rests] of visits.entries()) {
    files.delete(imagePath(child, name(visit)))
    files.set(join(child, name(visit), 'note.txt'), 'a folder without images')
    for (const rest of rests) files.set(imagePath(child, name(visit), `${rest}.nii.gz`), `${rest} of ${visit}`)
  }
  return files
}

async function shown(root: string): Promise<readonly CohortScan[]> {
  return (await loadFolder(root)).children[0]?.scans ?? []
}

const imagesOf = async (...args: Parameters<typeof childOf>): Promise<string[]> =>
  (await shown(writeDataSet(childOf(...args)))).map(
    ({ day, path }) => `${day} ${path.replace(/.*ses-\d+_(.*)\.nii\.gz/, '$1')}`,
  )

describe('a child is shown in one sequence throughout,', () => {
  test('that of its first visit, whatever most of its visits have', async () => {
    const visits = [['FLAIR', 'T2w'], ['FLAIR', 'T2w'], ['T2w'], ['T2w'], ['T2w']]
    expect(await imagesOf(visits)).toEqual(['100 FLAIR', '200 FLAIR'])
    expect(await imagesOf([['T2w'], ['FLAIR'], ['FLAIR', 'T2w']])).toEqual(['100 T2w', '300 T2w'])
  })

  test('the first in time and not by name', async () => {
    expect(await imagesOf([['T2w'], ['FLAIR', 'T2w'], ['FLAIR']], [300, 20, 90])).toEqual(['20 FLAIR', '90 FLAIR'])
  })

  test('without contrast agent where the first visit has such an image', async () => {
    const visits = [
      ['ce-gadolinium_FLAIR', 'T2w'],
      ['FLAIR', 'T2w'],
    ]
    expect(await imagesOf(visits)).toEqual(['100 T2w', '200 T2w'])
  })

  test('the preferred one of the first day, where two visits are of it', async () => {
    expect(await imagesOf([['T2w'], ['FLAIR'], ['FLAIR', 'T2w']], [10, 10, 90])).toEqual(['10 FLAIR', '90 FLAIR'])
  })

  test('of the first visit, also where a visit that was taken out tells when that was', async () => {
    const files = childOf([['FLAIR', 'T2w'], ['T2w'], ['FLAIR', 'T2w']])
    const visits = [
      { session: name(0), day: 5, time: '1900-01-06T00:00:00' },
      { session: name(1), time: '1900-01-11T00:00:00' },
      { session: name(2), day: 200 },
    ]
    files.set(`${child}/${child}_sessions.tsv`, visitTable(visits))
    const at = { at: '2026-01-01T00:00:00Z', user: 'a', action: 'exclude', child, visit: name(0) } as const
    const exclusions = new Map([[`${child}/${name(0)}`, at]])
    const { children } = await loadCohort({ root: writeDataSet(files), study: testStudy(), site: 'here', exclusions })
    expect(children[0]?.scans.map(({ day, path }) => `${day} ${path}`)).toEqual([
      `10 ${imagePath(child, name(1), 'T2w.nii.gz')}`,
      `200 ${imagePath(child, name(2), 'T2w.nii.gz')}`,
    ])
  })

  test('of the first visit that is not taken out by hand', async () => {
    const root = writeDataSet(childOf([['FLAIR'], ['T2w'], ['FLAIR', 'T2w']]))
    const at = { at: '2026-01-01T00:00:00Z', user: 'a', action: 'exclude', child, visit: name(0) } as const
    const exclusions = new Map([[`${child}/${name(0)}`, at]])
    const { children } = await loadCohort({ root, study: testStudy(), site: 'here', exclusions })
    expect(children[0]?.scans.map(({ path }) => path)).toEqual([
      imagePath(child, name(1), 'T2w.nii.gz'),
      imagePath(child, name(2), 'T2w.nii.gz'),
    ])
  })
})

test('what is shown of a child up to any visit is what is shown of it when later visits are not there', async () => {
  const images = fc.subarray(['FLAIR', 'T2w', 'ce-gadolinium_FLAIR', 'T1w'])
  const visits = fc.array(fc.record({ images, day: fc.integer({ min: -1, max: 4 }) }), { minLength: 2, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(visits, async (drawn) => {
      const days = drawn.map(({ day }) => 50 * day)
      const root = writeDataSet(
        childOf(
          drawn.map(({ images: all }) => all),
          days,
        ),
      )
      const whole = await shown(root)
      for (const end of [...new Set(days)].toSorted((a, b) => b - a)) {
        for (const [visit, day] of days.entries()) {
          if (day > end) rmSync(join(root, child, name(visit)), { recursive: true, force: true })
        }
        expect(await shown(root)).toEqual(whole.filter(({ day }) => day <= end))
      }
    }),
    { numRuns: 60 },
  )
})
