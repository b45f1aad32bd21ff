import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { labelWithin } from '../cohort/outcome.ts'
import { binsKnown, hazardBins, hazardEdgesDays, isHazardEdge, riskLogitWithin } from './hazards.ts'
import { probabilityOf } from './risk.ts'

const logits = fc.array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: hazardBins, maxLength: hazardBins })

describe('what a landmark says of the bins after it', () => {
  test('is an event in the bin in which it falls, the last day of a bin included, and none in those before', () => {
    const known = (day: number) => binsKnown({ days: day, event: true }).join('')
    expect([1, 91, 92, 365, 366, 730].map(known)).toEqual(['1', '1', '01', '0001', '00001', '000001'])
    expect(known(731)).toBe('000000')
  })

  test('ends with follow-up: a bin that was not seen to its end says nothing, and is never a 0', () => {
    const known = (day: number) => binsKnown({ days: day, event: false }).join('')
    const ends = [0, 90, 91, 364, 365, 729, 730, 5000]
    expect(ends.map(known)).toEqual(['', '', '0', '000', '0000', '00000', '000000', '000000'])
  })

  test('agrees with watching a child day by day', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.boolean(), (end, event) => {
        const expected: number[] = []
        let start = 0
        for (const edge of hazardEdgesDays) {
          let happened = false
          let seen = true
          for (let day = start + 1; day <= edge && !happened; day++) {
            if (event && day === end) happened = true
            else if (day > end) seen = false
          }
          if (!happened && !seen) break
          expected.push(happened ? 1 : 0)
          if (happened) break
          start = edge
        }
        expect(binsKnown({ days: end, event })).toEqual(expected)
      }),
    )
  })

  test('holds the label of each horizon at which a bin ends', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.boolean(), (end, event) => {
        for (const [bin, edge] of hazardEdgesDays.entries()) {
          const within = binsKnown({ days: end, event }).slice(0, bin + 1)
          const label = within.includes(1) ? 1 : within.length === bin + 1 ? 0 : null
          expect(label).toBe(labelWithin({ days: end, event }, edge))
        }
      }),
    )
  })
})

describe('the risk within a horizon', () => {
  test('is one less the product of surviving each bin', () => {
    fc.assert(
      fc.property(logits, (values) => {
        let survival = 1
        for (const [bin, edge] of hazardEdgesDays.entries()) {
          survival *= 1 - probabilityOf(values[bin] ?? 0)
          expect(probabilityOf(riskLogitWithin(values, edge))).toBeCloseTo(1 - survival, 10)
        }
      }),
    )
  })

  test('keeps its order where a probability would have lost it', () => {
    const all = (logit: number): number =>
      riskLogitWithin(
        Array.from({ length: hazardBins }, () => logit),
        730,
      )
    const scale = [-60, -50, -20, 0, 20, 50, 60].map(all)
    expect(scale.every(Number.isFinite)).toBe(true)
    expect(scale).toEqual(scale.toSorted((a, b) => a - b))
    expect(new Set(scale).size).toBe(scale.length)
  })

  test('of one bin is its hazard', () => {
    expect(riskLogitWithin([-1.3, 5, 5, 5, 5, 5], 91)).toBeCloseTo(-1.3, 12)
  })

  test('cannot be asked for where no bin ends', () => {
    expect(isHazardEdge(365)).toBe(true)
    expect(isHazardEdge(400)).toBe(false)
    expect(() => riskLogitWithin([0, 0, 0, 0, 0, 0], 400)).toThrow('no bin')
  })
})
