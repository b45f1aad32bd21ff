// Whether a child fits what the model was trained on. Each doubt is one sentence with its weight; what is said at a visit
// depends on the scans up to it alone, so a later scan changes nothing that was said before.

import { ageAtScan } from '../../shared/cohort/chart.ts'
import { familyWords, type ScanFamily, scanFamilies } from '../../shared/evaluation/families.ts'
import { isInside, lastOf } from '../../shared/evaluation/input-range.ts'
import type { ModelCard } from '../../shared/evaluation/model-card.ts'
import { unknownLevel } from '../../shared/evaluation/suppression/strata.ts'
import type { scanGroups } from '../evaluation/scan-groups.ts'
import type { Part } from './part.ts'

/** `refuses`: no calibrated risk is given. `caution`: to know before believing it. */
export type FlagWeight = 'refuses' | 'caution'

export interface Flag {
  readonly weight: FlagWeight
  readonly kind:
    | 'one-scan'
    | 'before-surgery'
    | 'age'
    | 'gap'
    | 'time'
    | 'visits'
    | 'field-of-view'
    | 'placement'
    | 'trained-on'
    | 'foreign-site'
    | 'treatment'
    | 'sequence'
    | 'scanner'
  readonly sentence: string
}

/** One usable scan of a child. */
export interface ScanFacts {
  readonly session: string
  /** Since the index surgery, or since the first scan where that is not known. */
  readonly day: number
  /** How it was made. */
  readonly groups: ReturnType<typeof scanGroups>
  /** How it was registered; undefined where scans come in template space. */
  readonly registration:
    | { readonly mutualInformation: number; readonly fieldOfView: number; readonly starts: number }
    | undefined
  /** How it lies over the template's brain; undefined where the study shows arrays and no images. */
  readonly overlap:
    | {
        /** Of its brain with the template's (Dice). */
        readonly dice: number
        /** Slices of the grid that hold brain in the template and nothing in this scan. */
        readonly emptySlices: number
      }
    | undefined
}

export interface ChildFacts {
  /** In the making of the model; where none is asked, its fold in the study. */
  readonly part: Part
  /** At the surgery; undefined when the chart does not say. */
  readonly ageYears: number | undefined
  readonly treatmentChangeDay: number | undefined
  /** In order of time. */
  readonly scans: readonly ScanFacts[]
}

export interface ModelFacts {
  /** Ranges of the model card; empty without one. */
  readonly ranges: ModelCard['inputRanges']
  /** How scans of training were made, by the model card; empty where it does not say. */
  readonly seen: Exclude<ModelCard['seen'], undefined>
  /** Whether this site took part in making the model. */
  readonly siteTrained: boolean
}

/** Where no card gives a range: no study of this kind leaves more than two years between scans. */
const usualGaps = { low: 0, high: 731 }

/** A brain that overlaps so little passes the gate (0.85) narrowly; children in place keep 0.89 and more (quality.ts). */
const narrowDice = 0.87

/** A field of view that holds less passes the gate (0.85), and may still leave out what grows. */
const wholeFieldOfView = 0.97

/** What is to be said about the risk after visit `landmark`. */
export function flagsAt(child: ChildFacts, model: ModelFacts, landmark: number): readonly Flag[] {
  const scans = child.scans.slice(0, landmark + 1)
  const last = scans.at(-1)
  if (last === undefined) return []
  return [
    ...historyFlags(scans, model),
    ...childFlags(child, model, last),
    ...scanFamilies.flatMap((family) => unseenFlags(scans, family, model)),
    ...scans.flatMap(scanFlags),
  ]
}

/** One for each way in which a scan was made that training hardly had. */
function unseenFlags(scans: readonly ScanFacts[], family: ScanFamily, { seen }: ModelFacts): Flag[] {
  const known = seen[family]
  if (known === undefined) return []
  const levelOf = ({ groups }: ScanFacts): string => groups[family] ?? unknownLevel
  const unseen = scans.filter((scan) => levelOf(scan) !== unknownLevel && !known.includes(levelOf(scan)))
  return [...Map.groupBy(unseen, levelOf)].map(([level, of]) => {
    const where = of.length === scans.length ? 'Every scan' : of.map(({ session }) => session).join(', ')
    const other = known.length === 0 ? '' : `; it knows ${known.join(', ')}`
    const what = `${familyWords[family]} ${level}`
    const sentence = `${where}: ${what}, of which the model saw no scans in training, or too few to tell${other}.`
    return caution(family === 'sequence' ? 'sequence' : 'scanner', sentence)
  })
}

