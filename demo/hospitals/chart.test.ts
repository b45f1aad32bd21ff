import { expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { drawChart, relativeHazard } from './chart.ts'
import { drawHardenedChild } from './child.ts'

test('less taken out, a higher grade, a deeper place and infancy each mean more recurrences', () => {
  const usual = { age: 9, sex: 'F', grade: 1, resection: 'gross_total', location: 'hemisphere' } as const
  const worse = [{ resection: 'near_total' }, { grade: 2 }, { location: 'brainstem' }, { age: 2 }] as const
  for (const change of worse) expect(relativeHazard({ ...usual, ...change })).toBeGreaterThan(relativeHazard(usual))
})

test('charts tell the outcome of hardened children in part, never wholly', () => {
  const random = seededRandom('charts')
  const children = Array.from({ length: 2000 }, () => drawHardenedChild(random))
  const relapsing = (share: (hazard: number) => boolean): number => {
    const chosen = children.filter(({ chart }) => chart !== undefined && share(relativeHazard(chart)))
    return chosen.filter(({ recurrent }) => recurrent).length / chosen.length
  }
  expect(relapsing((hazard) => hazard < 1)).toBeLessThan(0.4)
  expect(relapsing((hazard) => hazard > 2.5)).toBeGreaterThan(0.7)
  expect(relapsing((hazard) => hazard > 2.5)).toBeLessThan(0.98)
})

test('charts are drawn alike for the same seed', () => {
  expect(drawChart(seededRandom('one'))).toEqual(drawChart(seededRandom('one')))
})
