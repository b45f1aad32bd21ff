import { describe, expect, test } from 'vitest'
import { answerPass, censoringCurveFor } from './answer.ts'
import { divideCurve, wonBeyondCells, wonElsewhere } from './between-sites.ts'
import type { Curve } from './curve.ts'
import type { DecidedLandmark } from './landmark.ts'
import { poolAnswers } from './pool.ts'
import { nothingPooled } from './pooled.ts'
import { pooledSummary } from './pooled-summary.ts'
import { edgeRisk, riskBinCount } from './risk-bins.ts'
import { cellsOfStratum } from './stratum-cells.ts'
import { stratify } from './suppression/stratify.ts'
import { allPasses, horizonDays, simulatedSites } from './testsupport/simulated-landmarks.ts'

const sites = simulatedSites([20, 16], { seed: 'between' })
const wholes = [...sites.values()].map(({ test: landmarks, followUp }) => {
  const curve = censoringCurveFor(followUp, nothingPooled, horizonDays)
  const [whole] = stratify(landmarks, horizonDays, curve, 5)
  if (whole === undefined) throw new Error('both sites may tell of their fold')
  return whole
})
const cells = wholes.map((whole) => ({ cells: cellsOfStratum(whole) }))
const { summary, evenly } = pooledSummary(cells)
const divisions = cells.map((site) => divideCurve(summary.curve, evenly, site))

/** A thousandth of the weight of each bin at as many even places in it. */
function pointsOf(weights: readonly number[]): { readonly risk: number; readonly weight: number }[] {
  return weights.flatMap((weight, bin) =>
    Array.from({ length: 1000 }, (_, k) => ({
      risk: edgeRisk(bin) + ((k + 0.5) / 1000) * (edgeRisk(bin + 1) - edgeRisk(bin)),
      weight: weight / 1000,
    })),
  )
}

function wonOneByOne({ risk, outcome }: DecidedLandmark, { cases, controls }: Curve): number {
  const won =
    outcome === 1
      ? pointsOf(controls).filter((one) => one.risk < risk)
      : pointsOf(cases).filter((one) => one.risk > risk)
  return won.reduce((sum, { weight }) => sum + weight, 0)
}

describe('the order of landmarks among those of other sites', () => {
  test('divides the curve of all into what each site’s cells make', () => {
    const [first, second] = divisions
    for (const side of ['cases', 'controls'] as const) {
      for (let bin = 0; bin < riskBinCount; bin++) {
        expect(first?.others[side][bin]).toBeCloseTo(second?.own[side][bin] ?? Number.NaN, 10)
      }
    }
  })

  test('is that of a loop over all places where the others may be', () => {
    for (const [at, whole] of wholes.entries()) {
      const divided = divisions[at]
      if (divided === undefined) throw new Error('there is one of each site')
      const won = wonElsewhere(divided)
      for (const row of whole.rows.slice(0, 20)) expect(won(row)).toBeCloseTo(wonOneByOne(row, divided.others), 2)
    }
  })

  test('is told as a number that changes with every risk, however little', () => {
    const [whole, divided] = [wholes[0], divisions[0]]
    if (whole === undefined || divided === undefined) throw new Error('there is a site')
    const told = wonBeyondCells(whole.rows, divided)
    const [row, ...rest] = whole.rows.toSorted((a, b) => Math.abs(a.risk - 0.3) - Math.abs(b.risk - 0.3))
    if (row === undefined) throw new Error('there is a landmark')
    expect(wonBeyondCells([{ ...row, risk: row.risk + 1e-6 }, ...rest], divided)).not.toBe(told)
  })

  test('is told of nobody at a site that is alone, whose AUROC is exact already', () => {
    const [whole, alone] = [wholes[0], cells[0]]
    if (whole === undefined || alone === undefined) throw new Error('there is a site')
    const pooled = pooledSummary([alone])
    expect(wonBeyondCells(whole.rows, divideCurve(pooled.summary.curve, pooled.evenly, alone))).toBeCloseTo(0, 10)
  })
})

describe('where not every site tells it', () => {
  const counted = allPasses(sites, 5, { passes: 5 })
  const question = { pass: 'influence', pooled: counted, horizonDays, minCell: 5, assignment: 'a/1/5' } as const
  const answers = [...sites].map(([site, landmarks]) => answerPass(landmarks, { ...question, site }))
  const options = { horizonDays, minCell: 5, aims: { ruleOutNpv: 0.9, ruleInPpv: 0.5 } }
  const aurocs = (some: typeof answers): unknown[] => {
    const { test: tested, recalibrated } = poolAnswers(counted, some, options)
    return [tested[0]?.summary.auroc, recalibrated[0]?.site.auroc]
  }

  test('the AUROC stays as cells tell it', () => {
    const byCells = [counted.test[0]?.summary.auroc, counted.recalibrated[0]?.site.auroc]
    expect(aurocs(answers)).not.toEqual(byCells)
    expect(aurocs(answers.slice(1))).toEqual(byCells)
    const older = answers.map((answer, at) => (at === 0 && answer.pass === 'influence' ? withoutOrder(answer) : answer))
    expect(aurocs(older)).toEqual(byCells)
  })

  test('a site says nothing to a coordinator that does not know how all cells were spread', () => {
    const { evenly: _, ...earlier } = counted
    const [site, landmarks] = [...sites][0] ?? []
    if (site === undefined || landmarks === undefined) throw new Error('there is a site')
    expect(answerPass(landmarks, { ...question, site, pooled: earlier })).not.toHaveProperty('order')
  })
})

function withoutOrder<T extends { readonly order?: unknown }>({ order: _, ...rest }: T): Omit<T, 'order'> {
  return rest
}
