import { expect, test } from 'vitest'
import { compareFamilies, familyTitle, partName } from './family-titles.ts'

test('families that are known stand in an order of their own, others behind them by name and under it', () => {
  const families = ['zone_of_origin', 'sex', 'genetic_panel', 'since_surgery', 'scans']
  expect(families.toSorted(compareFamilies)).toEqual([
    'scans',
    'since_surgery',
    'sex',
    'genetic_panel',
    'zone_of_origin',
  ])
  expect(familyTitle('genetic_panel')).toBe('genetic panel')
  expect(partName({ family: 'genetic_panel', level: 'B' })).toBe('genetic panel: B')
})
