// A hospital whose study shows FLAIR and T2w at once, from its folder to what training gets.

import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { renderCheckReport } from './check-report.ts'
import { checkReport } from './checks.ts'
import { prepareCohort } from './prepare-cohort.ts'
import type { ScanPreparer, ScanVolume } from './prepare-visit.ts'
import {
  type DataSet,
  dataSet,
  imagePath,
  loadFolder,
  outcomes,
  textPreparer,
  togetherStudy,
  told,
  writeDataSet,
} from './testsupport/data-set.ts'

const study = togetherStudy()
const t2w = (child: string, session: string): string => imagePath(child, session, 'T2w.nii.gz')

/** Three visits with both sequences, one with FLAIR only, one with T2w only. */
function mixedSet(): DataSet {
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
  for (const session of ['ses-1', 'ses-2', 'ses-3']) files.set(t2w('sub-a', session), `T2w of sub-a ${session}`)
  files.delete(imagePath('sub-a', 'ses-3'))
  files.set(t2w('sub-b', 'ses-1'), 'T2w of sub-b ses-1')
  return files
}

/** As `textPreparer`, with what it was asked. */
function recordingPreparer() {
  const inner = textPreparer()
  const prepared: string[] = []
  const joined: string[] = []
  const short = (file: string | undefined): string =>
    file?.replace(/.*(sub-.)_(ses-.)_(\w+)\.nii\.gz/, '$1 $2 $3') ?? 'none'
  const names = new Map<ScanVolume, string>()
  const preparer: ScanPreparer = {
    prepare: async (path, reference) => {
      const volume = await inner.prepare(path)
      names.set(volume, short(path))
      prepared.push(`${short(path)} to ${reference === undefined ? 'template' : names.get(reference)}`)
      return volume
    },
    join: (images) => {
      joined.push(images.map((image) => (image === undefined ? 'none' : names.get(image))).join(' + '))
      return Promise.resolve(`/cache/joined-${joined.length}.f32`)
    },
  }
  return { preparer, prepared, joined }
}

async function prepare(files: DataSet, preparer: ScanPreparer = textPreparer()) {
  const cohort = await loadFolder(writeDataSet(files), study)
  return { cohort, prepared: await prepareCohort(cohort, preparer, { childrenAtOnce: 1 }) }
}

