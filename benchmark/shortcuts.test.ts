import { describe, expect, test } from 'vitest'
import { emptyChart, type Scanner } from '../shared/cohort/chart.ts'
import { seededRandom } from '../shared/random.ts'
import type { BenchmarkChild, BenchmarkCohort } from './cohort.ts'
import { brainVolumeAt } from './features.ts'
import { shortcutAudit } from './shortcuts.ts'

interface Clock {
  /** What a year adds, beside noise of one: to the brightest bin, the brain's volume, the scanner's field. */
  readonly histogram?: number
  readonly brain?: number
  readonly teslas?: number
  /** Another maker's scanner from the third year on, in nine of ten children. */
  readonly replaced?: readonly [Vendor, Vendor]
}

type Vendor = NonNullable<Scanner['vendor']>

function child(key: string, fold: BenchmarkChild['fold'], clock: Clock): BenchmarkChild {
  const random = seededRandom(`audit/${key}`)
  const years = [0, 1, 2, 3]
  const [first, second] = clock.replaced ?? ['other', 'other']
  const isReplaced = random.uniform() < 0.9
  return {
    ...{ key, fold, outcome: undefined, chart: emptyChart, radiiMm: years.map(() => 0) },
    scans: years.map((year) => ({
      ...{ file: '', day: 365 * year, followUp: null },
      scanner: {
        vendor: isReplaced && year > 1 ? second : first,
        fieldStrengthTesla: 1.5 + (clock.teslas ?? 0) * year + random.normal(),
      },
    })),
    features: years.map((year) => {
      const values = Array.from({ length: brainVolumeAt + 1 }, () => random.normal())
      values[0] = random.normal() + (clock.histogram ?? 0) * year
      values[brainVolumeAt] = 1000 + random.normal() + (clock.brain ?? 0) * year
      return values
    }),
  }
}

function cohort(clock: Clock): BenchmarkCohort {
  const children = (fold: BenchmarkChild['fold'], count: number): BenchmarkChild[] =>
    Array.from({ length: count }, (_, i) => child(`${fold}-${i}`, fold, clock))
  return { sites: new Map([['a', children('train', 150)]]), test: children('test', 150) }
}

describe('the shortcut audit', () => {
  test('finds no order where nothing but noise changes', () => {
    for (const [source, accuracy] of Object.entries(shortcutAudit(cohort({})))) {
      expect(Math.abs(accuracy - 0.5), source).toBeLessThan(0.06)
    }
  })

  test.each([
    ['histogram', { histogram: 2 }, 0.85],
    ['brain volume', { brain: 2 }, 0.85],
    ['header', { teslas: 2 }, 0.85],
    // Four of six pairs of scans lie on both sides of the change, the other two are guessed by noise.
    ['header', { replaced: ['siemens', 'philips'] }, 0.75],
    ['header', { replaced: ['philips', 'ge'] }, 0.75],
  ] as const)('sees a clock in the %s, and in no other source', (clocked, clock, least) => {
    for (const [source, accuracy] of Object.entries(shortcutAudit(cohort(clock)))) {
      if (source === clocked) expect(accuracy, source).toBeGreaterThan(least)
      else expect(Math.abs(accuracy - 0.5), source).toBeLessThan(0.06)
    }
  })
})
