// From the sites' answers to a pass to what they make together. Sites are taken in order of their ids, so the same answers
// give the same bytes, whatever order they came in. Whose children are judged is settled by the counts: of a site that missed
// them nothing is taken later, and where one of theirs is missing later, `sites` says so.

import type { Line } from './calibration/calibration-fit.ts'
import { startFits, withSteps } from './calibration/pool-fits.ts'
import { noRecalibration, recalibrated } from './calibration/recalibration.ts'
import { lineOf } from './calibration/risk-scale.ts'
import { modelPrior, recalibrationBy } from './calibration/shrinkage.ts'
import { pooledHazards } from './censoring.ts'
import { addShareSums } from './clustered-share.ts'
import { sum } from './curve.ts'
import type { Summary } from './figures.ts'
import { gapClasses, outcomeClasses } from './pair-accuracy.ts'
import type { RiskScale } from './passes.ts'
import type { Pooled } from './pooled.ts'
import { pooledSummary } from './pooled-summary.ts'
import type { AnswerOf, SiteAnswer, StratumCells } from './site-answer.ts'
import { discriminantOf } from './site-probe.ts'
import { isSamePart, partOf, wholePart } from './suppression/strata.ts'
import { chooseThresholds, type ThresholdAims } from './thresholds.ts'

export interface PoolOptions {
  readonly horizonDays: number
  readonly minCell: number
  readonly aims: ThresholdAims
}

/** The answers to the pass that `pass` names, added to what the passes before came to. */
export function poolAnswers(before: Pooled, answers: readonly SiteAnswer[], options: PoolOptions): Pooled {
  const sorted = [...answers].sort((a, b) => (a.site < b.site ? -1 : 1))
  const after = { ...before, passes: before.passes + 1 }
  const [first] = sorted
  switch (first?.pass) {
    case undefined:
      return after
    case 'censoring':
      return poolCensoring(after, ofPass(sorted, 'censoring'), options)
    case 'counts':
      return poolCounts(after, ofPass(sorted, 'counts'), options)
    case 'calibration':
      return recalibrating(withSteps(after, ofPass(sorted, 'calibration')), options)
    case 'recalibration':
      return poolRecalibration(after, ofPass(sorted, 'recalibration'))
    case 'influence':
      return poolInfluence(withSteps(after, ofPass(sorted, 'influence')), ofPass(sorted, 'influence'))
  }
}

function ofPass<Pass extends SiteAnswer['pass']>(answers: readonly SiteAnswer[], pass: Pass): AnswerOf<Pass>[] {
  return answers.filter((answer): answer is AnswerOf<Pass> => answer.pass === pass)
}

function poolCensoring(before: Pooled, answers: readonly AnswerOf<'censoring'>[], options: PoolOptions): Pooled {
  const telling = answers.filter(({ intervals }) => intervals.length > 0)
  const hazards = pooledHazards(
    telling.map(({ intervals }) => intervals),
    options.horizonDays,
  )
  return { ...before, censoring: { hazards: [...hazards], sites: telling.map(({ site }) => site) } }
}

function poolCounts(before: Pooled, answers: readonly AnswerOf<'counts'>[], { aims, minCell }: PoolOptions): Pooled {
  const validations = answers.flatMap(({ site, validation, events }) =>
    validation === null ? [] : [{ site, cells: validation, events: events.validation }],
  )
  const validation =
    validations.length === 0
      ? null
      : {
          ...describe(validations),
          caseChildren: total(validations.map(({ cells, events }) => events ?? fewestEvents(cells, minCell))),
          summary: pooledSummary(validations.map(({ cells }) => ({ cells }))).summary,
        }
  const parts = strataOf(answers.map(({ site, test: cells }) => ({ site, strata: cells }))).map((ofSites) => ({
    described: describe(ofSites),
    pooled: pooledSummary(ofSites.map(({ cells }) => ({ cells }))),
  }))
  const test = parts.map(({ described, pooled: { summary, uncertainty } }) => ({ ...described, summary, uncertainty }))
  return {
    ...before,
    validation,
    test,
    ...(parts[0] !== undefined && { evenly: { raw: parts[0].pooled.evenly } }),
    sites: answers.map(({ site, own, events, test: strata }) => ({
      site,
      events: events.test,
      children: strata[0]?.children ?? null,
      landmarks: strata[0]?.landmarks ?? null,
      raw: own,
      consortium: null,
      own: null,
      recalibration: null,
    })),
    pairs: pairsOf(answers),
    probe: { discriminant: discriminantOf(answers), sites: [] },
    inputRanges: rangesOf(answers.map(({ inputs }) => inputs)),
    ...seenAnywhere(answers.flatMap(({ seen }) => (seen === undefined ? [] : [seen]))),
    thresholds: validation === null ? before.thresholds : chooseThresholds(validation.summary.curve, aims),
    fits: startFits(validation, test),
  }
}

