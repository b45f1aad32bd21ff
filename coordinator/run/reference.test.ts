// The machine against a naive one on random stories: the same commands, the same answers, the same state.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Digest, parseDigest, sha256 } from '../../shared/digest.ts'
import type { StudyFile } from '../../shared/study/study.ts'
import { decide } from './decide.ts'
import { emptyFederation, evolve } from './evolve.ts'
import { isActive, roundsOf } from './rounds.ts'
import type { Command, Run, RunEvent, Settlement } from './run.ts'
import { finishedRun } from './testsupport/finished-run.ts'
import { applyNaively, type NaiveRun } from './testsupport/naive-run.ts'
import { type SmallStudy, smallJudgingStudy, smallStudy } from './testsupport/small-study.ts'

const sites = ['a', 'b', 'c', 'd']

/** What a story says next; `waitMs` passes before it. Positions count rounds back from the newest, so most fit. */
const lineArbitrary = fc.record({
  verb: fc.oneof(
    { weight: 12, arbitrary: fc.constant('count' as const) },
    { weight: 6, arbitrary: fc.constant('evaluate' as const) },
    { weight: 3, arbitrary: fc.constantFrom('refuse' as const, 'decline' as const, 'announce' as const) },
    { weight: 6, arbitrary: fc.constant('publish' as const) },
    { weight: 4, arbitrary: fc.constant('clock' as const) },
    { weight: 2, arbitrary: fc.constantFrom('pause' as const, 'resume' as const, 'start' as const) },
    { weight: 4, arbitrary: fc.constant('resume' as const) },
    { weight: 1, arbitrary: fc.constantFrom('cancel' as const, 'propose' as const, 'start' as const) },
  ),
  site: fc.constantFrom(...sites, 'stranger'),
  back: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -1, max: 2 }) }),
  content: fc.oneof({ weight: 6, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.constantFrom('x', 'y') }),
  rightBase: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  children: fc.integer({ min: 4, max: 30 }),
  norm: fc.integer({ min: 0, max: 101 }),
  loss: fc.option(fc.integer({ min: 1, max: 4 })),
  waitMs: fc.oneof(
    { weight: 5, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(1_000, 2_000_000, 3_600_000) },
  ),
})

type Line = typeof lineArbitrary extends fc.Arbitrary<infer T> ? T : never

function commandOf(line: Line, naive: NaiveRun, study: ReturnType<typeof smallStudy>): Command {
  const studyDigest = study.digest
  const position = naive.rounds.length - 1 - line.back
  const { stage, round, base } = naive.rounds[position] ?? { stage: 0, round: position, base: sha256('none') }
  const { site, children, norm } = line
  const at = { studyDigest, site, stage, round: Math.max(round, 0) }
  const updateDigest = sha256(line.content === '' ? `${site} ${stage}/${round}` : line.content)
  const isRight = line.rightBase && naive.rounds[position] !== undefined
  const baseDigest = isRight ? parseDigest(base) : sha256('elsewhere')
  const metrics =
    line.loss === null ? [] : [{ name: 'ordering_loss' as const, sum: line.loss * 8, count: 8, children: 8 }]
  const update = { ...at, updateDigest, baseDigest, byteLength: 100, children, metrics }
  switch (line.verb) {
    case 'count':
      return { type: 'count-update', ...update, norm }
    case 'evaluate':
      return { type: 'report-evaluation', ...at, baseDigest, metrics }
    case 'announce':
      return { type: 'announce-update', ...update, expectedByteLength: 100 }
    case 'refuse':
      return { type: 'refuse-update', ...at, code: 'not_finite', reason: `norm ${norm}` }
    case 'decline':
      return { type: 'decline', ...at, code: 'training_failed', reason: `norm ${norm}` }
    case 'publish': {
      const weightsDigest = sha256(line.rightBase ? `weights after ${stage}/${round}` : 'others')
      const published = { type: 'publish-weights', studyDigest, stage, round: at.round, clipped: new Map() } as const
      if (stage !== study.study.stages.length) return { ...published, weightsDigest }
      const judged = naive.rounds.find((one) => one.stage === stage && one.round === at.round)?.base ?? base
      return { ...published, weightsDigest: parseDigest(judged), pooled: { digest: sha256('pooled'), byteLength: 50 } }
    }
    case 'clock':
      return { type: 'look-at-clock' }
    case 'pause':
      return { type: 'pause-run', studyDigest }
    case 'resume':
      return { type: 'resume-run', studyDigest }
    case 'start':
      return { type: 'start-run', studyDigest, initialWeights: firstWeights(study) }
    case 'cancel':
      return { type: 'cancel-run', studyDigest, reason: 'enough' }
    case 'propose':
      return { type: 'propose-study', studyDigest, text: study.text }
  }
}

