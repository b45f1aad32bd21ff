// A child's chart from its row of participants.tsv. Hospitals' words differ: those that are known fall into few groups,
// others are told and count as unknown, never guessed.

import { type Chart, locations, resections, treatments } from '../../shared/cohort/chart.ts'
import { parseDecimal } from './cell.ts'
import { quoted } from './finding.ts'
import type { Row } from './tsv.ts'

/** Older ages are written as `89+`. */
const oldestAge = 89

type Words<Column extends keyof Chart> = Readonly<Record<string, Chart[Column]>>

const sexes: Words<'sex'> = { f: 'female', female: 'female', m: 'male', male: 'male' }
const grades: Words<'grade'> = { 1: 1, 2: 2, 3: 3, 4: 4, i: 1, ii: 2, iii: 3, iv: 4 }
const resectionWords: Words<'resection'> = {
  ...{ total: 'total', gross_total: 'total', gtr: 'total', near_total: 'total', ntr: 'total' },
  ...{ partial: 'partial', subtotal: 'partial', str: 'partial', biopsy: 'biopsy' },
}
const locationWords: Words<'location'> = {
  ...{ hemisphere: 'hemisphere', hemispheric: 'hemisphere', cerebral: 'hemisphere', lobar: 'hemisphere' },
  ...{
    midline: 'midline',
    suprasellar: 'midline',
    optic_pathway: 'midline',
    hypothalamus: 'midline',
    thalamus: 'midline',
  },
  ...{ cerebellum: 'cerebellum', cerebellar: 'cerebellum', posterior_fossa: 'cerebellum' },
  ...{ brainstem: 'brainstem', brain_stem: 'brainstem', other: 'other', spine: 'other', multiple: 'other' },
}
const treatmentWords: Words<'treatment'> = {
  ...{ none: 'none', observation: 'none', chemotherapy: 'chemotherapy', radiotherapy: 'radiotherapy' },
  ...{ radiation: 'radiotherapy', chemoradiotherapy: 'chemoradiotherapy', targeted: 'targeted' },
}

/** A chart, and a phrase for each cell that cannot be understood, such as `age is "seven"; write …`. */
export interface ReadChart {
  readonly chart: Chart
  readonly problems: readonly string[]
}

/** Columns `age`, `sex`, `grade`, `extent_of_resection`, `location` and `treatment`; any of them may be missing. */
export function readChartRow(row: Row): ReadChart {
  const problems: string[] = []
  const oneOf = <T>(column: string, known: Readonly<Record<string, T>>, choices: readonly unknown[]): T | undefined => {
    const text = row.value(column)
    if (text === undefined) return undefined
    const word = text.toLowerCase().replaceAll(/[\s-]+/g, '_')
    if (Object.hasOwn(known, word)) return known[word]
    problems.push(`${column} is ${quoted(text)}; write ${choices.join(', ')} or n/a.`)
    return undefined
  }
  const age = readAge(row.value('age'))
  if (typeof age === 'string') problems.push(age)
  const chart: Chart = {
    ageYears: typeof age === 'number' ? age : undefined,
    sex: oneOf('sex', sexes, ['F', 'M']),
    grade: oneOf('grade', grades, [1, 2, 3, 4]),
    resection: oneOf('extent_of_resection', resectionWords, resections),
    location: oneOf('location', locationWords, locations),
    treatment: oneOf('treatment', treatmentWords, treatments),
  }
  return { chart, problems }
}

/** Years, or what is wrong. */
function readAge(text: string | undefined): number | string | undefined {
  if (text === undefined) return undefined
  if (text === `${oldestAge}+`) return oldestAge
  const age = parseDecimal(text)
  if (age !== undefined && age >= 0 && age <= oldestAge) return age
  return `age is ${quoted(text)}; write years from 0 to ${oldestAge}, or n/a.`
}
