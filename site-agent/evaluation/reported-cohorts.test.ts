import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Landmark } from '../../shared/evaluation/landmark.ts'
import { cohortOf, noteReported } from './reported-cohorts.ts'

let file: string
beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), 'sequela-reported-')), 'reported.json')
})

const landmark = (child: string, timeDays = 400): Landmark => ({
  ...{ child, timeDays, visits: 1, day: 10, event: false, risk: 0.3, riskByShown: [], groups: {} },
})
/** Children of the training fold but for the last `tested`. */
const cohort = (children: number, timeDays?: number, tested = children) => {
  const followUp = Array.from({ length: children }, (_, child) => landmark(`child ${child}`, timeDays))
  return cohortOf({ followUp, validation: [], test: followUp.slice(children - tested) })
}

describe('a cohort that was reported on', () => {
  test('may be reported on again, by other weights too', async () => {
    await noteReported(file, cohort(20), 5)
    await noteReported(file, cohort(20), 5)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveLength(1)
  })

  test.each([1, 4])('is not reported on when %i children are new', async (added) => {
    await noteReported(file, cohort(20), 5)
    await expect(noteReported(file, cohort(20 + added), 5)).rejects.toMatchObject({ code: 'cohort_changed' })
  })

  test('is reported on again when as many have changed as a group must hold', async () => {
    await noteReported(file, cohort(20), 5)
    await noteReported(file, cohort(25), 5)
    await expect(noteReported(file, cohort(21), 5)).rejects.toMatchObject({ code: 'cohort_changed' })
  })

  test('counts a child with a later follow-up as changed', async () => {
    await noteReported(file, cohort(3, 400), 5)
    await expect(noteReported(file, cohort(3, 500), 5)).rejects.toMatchObject({
      code: 'cohort_changed',
      message: expect.stringContaining('3 children were added, removed or changed'),
    })
  })

  test('counts children of the training fold, whose follow-up is told too', async () => {
    await noteReported(file, cohort(20, 400, 10), 5)
    await expect(noteReported(file, cohort(21, 400, 10), 5)).rejects.toMatchObject({ code: 'cohort_changed' })
  })

  test('counts a child that another study puts into another fold as changed', async () => {
    await noteReported(file, cohort(20, 400, 10), 5)
    await expect(noteReported(file, cohort(20, 400, 12), 5)).rejects.toMatchObject({
      message: expect.stringContaining('2 children were added, removed or changed'),
    })
    await noteReported(file, cohort(20, 400, 15), 5)
  })

  describe('in certain sequences', () => {
    const shownIn = (sequence: string, children: number, all = 20) => {
      const rows = Array.from({ length: all }, (_, child) => landmark(`child ${child}`))
      const followUp = rows.map((row, i) => ({ ...row, groups: { sequence: i < children ? sequence : 'FLAIR' } }))
      return cohortOf({ followUp, validation: [], test: followUp })
    }

    test('is not reported on when few children are shown in another', async () => {
      await noteReported(file, shownIn('FLAIR', 20), 5)
      await expect(noteReported(file, shownIn('T2w', 3), 5)).rejects.toMatchObject({
        message: expect.stringContaining('3 children were added, removed or changed'),
      })
      await noteReported(file, shownIn('T2w', 5), 5)
    })

    test('is compared with a record that does not know them by the rest, and then known', async () => {
      await noteReported(file, cohort(20), 5)
      await expect(noteReported(file, shownIn('FLAIR', 21, 21), 5)).rejects.toMatchObject({
        message: expect.stringContaining('1 children were added, removed or changed'),
      })
      await noteReported(file, shownIn('FLAIR', 20), 5)
      await expect(noteReported(file, shownIn('T2w', 1), 5)).rejects.toMatchObject({ code: 'cohort_changed' })
    })
  })

  describe('of children with a known course', () => {
    const ended = (competing: number, all = 20) => {
      const rows = Array.from({ length: all }, (_, child) => landmark(`child ${child}`))
      const followUp = rows.map((row, i) => ({ ...row, course: { competing: i < competing, treatmentChanged: false } }))
      return cohortOf({ followUp, validation: [], test: followUp })
    }

    test('is not reported on when few have had a competing event since, seen so long as before', async () => {
      await noteReported(file, ended(0), 5)
      await expect(noteReported(file, ended(1), 5)).rejects.toMatchObject({ code: 'cohort_changed' })
      await noteReported(file, ended(5), 5)
    })

    test('is compared with a record that does not know it by the rest, and then known', async () => {
      await noteReported(file, cohort(20), 5)
      await expect(noteReported(file, ended(2, 21), 5)).rejects.toMatchObject({
        message: expect.stringContaining('1 children were added, removed or changed'),
      })
      await noteReported(file, ended(2), 5)
      await expect(noteReported(file, ended(3), 5)).rejects.toMatchObject({ code: 'cohort_changed' })
    })
  })

  test('is not forgotten because its record is damaged', async () => {
    writeFileSync(file, '[{')
    await expect(noteReported(file, cohort(3), 5)).rejects.toMatchObject({ code: 'file_unreadable' })
  })
})
