// A child's chart where it says something of the outcome: extent of resection, grade, place of the tumour and age shift the
// chance of a recurrence as published series have it. The demo's own children have charts that mean nothing.

import type { Random } from '../../shared/random.ts'
import { choose } from './draws.ts'

export const locations = ['cerebellum', 'hemisphere', 'midline', 'brainstem', 'other'] as const

export interface Chart {
  /** Years at the operation. */
  readonly age: number
  readonly sex: 'F' | 'M'
  readonly grade: 1 | 2
  readonly resection: 'gross_total' | 'near_total' | 'subtotal' | 'biopsy'
  readonly location: (typeof locations)[number]
}

/** Hazard against gross total resection (Neurosurgery 2020;86:288: near-total, subtotal, biopsy). */
const resectionHazard = { gross_total: 1, near_total: 2.03, subtotal: 2.97, biopsy: 3.6 } as const

/** Our own factors, in the direction that series agree on: deep tumours are harder to take out, infants fare worse. */
const locationHazard = { cerebellum: 0.8, hemisphere: 1, midline: 1.5, brainstem: 1.6, other: 1.2 } as const
const gradeHazard = { 1: 0.9, 2: 1.5 } as const
const infantHazard = 1.5

/** Draws a chart; about half of the tumours are taken out wholly. */
export function drawChart(random: Random): Chart {
  return {
    age: 1 + random.integer(17),
    sex: choose(random, ['F', 'M']),
    grade: choose(random, [1, 1, 2]),
    resection: choose(random, ['gross_total', 'gross_total', 'gross_total', 'near_total', 'subtotal', 'biopsy']),
    location: choose(random, locations),
  }
}

/** Hazard of a recurrence relative to that of a schoolchild with a wholly removed hemispheric tumour. */
export function relativeHazard({ age, grade, resection, location }: Chart): number {
  return resectionHazard[resection] * locationHazard[location] * gradeHazard[grade] * (age < 3 ? infantHazard : 1)
}
