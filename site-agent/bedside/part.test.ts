import { describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { judgingStudyText } from '../../shared/study/judged-study.ts'
import { parseStudy } from '../../shared/study/study.ts'
import { testStudyFile } from '../cohort/testsupport/data-set.ts'
import type { EgressRecord } from '../egress-record.ts'
import type { ParticipationEntry } from '../participation.ts'
import { partOf, sitePart } from './part.ts'

const study = testStudyFile()
const entry = (round: number, changes: Partial<ParticipationEntry> = {}): ParticipationEntry => ({
  ...{ at: '', site: 'north', study: study.digest, stage: 0, round, trained: ['t'], validated: ['v'] },
  ...changes,
})
const left = (round: number, of: string = study.digest): EgressRecord => ({
  ...{ kind: 'evaluation-sealed', at: '', study: of, stage: 0, round, baseDigest: '', metrics: [], withheld: [] },
})
const heardIn = (round: number, site = 'north', studyDigest = study.digest) => ({ site, studyDigest, stage: 0, round })
const fold = { t: 'train', v: 'validation', late: 'train', lateToo: 'validation', tested: 'test' } as const
const partsWith = (known: Partial<Parameters<typeof sitePart>[0]>): Record<string, string> => {
  const site = sitePart({ site: 'north', study, entries: [], egress: [], heard: [], ...known })
  return Object.fromEntries(Object.entries(fold).map(([key, of]) => [key, partOf({ key, fold: of }, site)]))
}
const told = { t: 'train', v: 'validation', late: 'new', lateToo: 'new', tested: 'test' }
const untold = { ...told, late: 'perhaps-train', lateToo: 'perhaps-validation' }
const nobody = { ...untold, t: 'perhaps-train', v: 'perhaps-validation' }
const allNew = { t: 'new', v: 'new', late: 'new', lateToo: 'new', tested: 'new' }

describe('the part that a child had in the making of a model', () => {
  test('is what the record says, and a child that came later is new whatever its fold', () => {
    expect(partsWith({ entries: [entry(0)] })).toEqual(told)
    expect(partsWith({ entries: [entry(0), entry(1)], egress: [left(0), left(1)], heard: [heardIn(1)] })).toEqual(told)
  })

  test('counts from any round on, be it after the one whose weights are asked', () => {
    const later = entry(7, { trained: ['late'], validated: [] })
    expect(partsWith({ entries: [entry(0), later], heard: [heardIn(0)] })).toEqual({ ...told, late: 'train' })
  })

  test.each([
    ['that was not in the study', []],
    ['of a study in which others were heard', [heardIn(0, 'south')]],
  ])('is none at a hospital %s', (_, heard) => {
    expect(partsWith({ heard })).toEqual(allNew)
  })

  test('is none at another hospital or in another study', () => {
    expect(partsWith({ entries: [entry(0, { study: sha256('other') })], egress: [left(0, sha256('other'))] })).toEqual(
      allNew,
    )
    expect(partsWith({ entries: [entry(0, { site: 'south' })] })).toEqual(allNew)
  })

  test.each([
    ['an older program that kept no record, by what left the hospital', { egress: [left(0)] }],
    ['a home that was made afresh, by the note beside the weights', { heard: [heardIn(0)] }],
  ])('is not known in %s', (_, known) => {
    expect(partsWith(known)).toEqual(nobody)
  })

  test.each([
    ['began in the middle of a run', { entries: [entry(1)], egress: [left(0), left(1)] }],
    ['lies in a home that was restored from a backup', { entries: [entry(0)], egress: [left(0)], heard: [heardIn(1)] }],
    [
      'was kept under another name of the site',
      { entries: [entry(0), entry(1, { site: 'south' })], egress: [left(0), left(1)] },
    ],
  ])('is known of those that are named and of nobody else where the record %s', (_, known) => {
    expect(partsWith(known)).toEqual(untold)
  })

  describe('whose weights another study judged', () => {
    const options = { name: 'judged', sites: ['north'], weights: sha256('weights') }
    const judged = parseStudy(judgingStudyText(study, options))
    const pass = entry(0, { study: judged.digest, trained: [], validated: ['v'] })

    test('is what was written down in the training', () => {
      expect(partsWith({ study: judged, entries: [entry(0), pass], heard: [heardIn(0)] })).toEqual(told)
    })

    test('is not known from the passes, whose rounds have the numbers of those of the training', () => {
      const known = { study: judged, entries: [pass], heard: [heardIn(0), heardIn(0, 'north', judged.digest)] }
      expect(partsWith(known)).toEqual({ ...untold, t: 'perhaps-train' })
    })
  })
})
