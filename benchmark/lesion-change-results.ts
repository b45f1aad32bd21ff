// What the results say of order where lesions grew, stayed as they were, or shrank.

import { lesionChanges } from './lesion-change.ts'
import type { CellStore } from './store.ts'
import { spreadInWords } from './targets.ts'

export function lesionChangeLines(store: CellStore, seeds: readonly number[]): string[] {
  const found = seeds.flatMap((seed) => {
    const result = store.find({ kind: 'lesion-change', seed })?.result
    return result?.kind === 'lesion-change' ? [result.pairs] : []
  })
  if (found.length === 0) return ['Not measured yet.']
  return [
    'Order of time is not growth: pairs of scans of test children by what the true radius did in between (by 1 mm or more), as the network',
    'orders them after ordering. One that saw growth alone would reach 1 in the first row, a half in the second and 0 in the last; what is',
    'above that was read from other things that change with time, such as a head that grows and a cavity that heals.',
    '',
    '| the lesion | pairs | pair accuracy |',
    '| --- | --- | --- |',
    ...lesionChanges.map((change) => {
      const pairs = found.map((one) => one[change]).filter(({ total }) => total > 0)
      const total = pairs.reduce((sum, one) => sum + one.total, 0)
      return `| ${change} | ${total} | ${spreadInWords(pairs.map((one) => one.right / one.total))} |`
    }),
  ]
}
