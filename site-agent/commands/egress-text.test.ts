import { describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import type { EvaluationPass } from '../../shared/evaluation/passes.ts'
import type { SiteAnswer } from '../../shared/evaluation/site-answer.ts'
import { allPasses, simulatedSites } from '../../shared/evaluation/testsupport/simulated-landmarks.ts'
import { egressText } from './egress-text.ts'

const answers: SiteAnswer[] = []
allPasses(simulatedSites([90, 70], { seed: 'egress' }), 5, { onAnswer: (answer) => answers.push(answer) })

/** What a data manager reads of the first site's answer to a pass. */
function textOf(pass: EvaluationPass): string {
  const answer = answers.find((one) => one.pass === pass)
  if (answer === undefined) throw new Error(`nobody answered ${pass}`)
  const digests = { study: sha256('study'), baseDigest: sha256('weights'), updateDigest: sha256('answer') }
  const place = { at: '2026-11-29T10:00:00Z', assignment: answer.assignment, stage: 2, round: 0 }
  return egressText([{ kind: 'answer-sealed', ...place, ...digests, bytes: 1234, answer }])
}

describe('what a data manager reads of an evaluation', () => {
  test('names everything that an answer with counts holds', () => {
    const text = textOf('counts')
    expect(text).toContain('answered counts of the evaluation')
    expect(text).toMatch(/cells of \d{2} groups of test landmarks and of all validation landmarks/)
    expect(text).toContain('groups are by number of scans, time since surgery')
    expect(text).toContain('numbers of children with an event')
    expect(text).toMatch(/[1-9]\d* figures of this site/)
    expect(text).toContain('training children in 1 ranges of visits')
    expect(text).toMatch(/names of \d+ sequences and scanners/)
    expect(text).toMatch(/[1-9]\d* sums of pairs of scans/)
    expect(text).toContain('mean and covariance of embeddings of validation scans')
    expect(text).toContain('no number rests on fewer than 5 children')
  })

  test('says of the first pass that it is about children of all folds, and of the last how many scans are recognised', () => {
    expect(textOf('censoring')).toMatch(
      /how long children of all folds were followed and how many were lost, in \d+ int/,
    )
    expect(textOf('recalibration')).toContain("how this site's risks are corrected")
    expect(textOf('influence')).toContain("how many test scans the model gives away as this site's")
  })

  test('counts the calibration lines of groups among those that are fitted', () => {
    const lines = (pass: EvaluationPass): number => Number(/sums of (\d+) calibration lines/.exec(textOf(pass))?.[1])
    // Four of the whole, and two of every group.
    expect(lines('calibration')).toBeGreaterThan(4)
    expect(lines('calibration') % 2).toBe(0)
    expect(lines('recalibration')).toBeGreaterThan(3)
    expect(lines('influence')).toBe(lines('recalibration'))
  })

  test('does not count an answer among the differences of weights that were delivered', () => {
    const [answer] = answers
    if (answer === undefined) throw new Error('nobody answered')
    const digests = { study: sha256('study'), baseDigest: sha256('weights'), updateDigest: sha256('answer') }
    const place = { at: '2026-11-29T10:00:00Z', assignment: answer.assignment, stage: 2, round: 0 }
    const delivered = { kind: 'update-delivered', ...place, ...digests, bytesSent: 1234, journalIndex: '7' } as const
    const text = egressText([{ kind: 'answer-sealed', ...place, ...digests, bytes: 1234, answer }, delivered])
    expect(text).toContain('Delivered: 0 differences of weights, 1 answer of evaluations')
  })
})
