import { describe, expect, test } from 'vitest'
import { binaryModel } from '../shared/model/testsupport/models.ts'
import type { MetricName } from '../shared/study/metrics.ts'
import { chooseWeights } from './published-weights.ts'
import type { RoundStatus, RunStatus } from './status.ts'

type Values = Partial<Record<MetricName, number>>

const roundOf = (stage: number, round: number, values: Values): RoundStatus => ({
  ...{ stage, round, task: 'recurrence', state: 'published', purpose: 'training', openedAtMs: 0, sites: [], late: [] },
  ...{ baseDigest: `base of ${stage}/${round}`, weightsDigest: `${stage}/${round}` },
  metrics: (Object.entries(values) as [MetricName, number][]).map(([name, value]) => ({
    ...{ name, sum: value * 20, count: 20, children: 9 },
  })),
})

const runOf = (...rounds: readonly RoundStatus[]): RunStatus => ({
  ...{ studyDigest: 'd', study: 'plgg', phase: 'running', sites: ['a'], quorum: 1, model: binaryModel, stages: [] },
  ...{ stopped: [], rounds, text: '', evaluates: false },
})

const run = runOf(
  roundOf(0, 0, { pair_accuracy: 0.5 }),
  roundOf(0, 1, { pair_accuracy: 0.9 }),
  roundOf(1, 0, { log_loss: 0.1, concordance: 0.99 }),
  roundOf(1, 1, { log_loss: 0.6, concordance: 0.7 }),
  roundOf(1, 2, { log_loss: 0.5, concordance: 0.6 }),
  roundOf(1, 3, { log_loss: 0.7, concordance: 0.8 }),
)

describe('the weights that are wanted', () => {
  test('are the last of the last stage, or of the stage named', () => {
    expect(chooseWeights(run, {})).toEqual({ digest: '1/3', stage: 1, round: 3 })
    expect(chooseWeights(run, { stage: 0 })).toMatchObject({ digest: '0/1' })
  })

  test.each<[MetricName, string, number]>([
    ['log_loss', '1/1', 0.5],
    ['concordance', '1/2', 0.8],
  ])('are by %s those that the round after found best, and not what the stage began with', (best, digest, value) => {
    const { by, ...chosen } = chooseWeights(run, { best })
    expect(chosen).toMatchObject({ digest, stage: 1 })
    expect(by).toMatchObject({ metric: best, count: 20, among: 3 })
    expect(by?.value).toBeCloseTo(value, 12)
  })

  test('are those that the closing round of the stage chose, and its metrics speak of the last round', () => {
    const closing: RoundStatus = {
      ...roundOf(0, 2, { log_loss: 0.3 }),
      ...{ purpose: 'evaluation', weightsDigest: '0/0' },
      choice: { round: 0, metric: 'log_loss', value: 0.2, count: 20, among: 2 },
    }
    const closed = runOf(roundOf(0, 0, {}), roundOf(0, 1, { log_loss: 0.2 }), closing)
    const by = { metric: 'log_loss', value: 0.2, count: 20, among: 2 }
    expect(chooseWeights(closed, {})).toEqual({ digest: '0/0', stage: 0, round: 0, by })
    expect(chooseWeights(closed, { best: 'log_loss' }).by?.among).toBe(2)
    const { choice: _, ...silent } = closing
    const nothingKnown = runOf(roundOf(0, 0, {}), { ...silent, round: 1 })
    expect(chooseWeights(nothingKnown, {})).toEqual({ digest: '0/0', stage: 0, round: 0 })
  })

  test('are the earlier ones where two did as well', () => {
    const even = runOf(roundOf(0, 0, {}), roundOf(0, 1, { brier: 0.2 }), roundOf(0, 2, { brier: 0.2 }))
    expect(chooseWeights(even, { best: 'brier' }).digest).toBe('0/0')
  })

  test.each([
    ['a metric that there is not', run, { best: 'accuracy' }, 'usage', /there are: .*log_loss/],
    ['a metric of training', run, { best: 'training_loss' }, 'usage', /does not compare/],
    [
      'a metric that nobody reported',
      run,
      { stage: 0, best: 'log_loss' },
      'study_state',
      /no site has reported log_loss/,
    ],
    ['weights of a stage that has none', run, { stage: 2 }, 'study_state', /no weights of stage 3/],
    ['weights of a run that has none', runOf(), {}, 'study_state', /no weights yet/],
  ])('are refused for %s', (_, of, wanted, code, message) => {
    expect(() => chooseWeights(of, wanted)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    )
  })
})
