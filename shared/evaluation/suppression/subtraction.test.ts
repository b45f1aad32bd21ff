// What a reader could learn of single children by subtracting numbers that a site sends: every way of subtracting that
// follows from how the groups are made is tried on simulated sites, by plain sets of landmarks.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../random.ts'
import { ownCensoringCurve } from '../censoring.ts'
import type { Landmark } from '../landmark.ts'
import { riskBinCount, riskBinOf } from '../risk-bins.ts'
import { horizonDays, simulatedLandmarks } from '../testsupport/simulated-landmarks.ts'
import { wholeFamily } from './strata.ts'
import { type Stratum, stratify } from './stratify.ts'

const minCell = 5
const sides = ['cases', 'controls'] as const
type Side = (typeof sides)[number]

/** With what a hospital knows of its children: groups of very different sizes, and what is missing is missing together. */
function landmarksOf(seed: string, children: number): readonly Landmark[] {
  const random = seededRandom(`groups/${seed}`)
  const groups = new Map<string, Record<string, string>>()
  const drawn = (): Record<string, string> => {
    const isScanned = random.uniform() > 0.1
    const isKnown = random.uniform() > 0.1
    return {
      age: isKnown ? (['under 5', '5 to 9', '10 to 14', '15 and over'][random.integer(4)] ?? '') : 'unknown',
      grade: isKnown && random.uniform() > 0.05 ? (random.uniform() < 0.85 ? 'low' : 'high') : 'unknown',
      vendor: isScanned ? (random.uniform() < 0.7 ? 'one' : 'two') : 'unknown',
      field_strength: isScanned && random.uniform() > 0.05 ? (random.uniform() < 0.6 ? '1.5 T' : '3 T') : 'unknown',
    }
  }
  return simulatedLandmarks({ seed, children }).map((row) => {
    const own = groups.get(row.child) ?? drawn()
    groups.set(row.child, own)
    return { ...row, groups: { ...row.groups, ...own } }
  })
}

const strataOf = (landmarks: readonly Landmark[]): readonly Stratum[] =>
  stratify(landmarks, horizonDays, ownCensoringCurve(landmarks), minCell)

/** Landmarks by child and day, whatever risk is shown of them. */
type Marks = ReadonlyMap<string, string>

function marksOf({ rows }: Pick<Stratum, 'rows'>, side: Side, from: number, to: number): Marks {
  const inside = rows.filter(({ outcome }) => (side === 'cases') === (outcome === 1))
  const ranged = inside.filter(({ risk }) => riskBinOf(risk) >= from && riskBinOf(risk) < to)
  return new Map(ranged.map(({ child, day }) => [`${child} ${day}`, child]))
}

const less = (all: Marks, some: Marks): Marks => new Map([...all].filter(([mark]) => !some.has(mark)))
const holds = (all: Marks, some: Marks): boolean => [...some.keys()].every((mark) => all.has(mark))

interface Known {
  readonly name: string
  readonly family: string
  readonly marks: Marks
}

/** Every run of neighbouring cells of a part. */
function runsOf(stratum: Stratum, side: Side): Known[] {
  const edges = stratum.edges[side]
  return edges.flatMap((from, index) =>
    edges.slice(index + 1).map((to) => ({
      name: `${stratum.family} ${stratum.level} in ${from}–${to}`,
      family: familyOf(stratum),
      marks: marksOf(stratum, side, from, to),
    })),
  )
}

/** Numbers of scans shown are no parts of one whole: each is a family by itself. */
const familyOf = ({ family, level }: Stratum): string => (family === 'shown' ? `shown ${level}` : family)

/** What is left of one thing that is known, all of whose parts in another family are subtracted: 1 to k − 1 children. */
function found(strata: readonly Stratum[], side: Side): string[] {
  const [whole] = strata
  if (whole === undefined) return []
  const runs = strata.flatMap((stratum) => runsOf(stratum, side))
  const everything = runs.find(({ name }) => name.endsWith('in 0–50'))?.marks ?? new Map()
  const complements = runs
    .filter(({ family, name }) => family !== wholeFamily && name.endsWith('in 0–50'))
    .map((one) => ({ ...one, name: `all but ${one.name}`, marks: less(everything, one.marks) }))
  const cells = strata.flatMap((stratum) => {
    const edges = stratum.edges[side]
    return edges.slice(1).map((to, index) => ({
      family: familyOf(stratum),
      name: `${stratum.family} ${stratum.level} in ${edges[index]}–${to}`,
      marks: marksOf(stratum, side, edges[index] ?? 0, to),
    }))
  })
  const families = [...Map.groupBy(cells, ({ family }) => family)]
  return [...runs, ...complements].flatMap(({ family, name, marks }) =>
    families.flatMap(([other, parts]) => {
      if (other === family) return []
      const inside = parts.filter((part) => holds(marks, part.marks))
      const rest = inside.reduce((left, part) => less(left, part.marks), marks)
      const children = new Set(rest.values()).size
      if (children === 0 || children >= minCell) return []
      return [`${name} less ${inside.map((part) => part.name).join(' and ')}: ${children} of the ${side}`]
    }),
  )
}

