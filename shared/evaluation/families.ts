// The ways in which a site divides what it tells in an evaluation, each with the words in which a hospital reads of it before it
// says yes. What divides and what is read are typed by the same lists, so that neither has a way which the other lacks.

/** By what is written down of a child (cohort/chart.ts). */
export const chartFamilies = ['age', 'sex', 'grade', 'resection', 'location', 'treatment'] as const
export type ChartFamily = (typeof chartFamilies)[number]

/** By how a scan was made. */
export const scanFamilies = ['sequence', 'vendor', 'field_strength'] as const
export type ScanFamily = (typeof scanFamilies)[number]

/** By how many scans a landmark rests on, and by when it is. */
export const courseFamilies = ['scans', 'shown', 'year', 'since_surgery'] as const
export type CourseFamily = (typeof courseFamilies)[number]

/** Ranges of what training children bring to the model. */
export const inputNames = ['visits', 'gap_days', 'days_since_surgery', 'age_years'] as const
export type InputName = (typeof inputNames)[number]

export type Family = ChartFamily | ScanFamily | CourseFamily

export const familyWords: Readonly<Record<Family, string>> = {
  scans: 'number of scans',
  shown: 'number of scans shown',
  year: 'year since surgery',
  since_surgery: 'time since surgery',
  age: 'age',
  sex: 'sex',
  grade: 'grade',
  resection: 'extent of resection',
  location: 'location of the tumour',
  treatment: 'treatment',
  sequence: 'sequence',
  vendor: 'scanner',
  field_strength: 'field strength',
}

export const inputWords: Readonly<Record<InputName, string>> = {
  visits: 'number of visits',
  gap_days: 'days between visits',
  days_since_surgery: 'days since surgery',
  age_years: 'age',
}

/** Answers of other versions may have more. */
export function isFamily(name: string): name is Family {
  return Object.hasOwn(familyWords, name)
}