function firstWeights({ study }: ReturnType<typeof smallStudy>): Digest {
  return study.from?.weights ?? sha256('weights 0')
}

/** Each with what the journal holds before the study is proposed. */
const training =
  (wanted: Pick<SmallStudy, 'stages' | 'patience' | 'select' | 'evaluation'>) =>
  (quorum: number): readonly [StudyFile, readonly RunEvent[]] => [smallStudy({ sites, quorum, ...wanted }), []]

const judging = (quorum: number): readonly [StudyFile, readonly RunEvent[]] => {
  const trained = smallStudy({ sites: ['a', 'e', 'f', 'g'], quorum, stages: [1], recurrence: true })
  return [smallJudgingStudy(trained, { sites, weights: sha256('trained') }), finishedRun(trained)]
}

const wordOf = (settlement: Settlement): string =>
  settlement.kind === 'counted' ? settlement.updateDigest : settlement.kind

/** What both machines say, in the same words. */
function told(run: Run): unknown {
  return {
    phase: run.phase,
    rounds: roundsOf(run).map((round) => ({
      ...{ stage: round.stage, round: round.round, base: round.baseDigest, late: [...round.late] },
      closing: round.purpose === 'evaluation',
      table: Object.fromEntries([...round.sites].map(([site, settlement]) => [site, wordOf(settlement)])),
      status: 'status' in round ? round.status : 'published',
      weights: 'weightsDigest' in round ? round.weightsDigest : '',
    })),
    deadlineMs: isActive(run) ? run.current.deadlineMs : undefined,
  }
}

function toldNaively({ phase, rounds }: NaiveRun): unknown {
  return {
    phase,
    rounds: rounds.map(({ deadlineMs: _deadline, openedAtMs: _opened, losses: _losses, ...round }) => round),
    deadlineMs: phase === 'running' || phase === 'paused' ? rounds.at(-1)?.deadlineMs : undefined,
  }
}

describe('on random stories of four sites', () => {
  test.each([
    ['two stages', training({ stages: [2, 1] })],
    ['stages that stop early and choose among their rounds', training({ stages: [4, 1], patience: 1, select: true })],
    ['a stage and the passes of an evaluation', training({ stages: [1], evaluation: true })],
    ['a stage that stops early and hands on its last weights', training({ stages: [3, 1], patience: 2 })],
    ['weights of a finished study and the passes in which they are judged', judging],
  ])('of %s the machine says and does what a naive one does', (_, studyOf) => {
    const story = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.array(lineArbitrary, { maxLength: 150, size: 'max' }))
    let published = 0
    fc.assert(
      fc.property(story, ([quorum, lines]) => {
        const [study, before] = studyOf(quorum)
        const known = before.reduce((state, event) => evolve(state, event, 0), emptyFederation)
        const naive: NaiveRun = { rounds: [], phase: 'proposed', pausedAtMs: 0 }
        const proposal: Command = { type: 'propose-study', studyDigest: study.digest, text: study.text }
        const start: Command = { type: 'start-run', studyDigest: study.digest, initialWeights: firstWeights(study) }
        let federation = decide(known, proposal, 0).events.reduce((f, e) => evolve(f, e, 0), known)
        let nowMs = 0
        for (const line of [undefined, ...lines]) {
          nowMs += line?.waitMs ?? 0
          const command = line === undefined ? start : commandOf(line, naive, study)
          const { events, refusal } = decide(federation, command, nowMs)
          federation = events.reduce((state, event) => evolve(state, event, nowMs), federation)
          published += events.filter(({ type }) => type === 'weights-published').length
          expect(refusal === undefined).toBe(applyNaively(naive, study.study, command, nowMs))
          expect([...federation.runs.values()].slice(known.runs.size).map(told)).toEqual([toldNaively(naive)])
        }
      }),
      { numRuns: 300 },
    )
    expect(published).toBeGreaterThan(100)
  })
})