function pairsOf(answers: readonly AnswerOf<'counts'>[]): Pooled['pairs'] {
  const told = answers.flatMap(({ site, pairs }) => pairs.map((one) => ({ site, ...one })))
  return [...gapClasses.map(({ level }) => level), ...outcomeClasses].flatMap((level) => {
    const same = told.filter((one) => one.level === level)
    if (same.length === 0) return []
    return [{ level, sites: same.map(({ site }) => site), sums: addShareSums(same.map(({ sums }) => sums)) }]
  })
}

/** Of children with an event, at a site that does not say how many because fewer than k have none. */
function fewestEvents({ children }: StratumCells, minCell: number): number {
  return Math.max(minCell, children - minCell + 1)
}

function recalibrating(before: Pooled, { minCell }: PoolOptions): Pooled {
  const { validation, validationIntercept } = before.fits
  const events = before.validation?.caseChildren ?? 0
  if (validation === undefined || validationIntercept === undefined || events < minCell) {
    return { ...before, recalibration: noRecalibration }
  }
  return { ...before, recalibration: recalibrationBy(validation, validationIntercept, events, modelPrior) }
}

function poolRecalibration(before: Pooled, answers: readonly AnswerOf<'recalibration'>[]): Pooled {
  const consortium = before.recalibration ?? noRecalibration
  const lines = new Map(answers.map(({ site, recalibration }) => [site, recalibration]))
  const siteLine = (site: string): Line => lineOf('site', before, lines.get(site) ?? noRecalibration)
  const counted = (site: string, strata: readonly StratumCells[]) => ({
    site,
    strata: strata.filter((part) => partOf(before.test, part)?.sites.includes(site)),
  })
  const consortiumStrata = strataOf(answers.map(({ site, consortium: strata }) => counted(site, strata)))
  const siteStrata = strataOf(answers.map(({ site, siteScale: strata }) => counted(site, strata)))
  const pooledStrata = consortiumStrata.map((parts) => {
    const [first] = parts
    const sameParts = siteStrata.find(([one]) => one && first && isSamePart(one.cells, first.cells))
    const site = pooledSummary(
      (sameParts ?? []).map(({ site: name, cells }) => ({
        cells,
        map: (risk: number) => recalibrated(risk, siteLine(name)),
      })),
    )
    const stratum = {
      ...describe(parts),
      consortium: pooledSummary(
        parts.map(({ cells }) => ({ cells, map: (risk: number) => recalibrated(risk, consortium) })),
      ).summary,
      site: site.summary,
    }
    return { stratum, evenly: site.evenly }
  })
  const strata = pooledStrata.map(({ stratum }) => stratum)
  const own = new Map(answers.map((answer) => [answer.site, answer.own]))
  const whole = partOf(strata, wholePart)
  const evenly = pooledStrata.find(({ stratum }) => isSamePart(stratum, wholePart))?.evenly
  const curves =
    whole === undefined
      ? {}
      : {
          consortiumIntercept: whole.consortium.curve,
          site: whole.site.curve,
          siteIntercept: whole.site.curve,
        }
  return withSteps(
    {
      ...before,
      recalibrated: strata,
      ...(before.evenly && { evenly: { ...before.evenly, site: evenly } }),
      sites: before.sites.map((one) => ({
        ...one,
        consortium: own.get(one.site)?.consortium ?? null,
        own: own.get(one.site)?.site ?? null,
        recalibration: lines.get(one.site) ?? null,
      })),
    },
    answers,
    curves,
  )
}