describe('a cohort of several sequences a visit', () => {
  test('keeps every visit that has one of them, and says of each which are missing', async () => {
    const { cohort, prepared } = await prepare(mixedSet())
    expect(cohort.channels).toEqual(['FLAIR', 'T2w'])
    expect(prepared.used.map(({ participant, scans }) => [participant, scans.map(({ day }) => day)])).toEqual([
      ['sub-a', [30, 200, 400]],
      ['sub-b', [10, 100]],
    ])
    expect(told(cohort.findings)).toEqual([
      'nothing/missing-sequence sub-a ses-3: this visit has no FLAIR; it is used without, and the model is told that it is missing.',
      'nothing/missing-sequence sub-b ses-2: this visit has no T2w; it is used without, and the model is told that it is missing.',
    ])
    expect(prepared.sequences).toEqual([
      { sequence: 'FLAIR', visits: 4, missing: 1 },
      { sequence: 'T2w', visits: 4, missing: 1 },
    ])
  })

  test('registers a visit by its first image, the others of the visit to that one, and joins them in order', async () => {
    const { preparer, prepared: asked, joined } = recordingPreparer()
    const { prepared } = await prepare(mixedSet(), preparer)
    expect(asked).toEqual([
      'sub-a ses-1 FLAIR to template',
      'sub-a ses-1 T2w to sub-a ses-1 FLAIR',
      'sub-a ses-2 FLAIR to sub-a ses-1 FLAIR',
      'sub-a ses-2 T2w to sub-a ses-2 FLAIR',
      'sub-a ses-3 T2w to sub-a ses-1 FLAIR',
      'sub-b ses-1 FLAIR to template',
      'sub-b ses-1 T2w to sub-b ses-1 FLAIR',
      'sub-b ses-2 FLAIR to sub-b ses-1 FLAIR',
    ])
    expect(joined).toEqual([
      'sub-a ses-1 FLAIR + sub-a ses-1 T2w',
      'sub-a ses-2 FLAIR + sub-a ses-2 T2w',
      'none + sub-a ses-3 T2w',
      'sub-b ses-1 FLAIR + sub-b ses-1 T2w',
      'sub-b ses-2 FLAIR + none',
    ])
    const files = prepared.children.flatMap(({ scans }) => scans.map(({ file }) => file))
    expect(files.toSorted()).toEqual([1, 2, 3, 4, 5].map((number) => `/cache/joined-${number}.f32`))
  })

  test('goes on without an image that cannot be prepared, by the next if it was the first, and says which', async () => {
    const files = mixedSet()
      .set(imagePath('sub-a', 'ses-1'), 'scan_unsuitable')
      .set(t2w('sub-a', 'ses-2'), 'scan_unreadable')
    const { preparer, joined } = recordingPreparer()
    const { prepared } = await prepare(files, preparer)
    expect(joined.slice(0, 2)).toEqual(['none + sub-a ses-1 T2w', 'sub-a ses-2 FLAIR + none'])
    expect(told(prepared.findings)).toEqual([
      `image/unsuitable sub-a ses-1: ${imagePath('sub-a', 'ses-1')}: it is scan_unsuitable.`,
      `image/unreadable sub-a ses-2: ${t2w('sub-a', 'ses-2')}: it is scan_unreadable.`,
    ])
    expect(prepared.used[0]?.scans).toHaveLength(3)
    const shownIn = prepared.children.map(({ scans }) => scans.map(({ sequence }) => sequence))
    expect(shownIn.toSorted()).toEqual([
      ['FLAIR and T2w', 'FLAIR'],
      ['T2w', 'FLAIR', 'T2w'],
    ])
    expect(prepared.sequences.map(({ visits, missing }) => [visits, missing])).toEqual([
      [3, 2],
      [3, 2],
    ])
  })

  test('holds back a visit of which no image can be prepared, with each reason', async () => {
    const files = mixedSet()
      .set(imagePath('sub-a', 'ses-1'), 'scan_unsuitable')
      .set(t2w('sub-a', 'ses-1'), 'scan_unreadable')
    const { prepared } = await prepare(files)
    expect(prepared.used[0]?.scans.map(({ day }) => day)).toEqual([200, 400])
    expect(prepared.findings.map(({ holds, rule, visit }) => [holds, rule, visit])).toEqual([
      ['scan', 'unsuitable', 'ses-1'],
      ['scan', 'unreadable', 'ses-1'],
    ])
  })

  test('holds back visits that share an image in any sequence, and one whose sequences are one image', async () => {
    const files = mixedSet()
      .set(t2w('sub-b', 'ses-1'), 'T2w of sub-a ses-2')
      .set(t2w('sub-a', 'ses-1'), 'image of sub-a ses-1')
      .set('phenotype/recurrence.tsv', outcomes({ 'sub-a': '1 500 recurrence 900 n/a' }))
    const { prepared } = await prepare(files)
    expect(prepared.used.flatMap(({ scans }) => scans.map(({ day }) => day))).toEqual([400])
    const duplicates = prepared.findings.filter(({ rule }) => rule === 'duplicate')
    expect(duplicates.map(({ child, visit, file }) => [child, visit, file?.slice(-12)])).toEqual([
      ['sub-a', 'ses-1', 'FLAIR.nii.gz'],
      ['sub-a', 'ses-1', '1_T2w.nii.gz'],
      ['sub-a', 'ses-2', '2_T2w.nii.gz'],
      ['sub-b', 'ses-1', '1_T2w.nii.gz'],
    ])
  })

  test('goes on without an image that is a link to nowhere', async () => {
    const root = writeDataSet(mixedSet())
    const path = imagePath('sub-a', 'ses-1')
    rmSync(join(root, path))
    symlinkSync('nowhere', join(root, path))
    const { children, findings } = await loadFolder(root, study)
    expect(told(findings)).toContain('image/unreadable sub-a ses-1: it is a link to a file that is not there.')
    expect(children[0]?.scans[0]).toMatchObject({ path: t2w('sub-a', 'ses-1'), channels: [undefined, {}] })
  })

  test('is counted by sequence in the report', async () => {
    const { cohort, prepared } = await prepare(mixedSet())
    const report = renderCheckReport(checkReport(cohort, prepared))
    expect(report).toContain('  Sequences: FLAIR in 4 of 5 visits (missing in 1), T2w in 4 (missing in 1).\n')
    expect(report).toContain('sub-b ses-2: this visit has no T2w; it is used without')
    const plain = await loadFolder(writeDataSet(mixedSet()))
    expect(renderCheckReport(checkReport(plain, await prepareCohort(plain, textPreparer())))).not.toContain('Sequences')
  })
})
