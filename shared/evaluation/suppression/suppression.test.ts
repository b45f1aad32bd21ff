import { describe, expect, test } from 'vitest'
import { decided, ownCensoringCurve } from '../censoring.ts'
import { childrenOf, type DecidedLandmark } from '../landmark.ts'
import { riskBinOf } from '../risk-bins.ts'
import { horizonDays, simulatedLandmarks } from '../testsupport/simulated-landmarks.ts'
import { cellsOf } from './cells.ts'
import type { CellEdges } from './sent-levels.ts'
import { familiesOf } from './strata.ts'
import { mayLeave, sendFamily, sendWhole, wholeEdges } from './suppression.ts'

function rowsOf(seed: string, children: number): readonly DecidedLandmark[] {
  const rows = simulatedLandmarks({ seed, children })
  return decided(rows, horizonDays, ownCensoringCurve(rows))
}

const sides = ['cases', 'controls'] as const
const ofSide = (rows: readonly DecidedLandmark[], side: (typeof sides)[number]) =>
  rows.filter(({ outcome }) => (side === 'cases') === (outcome === 1))

/** What a reader can subtract: for each set of levels, the rows between edges that are known for all of it. */
function smallDifferences(
  levels: ReadonlyMap<string, readonly DecidedLandmark[]>,
  whole: CellEdges,
  leaving: ReadonlyMap<string, CellEdges>,
  side: (typeof sides)[number],
  minCell: number,
): string[] {
  const found: string[] = []
  const names = [...leaving.keys()]
  for (let chosen = 1; chosen < 2 ** names.length; chosen++) {
    const taken = names.filter((_, i) => Math.floor(chosen / 2 ** i) % 2 === 1)
    const shared = whole[side].filter((edge) => taken.every((name) => leaving.get(name)?.[side].includes(edge)))
    const rest = [...levels].filter(([name]) => !taken.includes(name)).flatMap(([, rows]) => ofSide(rows, side))
    for (const [i, to] of shared.slice(1).entries()) {
      const inside = rest.filter(({ risk }) => riskBinOf(risk) >= (shared[i] ?? 0) && riskBinOf(risk) < to)
      const children = childrenOf(inside)
      if (children > 0 && children < minCell) found.push(`${taken.join('+')} leaves ${children} in ${shared[i]}-${to}`)
    }
  }
  return found
}

describe('small cells', () => {
  const cases = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((seed) => [25, 60, 150].map((children) => [seed, children] as const))

  test.each(cases)('of seed %i with %i children never leave, nor can be had as a difference', (seed, children) => {
    const minCell = 5
    const rows = rowsOf(`small/${seed}`, children)
    if (!mayLeave(rows, minCell)) return
    const whole = wholeEdges(rows, minCell)
    for (const side of sides) {
      for (const cell of cellsOf(ofSide(rows, side), whole[side])) expect(cell.children).toBeGreaterThanOrEqual(minCell)
    }
    for (const [, levels] of familiesOf(rows)) {
      const leaving = sendFamily({ levels }, [sendWhole(rows, minCell)], minCell).levels
      for (const [level, edges] of leaving) {
        for (const side of sides) {
          for (const cell of cellsOf(ofSide(levels.get(level) ?? [], side), edges[side])) {
            expect(cell.children).toBeGreaterThanOrEqual(minCell)
          }
        }
      }
      for (const side of sides) expect(smallDifferences(levels, whole, leaving, side, minCell)).toEqual([])
    }
  })

  test('a second level is withheld when one alone could be had from the whole', () => {
    const rows = rowsOf('second', 80)
    const children = [...new Set(rows.map(({ child }) => child))]
    const small = new Set(children.slice(0, 2))
    const levels = new Map([
      ['few', rows.filter(({ child }) => small.has(child))],
      ['many', rows.filter(({ child }) => !small.has(child) && children.indexOf(child) % 3 > 0)],
      ['some', rows.filter(({ child }) => !small.has(child) && children.indexOf(child) % 3 === 0)],
    ])
    expect([...sendFamily({ levels }, [sendWhole(rows, 5)], 5).levels.keys()]).toEqual(['many'])
  })
})
