// What families of landmarks are called on the page, in the order in which they stand there.

import type { PartReport } from '../report.ts'

const familyTitles: Readonly<Record<string, string>> = {
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

/** Of the parts of a report, in the order of the page. */
export function familiesIn(parts: readonly PartReport[]): readonly string[] {
  return Object.keys(familyTitles).filter((family) => parts.some((part) => part.family === family))
}

/** As a heading. */
export function familyTitle(family: string): string {
  return familyTitles[family] ?? family
}

/** `sex: female` */
export function partName({ family, level }: Pick<PartReport, 'family' | 'level'>): string {
  return `${family === 'shown' ? 'scans shown' : family.replaceAll('_', ' ')}: ${level}`
}
