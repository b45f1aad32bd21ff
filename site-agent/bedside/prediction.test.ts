import { describe, expect, test } from 'vitest'
import { emptyChart } from '../../shared/cohort/chart.ts'
import type { ChildScores } from '../learning/score.ts'
import type { PreparedChild } from '../learning/trainer.ts'
import { predictionFrom, questionsAbout } from './prediction.ts'

const childOf = (...days: number[]): PreparedChild => ({
  ...{ key: 'k', fold: 'test' },
  scans: days.map((day) => ({ file: `day-${day}`, day, followUp: null, scanner: undefined })),
  ...{ outcome: undefined, chart: emptyChart },
})

/** A model whose logit is the number of days shown in all, and whose progression is the last day. */
const answer = ({ scans }: PreparedChild): ChildScores => ({
  days: scans.map(({ day }) => day),
  pairScores: scans.map(({ day }) => day),
  ...{ orderedLogit: 0, shuffledLogit: 0 },
  riskLogits: scans.map((_, k) => scans.slice(-(k + 1)).reduce((sum, { day }) => sum + day, 0)),
  riskOutputs: [],
})
const binary = { head: 'binary', horizonDays: 365 } as const
const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit))

describe('what a model is asked about a child', () => {
  test('is its history up to each visit, and all of it without each', () => {
    const days = questionsAbout(childOf(1, 2, 3)).map(({ scans }) => scans.map(({ day }) => day))
    expect(days).toEqual([[1], [1, 2], [1, 2, 3], [2, 3], [1, 3], [1, 2]])
  })

  test('never tells what became of it', () => {
    const child: PreparedChild = {
      ...childOf(1, 2),
      outcome: {
        eventDay: 9,
        eventType: undefined,
        lastFollowUpDay: 9,
        treatmentChangeDay: undefined,
        ending: 'event',
      },
      scans: [{ file: 'a', day: 1, followUp: { days: 8, event: true }, scanner: undefined }],
    }
    for (const { outcome, scans } of questionsAbout(child)) {
      expect([outcome, ...scans.map(({ followUp }) => followUp)]).toEqual([undefined, null])
    }
  })
})

describe('a prediction', () => {
  test('gives the risk after each visit by the scans up to it, and what each changes in the last', () => {
    const child = childOf(-1, 0.5, 1)
    const visits = predictionFrom(child, ['a', 'b', 'c'], questionsAbout(child).map(answer), binary)
    expect(visits.map(({ session, day, progression }) => [session, day, progression])).toEqual([
      ['a', -1, -1],
      ['b', 0.5, 0.5],
      ['c', 1, 1],
    ])
    expect(visits.map(({ risk }) => risk)).toEqual([sigmoid(-1), sigmoid(-0.5), sigmoid(0.5)])
    const last = sigmoid(0.5)
    expect(visits.map(({ contribution }) => contribution)).toEqual([
      last - sigmoid(1.5),
      last - sigmoid(0),
      last - sigmoid(-0.5),
    ])
  })

  test('of one visit says nothing of what it contributed', () => {
    const child = childOf(5)
    expect(predictionFrom(child, ['a'], questionsAbout(child).map(answer), binary)).toMatchObject([
      { risk: sigmoid(5), contribution: null },
    ])
  })

  test('of hazards has the risks within 6 and 24 months beside the study’s own', () => {
    const child = childOf(5)
    const hazards = questionsAbout(child).map((question) => ({
      ...answer(question),
      riskOutputs: [[0, 0, 0, 0, 0, 0]],
    }))
    const [visit] = predictionFrom(child, ['a'], hazards, { head: 'hazards', horizonDays: 365 })
    expect(visit?.otherRisks).toEqual([
      { horizonDays: 183, risk: expect.closeTo(1 - 0.5 ** 2, 12) },
      { horizonDays: 730, risk: expect.closeTo(1 - 0.5 ** 6, 12) },
    ])
  })
})
