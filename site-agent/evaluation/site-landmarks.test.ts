import { describe, expect, test } from 'vitest'
import { emptyChart, type Scanner } from '../../shared/cohort/chart.ts'
import { chartFamilies, inputNames, scanFamilies } from '../../shared/evaluation/families.ts'
import type { Fold } from '../../shared/study/folds.ts'
import type { PreparedChild } from '../learning/trainer.ts'
import { siteLandmarks } from './site-landmarks.ts'

const ge: Scanner = { vendor: 'ge', fieldStrengthTesla: 3 }
const unwritten: Scanner = { vendor: undefined, fieldStrengthTesla: undefined }

/** A child with a scan a year, each of a sequence and a scanner. */
function childOf(key: string, fold: Fold, scans: readonly (readonly [string | undefined, Scanner])[]): PreparedChild {
  return {
    ...{ key, fold, outcome: undefined, chart: { ...emptyChart, ageYears: 7 } },
    scans: scans.map(([sequence, scanner], year) => ({
      ...{ file: '', day: 365 * year, followUp: { days: 900, event: false }, scanner },
      ...(sequence !== undefined && { sequence }),
    })),
  }
}

function landmarksOf(...children: PreparedChild[]) {
  return siteLandmarks({ children, risksOf: new Map(), visitOfShown: 6, teachesOrder: false })
}

describe('what a site tells of how scans were made', () => {
  test('counts training children once for each way, whatever the number of their scans', () => {
    const { seen } = landmarksOf(
      childOf('a', 'train', [
        ['FLAIR', ge],
        ['FLAIR', { ...ge, fieldStrengthTesla: 1.5 }],
      ]),
      childOf('b', 'train', [
        ['FLAIR', unwritten],
        ['FLAIR', ge],
      ]),
      childOf('c', 'test', [['T2w', { vendor: 'philips', fieldStrengthTesla: 1 }]]),
    )
    expect(seen).toEqual({
      sequence: new Map([['FLAIR', 2]]),
      vendor: new Map([['ge', 2]]),
      field_strength: new Map([
        ['3 T and over', 2],
        ['1.5 T', 1],
      ]),
    })
  })

  test('says nothing of what nobody wrote down, nor of sequences where the study shows arrays', () => {
    expect(landmarksOf(childOf('a', 'train', [[undefined, unwritten]])).seen).toEqual({})
  })

  test('puts each landmark into the groups of its own scan', () => {
    const { test: rows } = landmarksOf(
      childOf('c', 'test', [
        ['FLAIR and T2w', ge],
        ['FLAIR', unwritten],
      ]),
    )
    expect(rows.map(({ groups: { sequence, vendor, field_strength } }) => [sequence, vendor, field_strength])).toEqual([
      ['FLAIR and T2w', 'ge', '3 T and over'],
      ['FLAIR', 'unknown', 'unknown'],
    ])
  })
})

test('what a site divides by is what a hospital reads of before it approves, no more and no less', () => {
  const { test: rows, inputs } = landmarksOf(childOf('a', 'test', [['FLAIR', ge]]))
  expect(Object.keys(rows[0]?.groups ?? {})).toEqual([...chartFamilies, ...scanFamilies])
  expect(Object.keys(inputs)).toEqual([...inputNames])
})

test('ranges of training end at the edge of their last bin: visits are counted, ages are those at scans', () => {
  const { inputs } = landmarksOf(
    childOf('a', 'train', [
      ['FLAIR', ge],
      ['FLAIR', ge],
      ['FLAIR', ge],
    ]),
  )
  expect(inputs.visits?.at(-1)).toEqual({ low: 3, high: 4, children: 1 })
  expect(inputs.age_years?.at(-1)).toEqual({ low: 8, high: 9, children: 1 })
})

test('landmarks say of their child whether a competing event ended it and whether its treatment was changed', () => {
  const child = childOf('a', 'test', [['FLAIR', ge]])
  const known = { eventType: 'death', eventDay: 900, lastFollowUpDay: 900, treatmentChangeDay: 30 } as const
  const { test: rows } = landmarksOf({ ...child, outcome: { ...known, ending: 'competing' } }, { ...child, key: 'b' })
  expect(rows.map(({ course }) => course)).toEqual([{ competing: true, treatmentChanged: true }, undefined])
})
