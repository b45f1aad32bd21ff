import { describe, expect, test } from 'vitest'
import { parseStudy } from '../../shared/study/study.ts'
import { createPreparedArrays } from '../features/prepared-arrays.ts'
import { npyFile } from '../features/testsupport/npy-file.ts'
import { loadCohort } from './cohort.ts'
import { prepareCohort } from './prepare-cohort.ts'
import {
  type DataSet,
  dataSet,
  imagePath,
  temporaryFolder,
  testStudyFile,
  writeDataSet,
} from './testsupport/data-set.ts'

const visits = [
  { session: 'ses-1', day: 10 },
  { session: 'ses-2', day: 100 },
  { session: 'ses-3', day: 200 },
]
const study = parseStudy(
  testStudyFile()
    .text.replace(/model: .*/, 'model: { preset: embeddings, features: 3 }')
    .replace(/pipeline: .*/, 'pipeline: { features: brainiac }'),
).study
const arrayPath = (child: string, session: string, name = 'brainiac'): string =>
  imagePath(child, session, `desc-${name}_features.npy`)

/** Two children whose visits each have an image and an array. */
function arraySet(): DataSet {
  const files = dataSet({ 'sub-a': visits, 'sub-b': visits })
  for (const [c, child] of ['sub-a', 'sub-b'].entries()) {
    for (const [v, { session }] of visits.entries()) files.set(arrayPath(child, session), npyFile([c, v, 7]))
  }
  return files
}

async function prepared(files: DataSet) {
  const cohort = await loadCohort({ root: writeDataSet(files), study, site: 'here' })
  const ready = await prepareCohort(cohort, createPreparedArrays({ folder: temporaryFolder(), length: 3 }))
  const told = [...cohort.findings, ...ready.findings]
    .filter(({ holds }) => holds !== 'nothing')
    .map(({ holds, rule, child, visit, sentence }) => `${holds}/${rule} ${child} ${visit}: ${sentence}`)
  return { children: ready.children, told }
}

describe('a study of arrays', () => {
  test('takes of each visit the array that it names, in order of time, and leaves images alone', async () => {
    const { children, told } = await prepared(arraySet())
    expect(told).toEqual([])
    expect(children.map(({ scans }) => scans.map(({ day }) => day))).toEqual([
      [10, 100, 200],
      [10, 100, 200],
    ])
    for (const scan of children.flatMap(({ scans }) => scans)) expect(scan).not.toHaveProperty('sequence')
    expect(new Set(children.flatMap(({ scans }) => scans.map(({ file }) => file))).size).toBe(6)
  })

  test('holds back a visit without one, or with one of another name, and says which file is wanted', async () => {
    const files = arraySet()
    files.set(arrayPath('sub-a', 'ses-2', 'other'), files.get(arrayPath('sub-a', 'ses-2')) ?? '')
    files.delete(arrayPath('sub-a', 'ses-2'))
    const { children, told } = await prepared(files)
    expect(told).toEqual([
      'scan/no-image sub-a ses-2: this visit has no sub-a_ses-2_desc-brainiac_features.npy in its folder anat.',
    ])
    expect(children.map(({ scans }) => scans.length).toSorted()).toEqual([2, 3])
  })

  test('holds back arrays of another length, and two visits with the same array', async () => {
    const files = arraySet()
    files.set(arrayPath('sub-a', 'ses-2'), npyFile([1, 2]))
    files.set(arrayPath('sub-b', 'ses-2'), npyFile([1, 0, 7]))
    const { told } = await prepared(files)
    expect(told).toEqual([
      'scan/unsuitable sub-a ses-2: it has 2 numbers, and the study asks for 3.',
      expect.stringMatching(/^scan\/duplicate sub-b ses-[12]: it has the same content as .*ses-[12].*npy/),
      expect.stringMatching(/^scan\/duplicate sub-b ses-[12]: it has the same content as .*ses-[12].*npy/),
      'child/nothing-to-learn sub-b undefined: it has only one usable scan, which has no order, and no visit whose outcome is decided.',
    ])
  })
})
