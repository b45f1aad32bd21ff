import { expect, test } from 'vitest'
import { sha256 } from '../../digest.ts'
import type { SiteAnswer } from '../site-answer.ts'
import { allPasses, simulatedSites } from '../testsupport/simulated-landmarks.ts'
import { cutVersion } from './cut-version.ts'

/** What leaves, without the sums themselves: which levels of which families, and the edges of their cells. */
function cutsOf(answer: SiteAnswer): unknown {
  if (answer.pass !== 'counts') return []
  const edgesOf = (cells: readonly { readonly from: number; readonly to: number }[]) => cells.map(({ to }) => to)
  const parts = answer.validation === null ? answer.test : [answer.validation, ...answer.test]
  return parts.map(({ family, level, cases, controls }) => [family, level, edgesOf(cases), edgesOf(controls)])
}

test('landmarks are cut as they were when this version of cutting was named; else it must be counted up', () => {
  const cuts: unknown[] = []
  allPasses(simulatedSites([40, 60, 80], { seed: 'cuts' }), 5, {
    passes: 2,
    onAnswer: (answer) => void cuts.push(cutsOf(answer)),
  })
  expect(`${cutVersion} ${sha256(JSON.stringify(cuts)).slice(0, 16)}`).toBe('1 99576b47a855e7a2')
})
