import { describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import type { MetricSum } from '../../shared/study/metrics.ts'
import { decide } from './decide.ts'
import { encodeRunEvent } from './event-codec.ts'
import { emptyFederation, evolve } from './evolve.ts'
import type { Command, Run } from './run.ts'
import { type SmallStudy, smallStudy } from './testsupport/small-study.ts'
import { unmeasured } from './validation.ts'

const lossOf = (sum: number, count: number): readonly MetricSum[] => [
  { name: 'ordering_loss', sum, count, children: 10 },
]
/** What journals of earlier versions may hold: the mean of either is beyond any number. */
const beyond = { mean: lossOf(1e300, 1e-300), sum: lossOf(1e308, 1) }

/** A run of two sites after these commands, all of whose events could be recorded. */
function runOf(wanted: Partial<SmallStudy>, commands: (studyDigest: Run['studyDigest']) => readonly Command[]): Run {
  const { digest: studyDigest, text } = smallStudy({ sites: ['a', 'b'], quorum: 2, stages: [1], ...wanted })
  let federation = emptyFederation
  const all: readonly Command[] = [
    { type: 'propose-study', studyDigest, text },
    { type: 'start-run', studyDigest, initialWeights: sha256('w0') },
    ...commands(studyDigest),
  ]
  for (const command of all) {
    const { events, refusal } = decide(federation, command, 0)
    if (refusal !== undefined) throw refusal
    for (const event of events) encodeRunEvent(event)
    federation = events.reduce((state, event) => evolve(state, event, 0), federation)
  }
  const run = federation.runs.get(studyDigest)
  if (run === undefined) throw new Error('there is no run')
  return run
}

/** Both sites' updates of a round with these metrics, and the weights that come of them. */
function round(studyDigest: Run['studyDigest'], number: number, metrics: readonly MetricSum[]): readonly Command[] {
  const at = { studyDigest, stage: 0, round: number }
  const baseDigest = sha256(`w${number}`)
  return [
    ...['a', 'b'].map((site): Command => {
      const updateDigest = sha256(`${site}${number}`)
      return {
        ...{ type: 'count-update', ...at, site, baseDigest, updateDigest, metrics },
        ...{ byteLength: 100, children: 10, norm: 1 },
      }
    }),
    { type: 'publish-weights', ...at, weightsDigest: sha256(`w${number + 1}`), clipped: new Map() },
  ]
}

describe('a mean of the sites that is beyond any number', () => {
  test.each(Object.entries(beyond))('is passed over in the choice of weights (%s)', (_, metrics) => {
    const run = runOf({ select: true, stages: [2] }, (studyDigest) => [
      ...round(studyDigest, 0, lossOf(1, 1)),
      ...round(studyDigest, 1, lossOf(2, 1)),
      ...['a', 'b'].map((site): Command => {
        return { type: 'report-evaluation', studyDigest, stage: 0, round: 2, site, baseDigest: sha256('w2'), metrics }
      }),
    ])
    const choice = { round: 0, metric: 'ordering_loss', value: 2, count: 2, among: 1 }
    expect(run.published.at(-1)).toMatchObject({ weightsDigest: sha256('w1'), choice })
  })

  test.each(Object.entries(beyond))('ends no stage early (%s)', (_, metrics) => {
    const run = runOf({ patience: 1, stages: [3] }, (studyDigest) => [
      ...round(studyDigest, 0, lossOf(1, 1)),
      ...round(studyDigest, 1, metrics),
    ])
    expect(run).toMatchObject({ phase: 'running', stopped: [], current: { round: 2 } })
  })
})

describe('a stage whose metric every site withholds', () => {
  const closing = (studyDigest: Run['studyDigest'], metrics: readonly MetricSum[]): readonly Command[] =>
    ['a', 'b'].map((site): Command => {
      return { type: 'report-evaluation', studyDigest, stage: 0, round: 1, site, baseDigest: sha256('w1'), metrics }
    })

  test('is named while it lasts and once its last weights have gone on, with the rule that had nothing to go by', () => {
    const told = (commands: (studyDigest: Run['studyDigest']) => readonly Command[]) =>
      unmeasured(runOf({ select: true }, commands))
    const silent = { stage: 0, rule: 'select', metric: 'ordering_loss' }
    expect(told(() => [])).toEqual([])
    expect(told((study) => round(study, 0, []))).toEqual([{ ...silent, isOver: false }])
    expect(told((study) => [...round(study, 0, []), ...closing(study, [])])).toEqual([{ ...silent, isOver: true }])
    expect(told((study) => [...round(study, 0, []), ...closing(study, lossOf(1, 1))])).toEqual([])
  })

  test('is named where it was to stop early', () => {
    const told = unmeasured(
      runOf({ patience: 1, stages: [2] }, (study) => [...round(study, 0, []), ...round(study, 1, [])]),
    )
    expect(told).toEqual([{ stage: 0, rule: 'earlyStop', metric: 'ordering_loss', isOver: true }])
  })
})
