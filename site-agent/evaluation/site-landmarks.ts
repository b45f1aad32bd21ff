// From this hospital's children and the risks that a model gives them to landmarks. Groups are wide, as a group of few says
// nothing; what a table does not say is `unknown`.

import { ageAtScan, type Chart } from '../../shared/cohort/chart.ts'
import type { InputBin, SiteLandmarks } from '../../shared/evaluation/answer.ts'
import { type ChartFamily, type InputName, type ScanFamily, scanFamilies } from '../../shared/evaluation/families.ts'
import type { Landmark } from '../../shared/evaluation/landmark.ts'
import type { EmbeddedScan } from '../../shared/evaluation/pair-accuracy.ts'
import { unknownLevel } from '../../shared/evaluation/suppression/strata.ts'
import type { Fold } from '../../shared/study/folds.ts'
import type { ChildRisks } from '../learning/risks.ts'
import type { PreparedChild } from '../learning/trainer.ts'
import { type ScanSource, scanGroups } from './scan-groups.ts'

export interface JudgedChildren {
  readonly children: readonly PreparedChild[]
  /** Of a child, by its key; children of the training fold need none. */
  readonly risksOf: ReadonlyMap<string, ChildRisks>
  readonly visitOfShown: number
  /** Whether the weights have learnt the order of scans. */
  readonly teachesOrder: boolean
}

export function siteLandmarks({ children, risksOf, visitOfShown, teachesOrder }: JudgedChildren): SiteLandmarks {
  const ofFold = (fold: Fold): Landmark[] =>
    children
      .filter((child) => child.fold === fold)
      .flatMap((child) => landmarksOf(child, risksOf.get(child.key), visitOfShown))
  const [train, validation, test] = [ofFold('train'), ofFold('validation'), ofFold('test')]
  const scansOf = (fold: Fold): EmbeddedScan[] =>
    children
      .filter((child) => child.fold === fold)
      .flatMap((child) => embeddedScans(child, risksOf.get(child.key), teachesOrder))
  const trained = children.filter(({ fold }) => fold === 'train')
  return {
    ...{ validation, test, followUp: [...train, ...validation, ...test] },
    scans: { validation: scansOf('validation'), test: scansOf('test') },
    inputs: inputsOf(trained),
    seen: seenBy(trained),
  }
}

function landmarksOf(child: PreparedChild, risks: ChildRisks | undefined, visitOfShown: number): Landmark[] {
  const { outcome } = child
  const course = outcome && {
    competing: outcome.ending === 'competing',
    treatmentChanged: outcome.treatmentChangeDay !== undefined,
  }
  return child.scans.flatMap((scan, visit): Landmark[] => {
    const { day, followUp } = scan
    if (followUp === null) return []
    const { days: timeDays, event } = followUp
    const visits = visit + 1
    return [
      {
        ...{ child: child.key, visits, day, timeDays, event },
        ...(course && { course }),
        risk: risks?.atVisits[visit] ?? 0,
        riskByShown: visits === visitOfShown ? (risks?.byShown ?? []) : [],
        groups: groupsOf(child.chart, scan),
      },
    ]
  })
}

/** Scans at landmarks alone, so that what is told of them changes with the cohort that was noted and with nothing else. */
function embeddedScans(child: PreparedChild, risks: ChildRisks | undefined, teachesOrder: boolean): EmbeddedScan[] {
  return child.scans.flatMap(({ day, followUp }, visit): EmbeddedScan[] => {
    const embedding = risks?.embeddings[visit]
    if (followUp === null || embedding === undefined) return []
    const progression = teachesOrder ? (risks?.progression[visit] ?? null) : null
    return [{ child: child.key, day, event: followUp.event, progression, embedding }]
  })
}

type Groups = Readonly<Record<ChartFamily, string> & Partial<Record<ScanFamily, string>>>

/** Which families there are is agreed with what a hospital approves (families.ts). */
function groupsOf(chart: Chart, scan: ScanSource): Groups {
  const { ageYears, sex, grade, resection, location, treatment } = chart
  return {
    age: ageYears === undefined ? unknownLevel : ageBand(ageYears),
    sex: sex ?? unknownLevel,
    grade: grade === undefined ? unknownLevel : grade <= 2 ? 'low (1–2)' : 'high (3–4)',
    resection: resection ?? unknownLevel,
    location: location ?? unknownLevel,
    treatment: treatment ?? unknownLevel,
    ...scanGroups(scan),
  }
}

function ageBand(years: number): string {
  return years < 5 ? 'under 5' : years < 10 ? '5 to 9' : years < 15 ? '10 to 14' : '15 and over'
}

/** Children of the training fold by bins of what the model is shown, so that a reader elsewhere sees what lies outside. */
function inputsOf(children: readonly PreparedChild[]): Record<InputName, readonly InputBin[]> {
  const gaps = ({ scans }: PreparedChild): number[] => scans.slice(1).map(({ day }, i) => day - (scans[i]?.day ?? day))
  const ageAt = ({ chart: { ageYears }, scans }: PreparedChild): number[] =>
    ageYears === undefined ? [] : scans.map(({ day }) => ageAtScan(ageYears, day))
  const days = ({ scans }: PreparedChild): number[] => scans.map(({ day }) => day)
  return {
    visits: countBins(children, ({ scans }) => scans.map((_, visit) => visit + 1), 1),
    gap_days: countBins(children, gaps, 90),
    days_since_surgery: countBins(children, days, 180),
    age_years: countBins(children, ageAt, 1),
  }
}

/** By family and level, the children with at least one scan of it. Families of which nothing is written down are left out. */
function seenBy(children: readonly PreparedChild[]): SiteLandmarks['seen'] {
  const families = scanFamilies.map((family) => {
    const levels = children.flatMap(({ scans }) => [
      ...new Set(scans.map((scan) => scanGroups(scan)[family] ?? unknownLevel)),
    ])
    return [
      family,
      Map.groupBy(
        levels.filter((level) => level !== unknownLevel),
        (level) => level,
      ),
    ] as const
  })
  return Object.fromEntries(
    families
      .filter(([, levels]) => levels.size > 0)
      .map(([family, levels]) => [family, new Map([...levels].map(([level, all]) => [level, all.length]))]),
  )
}

/** Children with at least one value in each bin [k·width, (k + 1)·width). */
function countBins(
  children: readonly PreparedChild[],
  valuesOf: (child: PreparedChild) => readonly number[],
  width: number,
): InputBin[] {
  const counts = new Map<number, number>()
  for (const child of children) {
    for (const bin of new Set(valuesOf(child).map((value) => Math.floor(value / width)))) {
      counts.set(bin, (counts.get(bin) ?? 0) + 1)
    }
  }
  return [...counts]
    .sort(([a], [b]) => a - b)
    .slice(0, 100)
    .map(([bin, count]) => ({ low: bin * width, high: (bin + 1) * width, children: count }))
}
