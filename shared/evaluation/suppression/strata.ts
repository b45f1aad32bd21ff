// The groups of landmarks that are looked at by themselves: by number of scans, by year since surgery, by what is known of
// the child and its scans. A family is a way to divide all landmarks; a level is one of its parts.

import type { CourseFamily } from '../families.ts'
import type { Landmark } from '../landmark.ts'

/** A part of a fold: the whole, or a level of a family. */
export interface Part {
  readonly family: string
  readonly level: string
}

/** All landmarks of a fold. */
export const wholeFamily = 'all'
export const wholePart: Part = { family: wholeFamily, level: wholeFamily }

/** Where those landmarks stand of which a site does not know the level. */
export const unknownLevel = 'unknown'

export function isSamePart(a: Part, b: Part): boolean {
  return a.family === b.family && a.level === b.level
}

export function partOf<T extends Part>(parts: readonly T[], part: Part): T | undefined {
  return parts.find((one) => isSamePart(one, part))
}

/** A year ends where `since_surgery` is cut: a landmark between two cuts could be had by subtracting one family from the other. */
const daysInYear = 365

/** How to divide landmarks besides by the groups that a site knows of its children. */
const dividers: Readonly<Record<Exclude<CourseFamily, 'shown'>, (landmark: Landmark) => string>> = {
  scans: ({ visits }) => scansLevelOf(visits),
  year: ({ day }) => yearOf(day),
  since_surgery: ({ day }) => (day < 90 ? 'under 90 days' : day < daysInYear ? '90 days to 1 year' : 'over 1 year'),
}

/** Levels that a family has everywhere, so that a reader sees those about which nothing could be said. */
export const fixedLevels: Readonly<Record<string, readonly string[]>> = {
  scans: ['1', '2', '3', '4', '5', '6+'],
  year: ['1', '2', '3', '4', '5', '6+'],
  since_surgery: ['under 90 days', '90 days to 1 year', 'over 1 year'],
}

/** Levels of a family beyond this many are taken together as `other`, the smallest ones first. */
const mostLevels = 7

/** Families of a set of landmarks with the level of each; landmarks for which a site knows none stand in `unknown`. */
export function familiesOf<Row extends Landmark>(
  landmarks: readonly Row[],
): ReadonlyMap<string, ReadonlyMap<string, readonly Row[]>> {
  const names = [...new Set(landmarks.flatMap(({ groups }) => Object.keys(groups)))].sort()
  const families = new Map<string, ReadonlyMap<string, readonly Row[]>>()
  for (const [family, levelOf] of Object.entries(dividers)) families.set(family, divide(landmarks, levelOf))
  for (const name of names)
    families.set(
      name,
      divide(landmarks, ({ groups }) => groups[name] ?? unknownLevel),
    )
  return families
}

function divide<Row extends Landmark>(
  landmarks: readonly Row[],
  levelOf: (landmark: Row) => string,
): ReadonlyMap<string, readonly Row[]> {
  const levels = [...Map.groupBy(landmarks, levelOf)].sort(([, a], [, b]) => b.length - a.length)
  const [kept, rest] = [levels.slice(0, mostLevels), levels.slice(mostLevels)]
  const other = rest.flatMap(([, rows]) => rows)
  const named = other.length === 0 ? kept : [...kept, ['other', other] as const]
  return new Map([...named].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The level of the family `scans` that a landmark with so many scans stands in. */
export function scansLevelOf(visits: number): string {
  return visits >= 6 ? '6+' : String(visits)
}

function yearOf(day: number): string {
  const year = Math.floor(Math.max(0, day) / daysInYear) + 1
  return year >= 6 ? '6+' : String(year)
}