/** The same for all levels of a family taken together in every way, and what the whole holds besides them. */
function foundInUnions(strata: readonly Stratum[], side: Side): string[] {
  const [whole] = strata
  if (whole === undefined) return []
  const everything = marksOf(whole, side, 0, riskBinCount)
  const families = Map.groupBy(strata, ({ family }) => family)
  const sets = [...families].flatMap(([family, levels]) =>
    family === wholeFamily || family === 'shown' ? [] : unionsOf(family, levels, side, everything),
  )
  return sets.flatMap((all) =>
    sets.flatMap((some) => {
      if (all.family === some.family || !holds(all.marks, some.marks)) return []
      const children = new Set(less(all.marks, some.marks).values()).size
      return children === 0 || children >= minCell ? [] : [`${all.name} less ${some.name}: ${children} of the ${side}`]
    }),
  )
}

function unionsOf(family: string, levels: readonly Stratum[], side: Side, everything: Marks): Known[] {
  return Array.from({ length: 2 ** levels.length }, (_, chosen) => {
    const taken = levels.filter((_unused, index) => Math.floor(chosen / 2 ** index) % 2 === 1)
    const name = `${family} ${taken.map(({ level }) => level).join(' and ')}`
    const marks: Marks = new Map(taken.flatMap((stratum) => [...marksOf(stratum, side, 0, riskBinCount)]))
    return [
      { family, name, marks },
      { family, name: `all but ${name}`, marks: less(everything, marks) },
    ]
  }).flat()
}

const total = (stratum: Stratum | undefined): number =>
  stratum?.rows.reduce((sum, { weight }) => sum + weight, 0) ?? Number.NaN

describe('nothing of fewer than five children is found by subtracting', () => {
  test('cells of one family from those of another, at any site', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(20, 40, 80, 150), (seed, children) => {
        const strata = strataOf(landmarksOf(`subtraction/${seed}`, children))
        for (const side of sides) expect(found(strata, side)).toEqual([])
      }),
      { numRuns: 12, seed: 1 },
    )
  })

  test('levels of one family taken together from those of another, at any site', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(30, 60), (seed, children) => {
        const strata = strataOf(landmarksOf(`unions/${seed}`, children))
        for (const side of sides) expect(foundInUnions(strata, side)).toEqual([])
      }),
      { numRuns: 12, seed: 1 },
    )
  })

  test('time since surgery from the first year, where a landmark lies on day 365', () => {
    // Of one number of scans, or families by time would be withheld for what they have in common with that by scans.
    const landmarks = simulatedLandmarks({ seed: 'day 365', children: 150 }).map((row) => ({ ...row, visits: 1 }))
    const moved = landmarks.findIndex(({ day }) => day > 365 && day < 380)
    const strata = strataOf(landmarks.map((row, index) => (index === moved ? { ...row, day: 365 } : row)))
    const at = (family: string, level: string) => strata.find((one) => one.family === family && one.level === level)
    const parts = [at('since_surgery', 'under 90 days'), at('since_surgery', '90 days to 1 year')]
    expect(total(at('year', '1')) - total(parts[0]) - total(parts[1])).toBeCloseTo(0, 9)
  })

  test('the sixth visits from sixth and later ones, where one child has a seventh', () => {
    const landmarks = simulatedLandmarks({ seed: 'seventh', children: 200 })
    const child = landmarks.find(({ visits, timeDays }) => visits === 7 && timeDays >= horizonDays)?.child
    const few = landmarks.filter((row) => row.visits <= 6 || (row.visits === 7 && row.child === child))
    const [sixth, seventh] = [few.filter(({ visits }) => visits <= 6), few.filter(({ visits }) => visits === 7)]
    expect(seventh.length).toBe(1)
    const isSent = (landmarks: readonly Landmark[], family: string, level: string): boolean =>
      strataOf(landmarks).some((one) => one.family === family && one.level === level)
    expect([isSent(few, 'scans', '6+'), isSent(few, 'shown', '6'), isSent(few, 'shown', '1')]).toEqual([
      true,
      false,
      false,
    ])
    // With no seventh visit nothing is left to subtract.
    expect([isSent(sixth, 'shown', '6'), isSent(sixth, 'shown', '1')]).toEqual([true, true])
  })
})
