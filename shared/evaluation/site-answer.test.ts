import { describe, expect, test } from 'vitest'
import { type AnswerOf, parseSiteAnswer, type SiteAnswer } from './site-answer.ts'
import { allPasses, simulatedSites } from './testsupport/simulated-landmarks.ts'

const answers: SiteAnswer[] = []
allPasses(simulatedSites([40], { seed: 'tampered' }), 5, { onAnswer: (answer) => answers.push(answer) })

function answerTo<Pass extends SiteAnswer['pass']>(pass: Pass): AnswerOf<Pass> {
  const found = answers.find((answer): answer is AnswerOf<Pass> => answer.pass === pass)
  if (found === undefined) throw new Error('every pass is answered')
  return structuredClone(found)
}

const parse = (answer: unknown): SiteAnswer => parseSiteAnswer(new TextEncoder().encode(JSON.stringify(answer)))

/** The whole fold of an answer to the counts, and its first cell of cases. */
function counts() {
  const answer = answerTo('counts')
  const [whole] = answer.test
  const [cell] = whole?.cases ?? []
  if (whole === undefined || cell === undefined) throw new Error('the fold is large enough')
  return { answer, whole, cell }
}

describe('an answer that came', () => {
  test('is taken as it was sent', () => {
    for (const answer of answers) expect(parse(answer)).toEqual(answer)
  })

  test.each([
    ['more risk than landmarks', { weight: 5, risk: 10, squaredRisk: 9 }, 'between 0 and 1'],
    ['squares above the risks', { weight: 5, risk: 1, squaredRisk: 2 }, 'between 0 and 1'],
    ['squares below what the mean allows', { weight: 5, risk: 2, squaredRisk: 0.1 }, 'between 0 and 1'],
    ['no weight', { weight: 0, risk: 0, squaredRisk: 0 }, 'weight'],
    ['a weight that overflows once squared', { weight: 1e308, risk: 1, squaredRisk: 0.5 }, 'weight'],
  ])('is refused for a cell with %s', (_, sums, reason) => {
    const { answer, cell } = counts()
    Object.assign(cell, sums)
    expect(() => parse(answer)).toThrow(reason)
    expect(() => parse(answer)).toThrow(expect.objectContaining({ code: 'answer_malformed' }))
  })

  test('is refused for cells that leave a gap, or end before the last bin', () => {
    const gap = counts()
    gap.cell.from = 1
    expect(() => parse(gap.answer)).toThrow('do not follow upon one another')
    const short = counts()
    const [last] = short.whole.controls.slice(-1)
    if (last !== undefined) last.to -= 1
    expect(() => parse(short.answer)).toThrow('do not follow upon one another')
  })

  test('is refused for a part that stands twice, and for a whole that does not come first', () => {
    const twice = counts()
    twice.answer.test.push(twice.whole)
    expect(() => parse(twice.answer)).toThrow('stands twice')
    const turned = counts()
    turned.answer.test.reverse()
    expect(() => parse(turned.answer)).toThrow('does not come first')
    const influence = answerTo('influence')
    influence.strata.push(...influence.strata.slice(0, 1))
    expect(() => parse(influence)).toThrow('stands twice')
  })

  test('is refused for embeddings that no network gives', () => {
    const { answer } = counts()
    const { moments } = answer
    if (moments === null) throw new Error('there are enough scans')
    expect(() => parse({ ...answer, moments: { ...moments, mean: moments.mean.map(() => 1e200) } })).toThrow('moments')
  })
})
