import { expect, test } from 'vitest'
import { answerPass, censoringCurveFor, type SiteLandmarks } from './answer.ts'
import { decided } from './censoring.ts'
import type { DecidedLandmark, Landmark } from './landmark.ts'
import { nothingPooled } from './pooled.ts'
import type { SiteAnswer } from './site-answer.ts'
import { horizonDays, simulatedSites } from './testsupport/simulated-landmarks.ts'

const minCell = 5
const place = { site: 'site-0', assignment: 'a/1/1', pooled: nothingPooled, horizonDays, minCell }

function onlySite(): SiteLandmarks {
  const [site] = simulatedSites([60], { seed: 'answer' }).values()
  if (site === undefined) throw new Error('there is a site')
  return site
}

/** Children of the test fold that an answer tells. */
const tested = (answer: SiteAnswer): number => (answer.pass === 'counts' ? (answer.test[0]?.children ?? 0) : 0)

const childrenOf = (rows: readonly Landmark[]): string[] => [...new Set(rows.map(({ child }) => child))]

test('children of a fold that is withheld are not among those that are told', () => {
  const site = onlySite()
  const few = childrenOf(site.validation).slice(0, 3)
  const validation = site.validation.filter(({ child }) => few.includes(child))
  const answer = answerPass({ ...site, validation }, { ...place, pass: 'counts' })
  expect(answer).toMatchObject({ validation: null, children: tested(answer) })
  expect(tested(answer)).toBeGreaterThan(minCell)
  const both = answerPass(site, { ...place, pass: 'counts' })
  expect(both.children).toBeGreaterThan(tested(both) + minCell)
  expect(answerPass({ ...site, validation, test: validation }, { ...place, pass: 'counts' }).children).toBe(0)
})

test('how many children have how many visits is told in multiples of the smallest cell', () => {
  const visits = [21, 20, 20, 14, 5, 4].map((children, index) => ({ low: index + 1, high: index + 2, children }))
  const answer = answerPass({ ...onlySite(), inputs: { visits } }, { ...place, pass: 'counts' })
  if (answer.pass !== 'counts') throw new Error('not what was asked')
  expect(answer.inputs.visits?.map(({ low, children }) => [low, children])).toEqual([
    [1, 20],
    [2, 20],
    [3, 20],
    [4, 10],
    [5, 5],
  ])
})

test('how many children stand in a cell is told in multiples of the smallest cell', () => {
  const site = onlySite()
  const withEvent = childrenOf(decidedIn(site).filter(({ outcome }) => outcome === 1))
  const without = childrenOf(decidedIn(site)).filter((child) => !withEvent.includes(child))
  const answerOf = (withEvents: number): SiteAnswer => {
    const kept = [...withEvent.slice(0, withEvents), ...without.slice(0, 10 - withEvents)]
    const test = site.test.filter(({ child }) => kept.includes(child))
    return answerPass({ ...site, test }, { ...place, pass: 'counts' })
  }
  for (const answer of [answerOf(7), answerOf(8)]) {
    if (answer.pass !== 'counts') throw new Error('not what was asked')
    expect(answer.events.test).toBe(null)
    expect(answer.test[0]).toMatchObject({ children: 10, cases: [{ children: 5 }] })
    const cells = answer.test.flatMap(({ cases, controls }) => [...cases, ...controls])
    expect(cells.map(({ children }) => children % minCell)).toEqual(cells.map(() => 0))
  }
})

function decidedIn({ test: landmarks, followUp }: SiteLandmarks): readonly DecidedLandmark[] {
  return decided(landmarks, horizonDays, censoringCurveFor(followUp, nothingPooled, horizonDays))
}