function historyFlags(scans: readonly ScanFacts[], { ranges }: ModelFacts): Flag[] {
  const flags: Flag[] = []
  const last = scans.at(-1)?.day ?? 0
  if (scans.length < 2) {
    flags.push(refuse('one-scan', 'There is one scan only; the model compares scans, and one says little.'))
  }
  if (last < 0)
    flags.push(refuse('before-surgery', 'This visit is before the surgery; there is nothing to come back yet.'))
  const gaps = scans.slice(1).map(({ day }, i) => day - (scans[i]?.day ?? day))
  const longest = Math.max(0, ...gaps)
  const gap = ranges.gap_days ?? usualGaps
  if (longest >= gap.high) {
    flags.push(refuse('gap', `Two scans lie ${longest} days apart; the model was trained on up to ${lastOf(gap)}.`))
  }
  const { days_since_surgery: days, visits } = ranges
  if (days !== undefined && last >= days.high) {
    flags.push(refuse('time', `This is day ${last} after surgery; the model was trained on up to day ${lastOf(days)}.`))
  }
  if (visits !== undefined && scans.length >= visits.high) {
    flags.push(caution('visits', `There are ${scans.length} scans; children in training had up to ${lastOf(visits)}.`))
  }
  return flags
}

/** Said where the record of who took part does not hold every round of this site. */
const lackingRounds =
  "this hospital's record of who took part (participation.jsonl) lacks rounds that it took part in. Restore it from a backup; " +
  'of rounds by programs that kept none there is no record.'

function childFlags({ part, ageYears, treatmentChangeDay }: ChildFacts, model: ModelFacts, last: ScanFacts): Flag[] {
  const flags: Flag[] = []
  if (part === 'train') {
    flags.push(refuse('trained-on', 'The model was trained on this very child; its answer is better than on others.'))
  }
  if (part === 'perhaps-train') {
    flags.push(refuse('trained-on', `The model may have been trained on this child: ${lackingRounds}`))
  }
  if (part === 'elsewhere') {
    flags.push(refuse('trained-on', 'Another hospital keeps this child in the study and may have trained on it.'))
  }
  if (part === 'validation') {
    flags.push(caution('trained-on', 'This child helped to choose and recalibrate the model; trust it a little less.'))
  }
  if (part === 'perhaps-validation') {
    flags.push(
      caution('trained-on', `This child may have helped to choose and recalibrate the model: ${lackingRounds}`),
    )
  }
  if (!model.siteTrained) {
    flags.push(
      caution('foreign-site', 'This hospital took no part in training; nobody has tried the model on its scans.'),
    )
  }
  const range = model.ranges.age_years
  if (range !== undefined) {
    const trained = `the model was trained on scans at ages from ${range.low} to below ${range.high}`
    // Of this visit, as the range is of ages at scans.
    const age = ageYears === undefined ? undefined : ageAtScan(ageYears, last.day)
    if (age === undefined) {
      flags.push(caution('age', `The child's age is not known; ${trained}.`))
    } else if (!isInside(range, age)) {
      flags.push(refuse('age', `The child is ${yearsText(age)} years old at this visit; ${trained}.`))
    }
  }
  if (treatmentChangeDay !== undefined && treatmentChangeDay <= last.day) {
    flags.push(
      caution('treatment', `Treatment was changed on day ${treatmentChangeDay}; the model knows nothing of it.`),
    )
  }
  return flags
}

function scanFlags({ session, overlap, registration }: ScanFacts): Flag[] {
  if (overlap === undefined) return []
  const { dice, emptySlices } = overlap
  const flags: Flag[] = []
  if (emptySlices > 0) {
    const slices = emptySlices === 1 ? 'one slice' : `${emptySlices} slices`
    flags.push(
      caution('field-of-view', `${session}: ${slices} of the brain lie outside of the picture or are missing.`),
    )
  }
  if (registration === undefined && dice < narrowDice) {
    flags.push(
      caution(
        'placement',
        `${session}: the brain fits the template narrowly (overlap ${dice.toFixed(2)}); look at it.`,
      ),
    )
  }
  if (registration !== undefined && registration.starts > 1) {
    flags.push(
      caution('placement', `${session}: it was hard to register (${registration.starts} attempts); look at it.`),
    )
  }
  if (registration !== undefined && registration.fieldOfView < wholeFieldOfView) {
    const share = (100 * registration.fieldOfView).toFixed(0)
    flags.push(
      caution('field-of-view', `${session}: the picture holds ${share} % of the head that it was registered to.`),
    )
  }
  return flags
}

/** Cut off and not rounded: 8.97 is below 9. */
function yearsText(years: number): string {
  return (Math.floor(10 * years) / 10).toFixed(1)
}

function refuse(kind: Flag['kind'], sentence: string): Flag {
  return { weight: 'refuses', kind, sentence }
}

function caution(kind: Flag['kind'], sentence: string): Flag {
  return { weight: 'caution', kind, sentence }
}
