import { beforeAll, describe, expect, test } from 'vitest'
import { labelWithin } from '../../shared/cohort/outcome.ts'
import { binsKnown } from '../../shared/model/hazards.ts'
import { initialWeights } from '../../shared/model/parameters.ts'
import { binaryModel, hazardsModel } from '../../shared/model/testsupport/models.ts'
import { loadEngine, type Tf } from './engine.ts'
import { evaluate } from './evaluate.ts'
import { scoreChildren } from './score.ts'
import { toyChildren } from './testsupport/toy-children.ts'
import type { PreparedChild, TrainingJob } from './trainer.ts'

let tf: Tf
beforeAll(async () => {
  tf = (await loadEngine({ threads: 1 })).tf
})

const weights = initialWeights(binaryModel, 1)
const toy = toyChildren([5, 3, 4, 2, 6, 3, 2, 4, 5, 3], 'validation')
const common = {
  model: binaryModel,
  training: { optimizer: 'adamw', weightDecay: 0.01, clipNorm: 1, proximal: 0 },
  round: 0,
  weights,
  seed: 'seed',
} as const
const stage = {
  rounds: 10,
  localEpochs: 1,
  batchChildren: 2,
  learningRate: 3e-3,
  schedule: 'cosine',
  warmupRounds: 0,
} as const
const jobs = {
  ordering: { ...common, children: toy.children, stage: { ...stage, task: 'ordering' } } as TrainingJob,
  recurrence: {
    ...common,
    children: toy.children,
    stage: { ...stage, task: 'recurrence', horizonDays: 365 },
  } as TrainingJob,
}

/** What a model says about children up to their last scan, one at a time. */
const scoresOf = (children: readonly PreparedChild[]) =>
  children.flatMap((child) =>
    scoreChildren(tf, toy.volumes, { model: binaryModel, horizonDays: 365, weights, children: [child], seed: 's' }),
  )

describe('evaluation of ordering', () => {
  test('adds up over pairs and children what the scores of single scans say', () => {
    const sums = new Map(evaluate(tf, toy.volumes, jobs.ordering).map((metric) => [metric.name, metric]))
    let [right, far, rightFar, pairs, loss] = [0, 0, 0, 0, 0]
    for (const { pairScores } of scoresOf(toy.children)) {
      let ofChild = 0
      let pairsOfChild = 0
      for (const [j, later] of pairScores.entries()) {
        for (const [i, earlier] of pairScores.slice(0, j).entries()) {
          pairsOfChild++
          ofChild += Math.log(1 + Math.exp(earlier - later))
          if (later > earlier) right++
          if (j - i >= 3) far++
          if (j - i >= 3 && later > earlier) rightFar++
        }
      }
      pairs += pairsOfChild
      loss += ofChild / pairsOfChild
    }
    expect(sums.get('pair_accuracy')).toEqual({ name: 'pair_accuracy', sum: right, count: pairs, children: 10 })
    expect(sums.get('pair_accuracy_far')).toMatchObject({ sum: rightFar, count: far })
    expect(sums.get('ordering_loss')).toMatchObject({ count: 10, sum: expect.closeTo(loss, 4) })
    expect(sums.get('sequence_accuracy')?.count).toBe(20)
  })

  test('asks the same questions in every round', () => {
    const later = { ...jobs.ordering, round: 7, seed: 'another' }
    expect(evaluate(tf, toy.volumes, later)).toEqual(evaluate(tf, toy.volumes, jobs.ordering))
  })
})

describe('evaluation of hazards', () => {
  test('adds the likelihood of what followed each landmark, and counts the children behind each metric', () => {
    const hazardWeights = initialWeights(hazardsModel, 1)
    const job = { ...jobs.recurrence, model: hazardsModel, weights: hazardWeights }
    const sums = new Map(evaluate(tf, toy.volumes, job).map((metric) => [metric.name, metric]))
    let [loss, logLoss] = [0, 0]
    const behind = new Set<string>()
    for (const child of toy.children) {
      for (const [visit, { followUp }] of child.scans.entries()) {
        if (followUp === null) continue
        behind.add(child.key)
        const shown = { ...child, scans: child.scans.slice(0, visit + 1) }
        const [scores] = scoreChildren(tf, toy.volumes, {
          ...{ model: hazardsModel, horizonDays: 365, weights: hazardWeights, children: [shown], seed: 's' },
        })
        const hazards = scores?.riskOutputs.at(-1)?.map((logit) => 1 / (1 + Math.exp(-logit))) ?? []
        for (const [bin, answer] of binsKnown(followUp).entries()) {
          loss -= Math.log(answer === 1 ? (hazards[bin] ?? 0) : 1 - (hazards[bin] ?? 0))
        }
        const survival = hazards.slice(0, 4).reduce((product, one) => product * (1 - one), 1)
        logLoss -= Math.log(labelWithin(followUp, 365) === 1 ? 1 - survival : survival)
      }
    }
    expect(sums.get('hazard_loss')).toMatchObject({ sum: expect.closeTo(loss, 3), children: behind.size })
    expect(sums.get('log_loss')).toMatchObject({ sum: expect.closeTo(logLoss, 3), children: behind.size })
  })
})

