// What an import would do, decided from headers alone: who is who, which visits there are, which series of each visit gives
// which sequence, and what is held back. Pure; the data manager can look at it before anything is written.

import type { KnownChild } from './children.ts'
import { isUsableId } from './children.ts'
import type { Grid } from './geometry.ts'
import type { MappedOutcome, MappedPatient } from './map-file.ts'
import type { Weighting } from './sequence.ts'
import { type HeldRule, judgeSeries, type SeriesVerdict } from './series-verdict.ts'
import { type Located, type Stack, stacksOf } from './stacks.ts'

export interface PlannedImage {
  readonly weighting: Weighting
  readonly contrast: boolean
  readonly stack: Stack
  readonly grid: Grid
  /** Which numbers of the header decided. */
  readonly reason: string
  readonly remark: string | undefined
}

export interface PlannedVisit {
  /** Day since 1970: real, so not for showing. */
  readonly day: number
  readonly images: readonly PlannedImage[]
}

export interface PlannedChild {
  readonly child: KnownChild
  readonly surgeryDay: number | undefined
  readonly outcome: MappedOutcome | undefined
  /** In order of time. */
  readonly visits: readonly PlannedVisit[]
}

/** Something that is not imported, or a remark on something that is. */
export interface HeldSeries {
  readonly rule: HeldRule | 'patient' | 'date' | 'another-chosen' | 'several-studies'
  readonly child: KnownChild | undefined
  /** Real, so not for showing. */
  readonly day: number | undefined
  readonly seriesNumber: number | undefined
  readonly images: number
  readonly reason: string
}

export interface Plan {
  readonly children: readonly PlannedChild[]
  readonly held: readonly HeldSeries[]
  /** Images from which a person can still be told. */
  readonly identified: number
}

export interface PlanRequest {
  readonly images: readonly Located[]
  readonly map: ReadonlyMap<string, MappedPatient>
  childOf(patientId: string, mapped: MappedPatient | undefined): KnownChild
}

/** Decides. Patients come in order of id, so the same folder gives the same plan. */
export function planImport({ images, map, childOf }: PlanRequest): Plan {
  const held: HeldSeries[] = []
  const children: PlannedChild[] = []
  const byPatient = Map.groupBy(images, ({ instance }) => instance.identifiers.patientId)
  for (const [patientId, own] of [...byPatient].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const problem = patientProblem(patientId, own)
    if (problem !== undefined) {
      held.push({
        rule: 'patient',
        child: undefined,
        day: undefined,
        seriesNumber: undefined,
        images: own.length,
        reason: problem,
      })
      continue
    }
    const judged = stacksOf(own).map((stack) => ({ stack, verdict: judgeSeries(stack) }))
    const mapped = map.get(patientId)
    // A patient without any head is none of ours, and gets no id.
    const child = judged.some(({ verdict }) => verdict.use) ? childOf(patientId, mapped) : undefined
    const visits = planVisits(child, judged, held)
    if (child === undefined || visits.length === 0) continue
    children.push({ child, surgeryDay: mapped?.surgeryDay, outcome: mapped?.outcome, visits })
  }
  return {
    children,
    held: held.toSorted(byChildAndDay),
    identified: images.filter(({ instance }) => instance.identified).length,
  }
}

/** Those without a child last; within a child in order of time. */
function byChildAndDay(a: HeldSeries, b: HeldSeries): number {
  const child = ({ child }: HeldSeries): string => child?.participant ?? '~'
  if (child(a) !== child(b)) return child(a) < child(b) ? -1 : 1
  return (a.day ?? 0) - (b.day ?? 0) || (a.seriesNumber ?? 0) - (b.seriesNumber ?? 0)
}

interface Judged {
  readonly stack: Stack
  readonly verdict: SeriesVerdict
}

function patientProblem(patientId: string, images: readonly Located[]): string | undefined {
  if (patientId === '') return 'its images name no patient id, so nobody knows whose they are'
  if (!isUsableId(patientId))
    return 'its patient id is longer than 64 letters or holds letters that cannot stand in a table'
  const births = new Set(images.flatMap(({ instance }) => instance.identifiers.birthDate ?? []))
  if (births.size > 1)
    return 'one patient id stands over images with different dates of birth; two patients may have been mixed up'
  return undefined
}

