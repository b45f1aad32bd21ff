import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../shared/random.ts'
import { calibration, calibrationByHospital, calibrationBySeed, errorBefore, reliabilityOf } from './calibration.ts'
import type { Cell, RecurrenceArm, Setting } from './cell.ts'
import { featuresOf, histogramLength } from './features.ts'
import { benchmarkOptions } from './options.ts'
import { oracleScores, type oracles } from './oracle.ts'
import { writeResults } from './results.ts'
import { createCellStore } from './store.ts'
import { pairedDifference, type SeedScores, seedAuroc } from './summary.ts'

const scratch = mkdtempSync(join(tmpdir(), 'sequela-benchmark-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Test children whose logits tell the label by `signal` standard deviations, more with more scans. */
function scoresOf(seed: number, signal: number, stretch = 1): SeedScores {
  const random = seededRandom(`scores/${seed}/${signal}`)
  const labels = Array.from({ length: 200 }, (_, i): 0 | 1 => (i % 3 === 0 ? 1 : 0))
  const logit = (label: 0 | 1): number => stretch * (signal * label - signal / 2 + random.normal())
  const logits = labels.map((label) => Array.from({ length: 6 }, () => logit(label)))
  const validation = labels.map((label) => ({ visits: 6, label, logit: logit(label) }))
  return { seed, labels, models: [{ logits, validation }] }
}

describe('figures of cells', () => {
  const strong = [1, 2, 3].map((seed) => scoresOf(seed, 2))
  const weak = [1, 2, 3].map((seed) => scoresOf(seed, 1))
  const six = (one: SeedScores, at?: readonly number[]): number => seedAuroc(one, 6, at)

  test('tell a better arm from a worse one with an interval above 0, and an arm from itself not at all', () => {
    const difference = pairedDifference(strong, weak, six)
    expect(difference?.interval.low).toBeGreaterThan(0)
    expect(difference?.bySeed).toHaveLength(3)
    expect(pairedDifference(strong, strong, six)).toMatchObject({ mean: 0, interval: { low: 0, high: 0 } })
  })

  test('are about the seeds that both arms have', () => {
    expect(pairedDifference(strong, weak.slice(0, 2), six)?.bySeed.map(({ seed }) => seed)).toEqual([1, 2])
    expect(pairedDifference(strong, [], six)).toBeUndefined()
  })

  test('are the mean over sites where sites train alone', () => {
    const [a, b] = [scoresOf(1, 2), scoresOf(1, 0.1)]
    const both = { ...a, models: [...a.models, ...b.models] }
    expect(six(both)).toBeCloseTo((six(a) + six(b)) / 2)
  })

  test('say how well risks are calibrated as the mean over the models of all sites, not of the first', () => {
    const [calibrated, overconfident] = [
      [1, 2].map((seed) => scoresOf(seed, 1)),
      [1, 2].map((seed) => scoresOf(seed, 1, 5)),
    ]
    const both = calibrated.map((one, at) => ({
      ...one,
      models: [...one.models, ...(overconfident[at]?.models ?? [])],
    }))
    const errors = [calibrated, overconfident].map((scores) => calibration(scores).before.ece)
    expect(errorBefore(both)).toBeCloseTo(((errors[0] ?? Number.NaN) + (errors[1] ?? Number.NaN)) / 2)
    expect(errorBefore(calibrated)).toBe(errors[0])
    expect(() => calibration(both)).toThrow('one model')
  })

  test('show overconfident risks as badly calibrated, and Platt scaling mends them', () => {
    const overconfident = [scoresOf(1, 1, 5), scoresOf(2, 1, 5)]
    const { before, after } = calibration(overconfident)
    expect(before.ece).toBeGreaterThan(0.2)
    expect(after.ece).toBeLessThan(0.08)
  })

  test('recalibrate by the intercept alone where events are few, which keeps the spread of risks', () => {
    const [scores] = [scoresOf(1, 1)]
    const shifted = {
      ...scores,
      models: scores.models.map(({ logits, validation }) => ({
        logits: logits.map((row) => row.map((logit) => logit + 2)),
        validation: validation.slice(0, 30).map((row) => ({ ...row, logit: row.logit + 2 })),
      })),
    }
    const { before, after } = calibration([shifted])
    const range = ({ bins }: typeof after): number => (bins.at(-1)?.risk ?? 0) - (bins[0]?.risk ?? 0)
    expect(after.ece).toBeLessThan(before.ece)
    expect(range(after)).toBeGreaterThan(0.3)
  })

  test('stay as they are on a seed with hardly an event in its validation folds, which is counted', () => {
    const [many, few] = [scoresOf(1, 1, 5), scoresOf(2, 1, 5)]
    const models = few.models.map((model) => ({ ...model, validation: model.validation.slice(0, 4) }))
    expect(calibration([many, few]).leftAsTheyAre).toBe(0)
    expect(calibration([many, { ...few, models }]).leftAsTheyAre).toBe(1)
    const { before, after } = calibration([{ ...few, models }])
    expect(after).toEqual(before)
  })

  test('are calibrated by hospital over all seeds, with what chance alone would show', () => {
    const hospitals = (seed: number) =>
      seed === 3 ? undefined : scoresOf(seed, 1).labels.map((_, i) => (i < 50 ? 'b' : 'a'))
    const found = calibrationByHospital([scoresOf(1, 1), scoresOf(2, 1), scoresOf(3, 1)], hospitals)
    expect(found.map(({ hospital, children, events }) => [hospital, children, events])).toEqual([
      ['a', 300, 100],
      ['b', 100, 34],
    ])
    const [large, small] = found
    expect(large?.byChance).toBeGreaterThan(0.01)
    expect(small?.byChance).toBeGreaterThan(1.3 * (large?.byChance ?? 1))
    expect(calibrationByHospital(strong, () => undefined)).toEqual([])
  })

  /** Risks that are all too high or too low, with too few validation children to mend them. */
  function movedBy(shift: number, seed: number): SeedScores {
    const { models, ...scores } = scoresOf(seed, 1)
    const moved = models.map(({ logits, validation }) => ({
      logits: logits.map((row) => row.map((logit) => logit + shift)),
      validation: validation.slice(0, 4),
    }))
    return { ...scores, models: moved }
  }

  test('are calibrated seed by seed, where models that err on different sides do not make up for each other', () => {
    const scores = [movedBy(0.1, 1), movedBy(-1.5, 2)]
    const bySeed = calibrationBySeed(scores)
    expect(bySeed.map(({ seed }) => seed)).toEqual([1, 2])
    for (const { ece, byChance } of bySeed) {
      expect(ece).toBeGreaterThan(1.2 * calibration(scores).after.ece)
      expect(byChance).toBeLessThan(ece)
    }
  })

  test('of the true radius and its change tell how much there is to see with so many scans', () => {
    const labels: (0 | 1)[] = [1, 0]
    const radii = [
      [4, 4, 4, 4, 4, 9],
      [12, 12, 12, 12, 12, 12],
    ]
    const oracle = (name: keyof typeof oracles, shown: number): number[] =>
      oracleScores([{ seed: 7, labels, models: [] }], (seed) => (seed === 7 ? radii : undefined), name).map((one) =>
        seedAuroc(one, shown),
      )
    expect(oracle('true radius of the lesion (oracle)', 6)).toEqual([0])
    expect(oracle('its true change since the first scan shown (oracle)', 2)).toEqual([1])
    expect(oracle('its true change since the first scan shown (oracle)', 1)).toEqual([0.5])
    expect(oracleScores(strong, () => undefined, 'true radius of the lesion (oracle)')).toEqual([])
  })

  test('weigh bins of risk by their children', () => {
    const rows = [
      { label: 1 as const, risk: 0.95 },
      { label: 1 as const, risk: 0.95 },
      { label: 0 as const, risk: 0.25 },
    ]
    expect(reliabilityOf(rows).ece).toBeCloseTo((2 * 0.05 + 0.25) / 3)
  })
})

test('features of a volume count its brain and nothing else', () => {
  const features = featuresOf(Float32Array.of(0, 0, -1, 2.5, 4, 40))
  expect(features.at(-1)).toBe(4)
  expect(features.slice(histogramLength, -1)).toEqual([Math.log1p(3), Math.log1p(2)])
  expect(features[histogramLength - 1]).toBeCloseTo(Math.log1p(50))
})

describe('the store', () => {
  const options = benchmarkOptions(['node', 'benchmark', '--seeds', '1', '--out', scratch])
  const cell: Cell = { kind: 'recurrence', seed: 1, arm: 'order', setting: 'federated', known: 0.4 }
  const { labels, models } = scoresOf(1, 2)
  const [model = { logits: [], validation: [] }] = models

  test('finds a result again, but not for other inputs', () => {
    const store = createCellStore(options)
    expect(store.find(cell)).toBeUndefined()
    store.put(cell, 3, { kind: 'recurrence', labels, models: { all: model } }, new Map())
    expect(createCellStore(options).find(cell)).toMatchObject({ seconds: 3, cell })
    expect(createCellStore({ ...options, orderingRounds: 41 }).find(cell)).toBeUndefined()
    expect(store.find({ ...cell, known: 0.2 })).toBeUndefined()
  })

  test('gives pages and plots, by cohort and preset', () => {
    const store = createCellStore(options)
    store.put(cell, 3, { kind: 'recurrence', labels, models: { all: model } }, new Map())
    const files = writeResults(options, store, [{ cell, tier: 1 }], new Date('2026-01-02'))
    expect(files[0]).toMatch(/results\.md$/)
    const other = writeResults({ ...options, cohort: 'growth', preset: 'compact' }, store, [], new Date('2026-01-02'))
    expect(other[0]).toMatch(/results-growth-compact\.md$/)
    expect(files.some((file) => file.endsWith('auroc-by-scans.svg'))).toBe(true)
  })
})

describe('the page of results', () => {
  const anyCell = { arm: 'order', setting: 'federated', known: 0.4 } as const

  /** The end of a verdict that rests on fewer seeds than the goals ask for. */
  function seedsInWords(seeds: number): string {
    if (seeds >= 5) return ''
    return seeds === 1 ? ', on one seed of 5' : `, on ${seeds} seeds of 5`
  }

  /** What the page's table of goals says, by figure: what came out and the verdict. @param cells of seeds from 1 */
  function goalsOf(
    cells: readonly {
      readonly arm?: RecurrenceArm
      readonly setting?: Setting
      readonly known?: number
      readonly signals: readonly number[]
    }[],
    plain: Readonly<Record<string, readonly number[]>> = {},
  ) {
    const seeds = Math.max(...cells.map(({ signals }) => signals.length))
    const out = mkdtempSync(join(scratch, 'page-'))
    const options = benchmarkOptions(['node', 'benchmark', '--seeds', String(seeds), '--out', out])
    const store = createCellStore(options)
    const nothing = new Map()
    for (const { signals, ...named } of cells) {
      for (const [at, signal] of signals.entries()) {
        const { labels, models } = scoresOf(at + 1, signal)
        const result = {
          kind: 'recurrence',
          labels,
          models: Object.fromEntries(models.map((one) => ['all', one])),
        } as const
        store.put({ kind: 'recurrence', seed: at + 1, ...anyCell, ...named }, 1, result, nothing)
      }
    }
    for (const [control, signals] of Object.entries(plain)) {
      for (const [at, signal] of signals.entries()) {
        const { labels, models } = scoresOf(at + 1, signal)
        const controls = { [control]: { all: models[0]?.logits ?? [] } }
        store.put({ kind: 'plain', seed: at + 1, known: 0.4 }, 1, { kind: 'plain', labels, controls }, nothing)
      }
    }
    const [file = ''] = writeResults(options, store, [], new Date('2026-01-02'))
    const page = readFileSync(file, 'utf8')
    const rows = page.slice(page.indexOf('| figure | goal |'), page.indexOf('Outcomes that change places')).split('\n')
    const verdicts = new Map(
      rows.slice(2).flatMap((row) => {
        const [, figure, , cameOut, verdict] = row.split('|').map((part) => part.trim())
        return figure === undefined || cameOut === undefined ? [] : [[figure, { cameOut, verdict }] as const]
      }),
    )
    return {
      page,
      verdicts,
      verdictOf: (figure: string) => verdicts.get(figure)?.verdict,
      onSeeds: seedsInWords(seeds),
    }
  }

  test('says of each goal whether it is met, unmet or not measured, and a figure with it where it is measured', () => {
    const { verdicts, verdictOf, onSeeds } = goalsOf([
      { signals: [2] },
      { setting: 'local', signals: [2] },
      { setting: 'pooled', signals: [2] },
    ])
    expect(verdictOf('AUROC with 4+ scans, 40 % of outcomes')).toBe(`met${onSeeds}`)
    expect(verdictOf('federated − pooled')).toBe(`met${onSeeds}`)
    expect(verdictOf('federated − mean of the sites alone')).toBe(`**unmet**${onSeeds}`)
    expect(verdictOf('pair accuracy, all')).toBe('not measured')
    expect(verdictOf('pretrained − scratch at 20 % of outcomes')).toBe('not measured')
    expect(new Set([...verdicts.values()].map(({ verdict }) => verdict))).toEqual(
      new Set([`met${onSeeds}`, `**unmet**${onSeeds}`, 'not measured']),
    )
    for (const [figure, { cameOut, verdict }] of verdicts) {
      expect(cameOut === '', figure).toBe(verdict === 'not measured')
    }
  })

  const gainFigure = 'pretrained − scratch at 20 % of outcomes'
  test.each([
    ['is met where every seed gains', [2, 2, 2, 2, 2], [0.5, 0.5, 0.5, 0.5, 0.5], 'met'],
    [
      'is unmet where the interval lies above 0 and one seed loses',
      [2, 2, 2, 2, 1],
      [0.1, 0.1, 0.1, 0.1, 1.4],
      '**unmet**',
    ],
    ['is unmet where the mean is large and the interval holds 0', [1.2], [0.7], '**unmet**'],
    ['is unmet where every seed gains too little', [4, 4, 4], [3, 3, 3], '**unmet**'],
  ])('a gain by pretraining %s', (_, order, scratchSignals, verdict) => {
    const { verdicts, onSeeds } = goalsOf([
      { known: 0.2, signals: order },
      { known: 0.2, arm: 'scratch', signals: scratchSignals },
    ])
    const gain = verdicts.get(gainFigure)
    expect(gain?.verdict).toBe(`${verdict}${onSeeds}`)
    expect(gain?.cameOut.match(/[+−]\d\.\d{3}/g)).toHaveLength(3 + order.length)
  })

  test.each([
    ['beats', [2, 2], [0.5, 0.5], 'met', 'The network beats the change of bright voxels'],
    ['does not reach', [0.5, 0.5], [2, 2], '**unmet**', '**On this cohort the network does not reach the change'],
    ['is not told from', [1], [0.9], '**unmet**', '**It is not shown that the network beats the change of bright'],
  ])('says at the top where the network %s a control without one', (_, network, control, verdict, sentence) => {
    const { page, verdictOf, onSeeds } = goalsOf([{ signals: network }], { 'bright voxels': control })
    expect(verdictOf('network − bright voxels, 40 %')).toBe(`${verdict}${onSeeds}`)
    expect(page).toContain(sentence)
    expect(page).toContain('Whether the network beats the largest local rise')
    expect(verdictOf('network − local rise, 40 %')).toBe('not measured')
  })
})