describe('evaluation of recurrence', () => {
  test('adds up over decided landmarks, and compares those of the same visit only', () => {
    const sums = new Map(evaluate(tf, toy.volumes, jobs.recurrence).map((metric) => [metric.name, metric]))
    const landmarks = toy.children.flatMap((child) =>
      child.scans.flatMap(({ followUp }, visit) => {
        const label = labelWithin(followUp, 365)
        if (label === null) return []
        const shown = { ...child, scans: child.scans.slice(0, visit + 1) }
        return [{ label, visit, logit: scoresOf([shown])[0]?.riskLogits.at(-1) ?? Number.NaN }]
      }),
    )
    const risk = (logit: number): number => 1 / (1 + Math.exp(-logit))
    const brier = landmarks.reduce((sum, { label, logit }) => sum + (label - risk(logit)) ** 2, 0)
    const loss = landmarks.reduce(
      (sum, { label, logit }) => sum - Math.log(label === 1 ? risk(logit) : 1 - risk(logit)),
      0,
    )
    const compared = landmarks.flatMap((event) =>
      landmarks
        .filter((none) => event.label === 1 && none.label === 0 && none.visit === event.visit)
        .map((none) => event.logit > none.logit),
    )
    expect(sums.get('brier')).toMatchObject({ count: landmarks.length, sum: expect.closeTo(brier, 4) })
    expect(sums.get('log_loss')).toMatchObject({ count: landmarks.length, sum: expect.closeTo(loss, 4) })
    expect(sums.get('concordance')).toMatchObject({ count: compared.length, sum: compared.filter(Boolean).length })
    const anyVisit =
      landmarks.filter(({ label }) => label === 1).length * landmarks.filter(({ label }) => label === 0).length
    expect(compared.length).toBeLessThan(anyVisit)
  })
})

describe('the number of children behind', () => {
  const evaluated = (task: keyof typeof jobs, children: readonly PreparedChild[]) =>
    new Map(evaluate(tf, toy.volumes, { ...jobs[task], children }).map((metric) => [metric.name, metric]))

  /** Six children with one decided visit each, the first; so many of them with an event. */
  const withEvents = (events: number): readonly PreparedChild[] =>
    toy.children.slice(0, 6).map((child, c) => ({
      ...child,
      scans: child.scans.map((scan, visit) => ({
        ...scan,
        followUp: visit === 0 ? { days: c < events ? 200 : 730, event: c < events } : null,
      })),
    }))

  test.each([
    [1, 1],
    [2, 2],
    [4, 2],
    [5, 1],
  ])(
    'event rate and concordance, with %i of 6 that have an event, is %i: that of the rarer kind',
    (events, children) => {
      const sums = evaluated('recurrence', withEvents(events))
      expect(sums.get('concordance')).toMatchObject({ count: events * (6 - events), children })
      expect(sums.get('event_rate')).toMatchObject({ sum: events, count: 6, children })
      expect(sums.get('log_loss')).toMatchObject({ count: 6, children: 6 })
    },
  )

  test('concordance leaves out those that nobody is compared with', () => {
    const [first, ...others] = withEvents(3)
    const later = first?.scans.map((scan, visit) => ({
      ...scan,
      followUp: visit === 4 ? { days: 200, event: true } : null,
    }))
    const sums = evaluated('recurrence', [...(first && later ? [{ ...first, scans: later }] : []), ...others])
    expect(sums.get('concordance')).toMatchObject({ count: 6, children: 2 })
    expect(sums.get('event_rate')).toMatchObject({ children: 3 })
  })

  test('far pairs is that of the children with near ones where these are fewer, since taking away leaves those', () => {
    const far = (child: PreparedChild): PreparedChild => ({
      ...child,
      scans: child.scans.slice(0, 2).map((scan, visit) => ({ ...scan, day: 800 * visit })),
    })
    const [near, ...others] = toy.children.slice(0, 6)
    if (near === undefined) throw new Error('there are six')
    const mixed = evaluated('ordering', [{ ...near, scans: near.scans.slice(0, 4) }, ...others.map(far)])
    expect(mixed.get('pair_accuracy_far')).toMatchObject({ count: 6, children: 1 })
    expect(mixed.get('pair_accuracy')).toMatchObject({ children: 6 })
    // Nothing is left to be told by taking away.
    expect(evaluated('ordering', others.map(far)).get('pair_accuracy_far')).toMatchObject({ count: 5, children: 5 })
  })
})

describe.each(['ordering', 'recurrence'] as const)('evaluation of %s', (task) => {
  test('looks at the validation fold alone, and says nothing when it is empty', () => {
    const extra = toyChildren([3, 3], 'train', 'extra').children
    const job = jobs[task]
    const mixed = evaluate(tf, toy.volumes, { ...job, children: [...extra, ...job.children] })
    expect(mixed).toEqual(evaluate(tf, toy.volumes, job))
    expect(evaluate(tf, toy.volumes, { ...job, children: extra })).toEqual([])
  })

  test('leaves no tensor behind', () => {
    const before = tf.memory().numTensors
    evaluate(tf, toy.volumes, jobs[task])
    expect(tf.memory().numTensors).toBe(before)
  })

  test('says not_finite when the model gives no finite numbers', () => {
    const broken = { manifest: weights.manifest, values: weights.values.map(() => Number.NaN) }
    expect(() => evaluate(tf, toy.volumes, { ...jobs[task], weights: broken })).toThrow(
      expect.objectContaining({ code: 'not_finite' }),
    )
  })

  test('stops when it is called off', () => {
    const signal = AbortSignal.abort()
    expect(() => evaluate(tf, toy.volumes, jobs[task], { signal })).toThrow(
      expect.objectContaining({ code: 'cancelled' }),
    )
  })
})
