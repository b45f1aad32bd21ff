import { describe, expect, test } from 'vitest'
import { datasetTexts, type ListedChild, scanPath } from '../../demo/hospitals/bids-writer.ts'
import { landmarkLabel } from '../../demo/hospitals/child.ts'
import { drawCourse, planChildren } from '../../demo/hospitals/cohort.ts'
import { drawIdentity } from '../../demo/hospitals/identity.ts'
import { type DataSet, loadFolder, writeDataSet } from './testsupport/data-set.ts'

const plan = { seed: 'truth', sites: ['here'], childrenPerSite: 40, testChildren: 0, knownOutcomes: 0.7 }

const children = planChildren(plan).map((child): ListedChild => {
  const course = drawCourse(child)
  return {
    hospital: 'here',
    child: course,
    identity: drawIdentity(child, course),
    outcomeKnown: child.outcomeKnown,
    scanners: course.days.map(() => 'scanner-1'),
  }
})

function written(): string {
  const files: DataSet = new Map(datasetTexts('Synthetic', children))
  for (const { identity } of children) {
    for (const { session } of identity.sessions) files.set(scanPath(identity.participant, session, true), session)
  }
  return writeDataSet(files)
}

describe('a synthetic hospital', () => {
  test('is read without a remark, and every order and label agrees with how it was made', async () => {
    const cohort = await loadFolder(written())
    expect(cohort.findings).toEqual([])
    const read = Object.fromEntries(cohort.children.map(({ participant, scans }) => [participant, scans]))
    for (const { identity, child, outcomeKnown } of children) {
      const scans = read[identity.participant] ?? []
      expect(scans.map(({ day }) => day)).toEqual(child.days)
      expect(scans.map(({ session }) => session)).toEqual(identity.sessions.map(({ session }) => session))
      const answers = child.days.map((_, visit) => (outcomeKnown ? landmarkLabel(child, visit) : undefined))
      expect(scans.map(({ label }) => label)).toEqual(answers.map((yes) => (yes === undefined ? null : yes ? 1 : 0)))
    }
  })
})
