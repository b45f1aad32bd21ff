// In which order families of landmarks stand in a report, and what they are called there.

import { type Family, isFamily } from '../../shared/evaluation/families.ts'
import type { Part } from '../../shared/evaluation/suppression/strata.ts'

const titles: Readonly<Record<Family, string>> = {
  scans: 'Number of scans up to the landmark',
  shown: 'Number of scans shown at the sixth visit (same children, same outcomes)',
  year: 'Year since surgery',
  since_surgery: 'Time since surgery',
  age: 'Age at surgery, years',
  sex: 'Sex',
  grade: 'Grade (WHO)',
  resection: 'Resection',
  location: 'Location',
  treatment: 'Treatment',
  sequence: 'Sequence',
  vendor: 'Scanner',
  field_strength: 'Field strength',
}

/** Those with a title first; what a site with a newer program divides by stands behind them, by name. */
export function compareFamilies(a: string, b: string): number {
  const [rankA, rankB] = [rankOf(a), rankOf(b)]
  return rankA === rankB ? a.localeCompare(b, 'en') : rankA - rankB
}

/** As a heading. */
export function familyTitle(family: string): string {
  return isFamily(family) ? titles[family] : withSpaces(family)
}

/** `sex: female` */
export function partName({ family, level }: Part): string {
  return `${family === 'shown' ? 'scans shown' : withSpaces(family)}: ${level}`
}

function rankOf(family: string): number {
  const rank = Object.keys(titles).indexOf(family)
  return rank < 0 ? Object.keys(titles).length : rank
}

function withSpaces(family: string): string {
  return family.replaceAll('_', ' ')
}