function planVisits(child: KnownChild | undefined, judged: readonly Judged[], held: HeldSeries[]): PlannedVisit[] {
  const hold = ({ stack }: Judged, rule: HeldSeries['rule'], reason: string): void => {
    const { instance } = stack
    held.push({
      rule,
      child,
      day: instance.identifiers.day,
      seriesNumber: instance.seriesNumber,
      images: stack.slices.length,
      reason,
    })
  }
  const usable: (Judged & { verdict: Extract<SeriesVerdict, { use: true }>; day: number })[] = []
  for (const { stack, verdict } of judged) {
    const { day } = stack.instance.identifiers
    if (!verdict.use) hold({ stack, verdict }, verdict.rule, verdict.reason)
    else if (day === undefined) hold({ stack, verdict }, 'date', 'its header does not say on which day it was acquired')
    else usable.push({ stack, verdict, day })
  }
  const visits: PlannedVisit[] = []
  for (const [day, own] of [...Map.groupBy(usable, ({ day }) => day)].toSorted(([a], [b]) => a - b)) {
    const [chosen, ...others] = studiesInOrder(own)
    if (chosen === undefined) continue
    for (const study of others) {
      for (const series of study)
        hold(
          series,
          'several-studies',
          'another examination of the same day is used, which has more sequences or is later',
        )
    }
    const images: PlannedImage[] = []
    for (const series of Map.groupBy(chosen, ({ verdict }) => `${verdict.weighting} ${verdict.contrast}`).values()) {
      const [best, ...rest] = series.toSorted(byQuality)
      if (best === undefined) continue
      const { weighting, contrast, grid, reason, remark } = best.verdict
      images.push({ weighting, contrast, stack: best.stack, grid, reason, remark })
      for (const other of rest) {
        hold(
          other,
          'another-chosen',
          `series ${best.stack.instance.seriesNumber ?? 'without number'} gives this visit's ${weighting}: ${betterBecause(best, other)}`,
        )
      }
    }
    visits.push({ day, images })
  }
  return visits
}

type Usable = Judged & { readonly verdict: Extract<SeriesVerdict, { use: true }> }

/** Most sequences first, then the later examination: the first one of a day may have been broken off. */
function studiesInOrder<T extends Usable>(series: readonly T[]): T[][] {
  const kinds = (study: readonly T[]): number => new Set(study.map(({ verdict }) => verdict.weighting)).size
  const clock = (study: readonly T[]): string =>
    study
      .map(({ stack }) => stack.instance.identifiers.clock)
      .toSorted()
      .at(-1) ?? ''
  return [...Map.groupBy(series, ({ stack }) => stack.instance.identifiers.studyUid).values()].toSorted(
    (a, b) => kinds(b) - kinds(a) || (clock(a) > clock(b) ? -1 : 1),
  )
}

const thickest = ({ verdict }: Usable): number => Math.max(...verdict.grid.spacingMm)
const smallest = ({ verdict }: Usable): number => Math.min(...verdict.grid.coverageMm)
const isNormalised = ({ stack }: Usable): boolean => stack.instance.imageType.includes('NORM')

/** Thinnest slices first (a tenth of a millimetre is no difference), then widest coverage, then corrected, then latest. */
function byQuality(a: Usable, b: Usable): number {
  const thickness = Math.round(10 * (thickest(a) - thickest(b)))
  const coverage = Math.round((smallest(b) - smallest(a)) / 10)
  const normalised = Number(isNormalised(b)) - Number(isNormalised(a))
  const later = a.stack.instance.identifiers.clock < b.stack.instance.identifiers.clock ? 1 : -1
  return thickness || coverage || normalised || later
}

function betterBecause(best: Usable, other: Usable): string {
  if (Math.round(10 * (thickest(best) - thickest(other))) !== 0) return 'its slices are thinner'
  if (Math.round((smallest(best) - smallest(other)) / 10) !== 0) return 'it covers more'
  if (isNormalised(best) !== isNormalised(other)) return 'it is corrected for coil sensitivity'
  return 'it is the later one of equals'
}