function poolInfluence(before: Pooled, answers: readonly AnswerOf<'influence'>[]): Pooled {
  const variances = before.test.map((part) => {
    const { family, level } = part
    const found = answers.flatMap(({ site, strata }) => {
      const squares = part.sites.includes(site) ? partOf(strata, part) : undefined
      return squares === undefined ? [] : [{ site, squares }]
    })
    const added = (scale: RiskScale): Record<string, number> => addRecords(found.map(({ squares }) => squares[scale]))
    const atThreshold = (name: 'ruleOut' | 'ruleIn'): Record<string, number> | null => {
      const told = found.flatMap(({ squares }) => {
        const one = squares[name]
        return one === null ? [] : [one]
      })
      return told.length === 0 ? null : addRecords(told)
    }
    return {
      family,
      level,
      sites: found.map(({ site }) => site),
      raw: added('raw'),
      consortium: added('consortium'),
      site: added('site'),
      ruleOut: atThreshold('ruleOut'),
      ruleIn: atThreshold('ruleIn'),
    }
  })
  const byScans = new Set(before.test.filter(({ family }) => family === 'scans').flatMap(({ sites }) => sites))
  const counted = answers.filter(({ site, scanCount }) => byScans.has(site) && Object.keys(scanCount).length > 0)
  const scanCount = { sites: counted.map(({ site }) => site), squares: addRecords(counted.map((one) => one.scanCount)) }
  const recognised = answers.flatMap(({ site, probe }) => (probe === null ? [] : [{ site, sums: probe }]))
  return { ...ordered(before, answers), variances, scanCount, probe: { ...before.probe, sites: recognised } }
}

/** With the order of landmarks of different sites as the sites found it, where every site that stands behind a summary says so. */
function ordered(before: Pooled, answers: readonly AnswerOf<'influence'>[]): Pooled {
  const corrected = (sites: readonly string[], summary: Summary, scale: 'raw' | 'site'): Summary => {
    const told = answers.flatMap(({ site, order }) => (sites.includes(site) && order ? [order[scale]] : []))
    if (told.length < sites.length) return summary
    const pairs = sum(summary.curve.cases) * sum(summary.curve.controls)
    return { ...summary, auroc: Math.min(1, Math.max(0, summary.auroc + sum(told) / pairs)) }
  }
  return {
    ...before,
    test: before.test.map((part) =>
      isSamePart(part, wholePart) ? { ...part, summary: corrected(part.sites, part.summary, 'raw') } : part,
    ),
    recalibrated: before.recalibrated.map((part) =>
      isSamePart(part, wholePart) ? { ...part, site: corrected(part.sites, part.site, 'site') } : part,
    ),
  }
}

interface SitePart {
  readonly site: string
  readonly cells: StratumCells
}

/** Parts of the same family and level, in the order in which they first appear; the whole fold first. */
function strataOf(
  sites: readonly { readonly site: string; readonly strata: readonly StratumCells[] }[],
): readonly (readonly SitePart[])[] {
  const parts = sites.flatMap(({ site, strata }) => strata.map((cells) => ({ site, cells })))
  return [...Map.groupBy(parts, ({ cells }) => `${cells.family}\n${cells.level}`).values()]
}

function describe(parts: readonly SitePart[]) {
  return {
    family: parts[0]?.cells.family ?? '',
    level: parts[0]?.cells.level ?? '',
    sites: parts.map(({ site }) => site),
    children: total(parts.map(({ cells }) => cells.children)),
    landmarks: total(parts.map(({ cells }) => cells.landmarks)),
  }
}

/** From the lowest to the highest edge of the bins that sites could tell of. */
function rangesOf(sites: readonly AnswerOf<'counts'>['inputs'][]): Pooled['inputRanges'] {
  const names = [...new Set(sites.flatMap((inputs) => Object.keys(inputs)))].sort()
  return Object.fromEntries(
    names.flatMap((name) => {
      const bins = sites.flatMap((inputs) => inputs[name] ?? [])
      if (bins.length === 0) return []
      const range = { low: Math.min(...bins.map(({ low }) => low)), high: Math.max(...bins.map(({ high }) => high)) }
      return [[name, range] as const]
    }),
  )
}

/** Nothing where no site told: a site of an earlier version would not understand the field. */
function seenAnywhere(sites: readonly Exclude<Pooled['seen'], undefined>[]): Pick<Pooled, 'seen'> {
  if (sites.length === 0) return {}
  const families = [...new Set(sites.flatMap((seen) => Object.keys(seen)))].sort()
  const seen = families.map((family) => [family, [...new Set(sites.flatMap((one) => one[family] ?? []))].sort()])
  return { seen: Object.fromEntries(seen) }
}

function addRecords(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const totals = new Map<string, number>()
  for (const [name, value] of records.flatMap((record) => Object.entries(record))) {
    totals.set(name, (totals.get(name) ?? 0) + value)
  }
  return Object.fromEntries(totals)
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
