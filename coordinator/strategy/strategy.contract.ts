// What every strategy must do. Each runs this suite in the test file of its own.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SiteShare, Strategy } from './strategy.ts'

const length = 6
const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -8, max: 8 }), {
  minLength: length,
  maxLength: length,
})
const site = fc.record({ values, children: fc.integer({ min: 1, max: 300 }) })

interface Site {
  readonly values: readonly number[]
  readonly children: number
}

const norm = (update: readonly number[]): number => Math.hypot(...update.map(Math.fround))

/** The next weights of one block, everything given in plain lists. */
export function combineOnce(
  strategy: Strategy,
  base: readonly number[],
  sites: readonly Site[],
  previousBase?: readonly number[],
): Float32Array {
  const shares: SiteShare[] = sites.map((one, k) => ({
    site: `site-${k}`,
    children: one.children,
    norm: norm(one.values),
  }))
  const next = new Float32Array(base.length)
  const updates = sites.map((one) => Float32Array.from(one.values))
  const previous = previousBase === undefined ? undefined : Float32Array.from(previousBase)
  strategy.combine(
    { base: Float32Array.from(base), previousBase: previous, updates },
    shares,
    strategy.scales(shares),
    next,
  )
  return next
}

export function describeStrategy(name: string, strategy: Strategy): void {
  describe(`the strategy ${name}`, () => {
    test('leaves the weights as they are when no site changed anything', () => {
      fc.assert(
        fc.property(values, (base) => {
          const still = { values: new Array<number>(length).fill(0), children: 7 }
          // Adding nought makes +0 of −0, which is the same weight.
          expect(combineOnce(strategy, base, [still, still])).toEqual(Float32Array.from(base, (value) => value + 0))
        }),
      )
    })

    test('takes equal updates for what one of them alone would be, to the last bits of float32', () => {
      fc.assert(
        fc.property(values, site, fc.integer({ min: 2, max: 6 }), (base, one, count) => {
          const alone = combineOnce(strategy, base, [one])
          const together = combineOnce(strategy, base, new Array<Site>(count).fill(one))
          together.forEach((value, i) => void expect(value).toBeCloseTo(alone[i] ?? Number.NaN, 4))
        }),
      )
    })

    test('counts a site of n children like n sites of one child', () => {
      fc.assert(
        fc.property(values, site, site, fc.integer({ min: 1, max: 6 }), (base, one, other, n) => {
          const rest = { ...other, children: 1 }
          const asOne = combineOnce(strategy, base, [{ ...one, children: n }, rest])
          const asMany = combineOnce(strategy, base, [...new Array<Site>(n).fill({ ...one, children: 1 }), rest])
          asMany.forEach((value, i) => void expect(value).toBeCloseTo(asOne[i] ?? Number.NaN, 4))
        }),
      )
    })

    test('stays between the smallest and the largest update of each element', () => {
      fc.assert(
        fc.property(fc.array(site, { minLength: 1, maxLength: 5 }), (sites) => {
          const next = combineOnce(strategy, new Array<number>(length).fill(0), sites)
          next.forEach((value, i) => {
            const column = sites.map((one) => one.values[i] ?? 0)
            expect(value).toBeGreaterThanOrEqual(Math.min(0, ...column) - 1e-5)
            expect(value).toBeLessThanOrEqual(Math.max(0, ...column) + 1e-5)
          })
        }),
      )
    })

    test('gives the same whether a block is combined whole or in two parts', () => {
      fc.assert(
        fc.property(
          values,
          fc.array(site, { minLength: 1, maxLength: 4 }),
          fc.integer({ min: 1, max: length - 1 }),
          (base, sites, at) => {
            const shares: SiteShare[] = sites.map((one, k) => ({
              site: `s${k}`,
              children: one.children,
              norm: norm(one.values),
            }))
            const part = (from: number, to: number): number[] => {
              const next = new Float32Array(to - from)
              const updates = sites.map((one) => Float32Array.from(one.values.slice(from, to)))
              const block = { base: Float32Array.from(base.slice(from, to)), previousBase: undefined, updates }
              strategy.combine(block, shares, strategy.scales(shares), next)
              return [...next]
            }
            expect([...part(0, at), ...part(at, length)]).toEqual([...combineOnce(strategy, base, sites)])
          },
        ),
      )
    })
  })
}
