import { describe, expect, test } from 'vitest'
import { demoStudyText } from '../demo/study-text.ts'
import { sha256 } from '../shared/digest.ts'
import { judgingStudyText } from '../shared/study/judged-study.ts'
import { parseStudy } from '../shared/study/study.ts'
import type { HeldBack } from './reactions.ts'
import { nothingLinked } from './run/linkage.ts'
import type { CountedUpdate, Federation, Run, Settlement } from './run/run.ts'
import { type CoordinatorFacts, coordinatorStatus, runStatus } from './status.ts'
import { statusText } from './status-text.ts'

const text = demoStudyText({
  sites: ['boston', 'lyon', 'zurich'],
  seed: 1,
  orderingRounds: 2,
  recurrenceRounds: 1,
  pretrained: true,
})
const { study, digest } = parseStudy(text)

const counted = (right: number): CountedUpdate => ({
  updateDigest: sha256(String(right)),
  byteLength: 100,
  children: 10,
  norm: 2,
  metrics: [{ name: 'pair_accuracy', sum: right, count: 10, children: 6 }],
})

const settlements = new Map<string, Settlement>([
  ['boston', { kind: 'counted', ...counted(7) }],
  ['lyon', { kind: 'refused', code: 'not_finite', reason: 'the update holds a value that is NaN' }],
  ['zurich', { kind: 'counted', ...counted(4) }],
])

const run: Run = {
  phase: 'running',
  studyDigest: digest,
  study,
  text,
  startedAtMs: 1000,
  stopped: [],
  linkage: nothingLinked,
  published: [
    {
      purpose: 'training',
      stage: 0,
      round: 0,
      baseDigest: sha256('base'),
      weightsDigest: sha256('next'),
      openedAtMs: 1000,
      sealedAtMs: 2000,
      publishedAtMs: 3000,
      sites: settlements,
      clipped: new Map([['zurich', 0.5]]),
      late: ['lyon'],
    },
  ],
  current: {
    purpose: 'training',
    stage: 0,
    round: 1,
    baseDigest: sha256('next'),
    openedAtMs: 3000,
    deadlineMs: 9000,
    sites: new Map<string, Settlement>([...settlements.keys()].map((site) => [site, { kind: 'awaited' }])),
    late: [],
    status: 'short',
  },
}

const federationOf = (...runs: readonly Run[]): Federation => ({
  runs: new Map(runs.map((one) => [one.studyDigest, one])),
})

const ports = { clock: { now: () => 10_000 }, heldBack: () => undefined }
const facts: CoordinatorFacts = {
  programVersion: '0.1.0',
  domain: 'example.org',
  federationAddress: 'a:1',
  enrolmentAddress: 'a:2',
  rootFingerprint: sha256('root'),
  journal: { size: 3, rootHash: sha256('head') },
  sites: [
    { site: 'boston', certificateNotAfterMs: 1, connected: false },
    { site: 'lyon', certificateNotAfterMs: null, connected: false },
    { site: 'zurich', certificateNotAfterMs: 1e15, connected: true, programVersion: '0.1.0' },
  ],
}

describe('the status', () => {
  test('lists for every round who was asked, who counts and who does not, with the reason', () => {
    const [first, second] = runStatus(run).rounds
    expect(first?.sites.map(({ site, outcome, code }) => [site, outcome, code])).toEqual([
      ['boston', 'counted', undefined],
      ['lyon', 'refused', 'not_finite'],
      ['zurich', 'counted', undefined],
    ])
    expect(first?.sites.find(({ site }) => site === 'zurich')?.clippedBy).toBe(0.5)
    expect(first?.late).toEqual(['lyon'])
    expect(second?.state).toBe('short')
  })

  test('adds sums and counts of the sites that counted', () => {
    expect(runStatus(run).rounds[0]?.metrics).toEqual([{ name: 'pair_accuracy', sum: 11, count: 20, children: 12 }])
  })

  const words = (held?: HeldBack): string =>
    statusText(coordinatorStatus(facts, federationOf(run), { ...ports, heldBack: () => held }))

  test('in words says which study is held back, and what can be done', () => {
    expect(words()).not.toContain('held back')
    const shown = words({ code: 'answer_malformed', reason: 'the cells of a do not add up' })
    expect(shown).toContain('held back: its round cannot be averaged (answer_malformed: the cells of a do not add up)')
    expect(shown).toContain('tried again when the coordinator starts, or cancel it')
  })

  test('in words counts passes, not rounds, of a study that judges the weights of another, and names it', () => {
    const sites = ['boston', 'oslo']
    const judging = parseStudy(
      judgingStudyText({ study, text, digest }, { name: 'judged', sites, weights: sha256('w') }),
    )
    const proposed: Run = {
      ...{ phase: 'proposed', studyDigest: judging.digest, study: judging.study, text: judging.text, proposedAtMs: 0 },
      ...{ published: [], stopped: [], linkage: nothingLinked },
    }
    const shown = statusText(coordinatorStatus(facts, federationOf(proposed), ports))
    expect(shown).toContain('judged  proposed, 0 of 6 passes')
    expect(shown).toContain(`judges the weights of study ${digest}`)
  })

  test('in words says that a stage had nothing to choose its weights by', () => {
    const choosing: Run = {
      ...run,
      study: { ...study, stages: study.stages.map((stage) => ({ ...stage, select: { metric: 'log_loss' } })) },
    }
    const shown = (some: Run): string => statusText(coordinatorStatus(facts, federationOf(some), ports))
    expect(shown(run)).not.toContain('log_loss')
    expect(shown(choosing)).toContain(
      'stage 1: no site has reported log_loss so far: too few children in every validation fold; weights cannot be chosen by it',
    )
  })

  test('in words says what a short round waits for, who is missing, and which certificates are over', () => {
    const shown = words()
    expect(shown).toContain('certificate expired, needs a new code')
    expect(shown).toContain('invited, not enrolled')
    expect(shown).toContain('waits: 0 count and the quorum is 2')
    expect(shown).toContain('lyon: refused not_finite, the update holds a value that is NaN')
    expect(shown).toContain('pair_accuracy 0.550 (20)')
  })

  test('in words says what must be done for the certificates, and nothing where nothing must', () => {
    const certificateWarning = 'the issuing key ends on 2030-01-01; put root-key.pem back'
    const words = (some: CoordinatorFacts): string => statusText(coordinatorStatus(some, federationOf(), ports))
    expect(words({ ...facts, certificateWarning })).toContain(`WARNING: ${certificateWarning}`)
    expect(words(facts)).not.toContain('WARNING')
  })

  test('says what a site is doing only for a round that waits for it, transfers in MB', () => {
    const reported = (round: number, activity: string): CoordinatorFacts => ({
      ...facts,
      sites: facts.sites.map((site) => ({
        ...site,
        work: { assignmentId: `${digest}/0/${round}`, activity, done: 240_000, total: 480_000 },
      })),
    })
    const inWords = (round: number, activity: string): string =>
      statusText(coordinatorStatus(reported(round, activity), federationOf(run), ports))
    expect(inWords(1, 'uploading')).toContain('connected, 0.1.0, uploading 0.24 of 0.48 MB; certificate')
    expect(inWords(1, 'training')).toContain('training 240000 of 480000')
    expect(inWords(0, 'uploading')).not.toContain('uploading')
    expect(coordinatorStatus(reported(0, 'uploading'), federationOf(run), ports).sites.map(({ work }) => work)).toEqual(
      [...[undefined, undefined, undefined]],
    )
  })

  test('in words names the sites of a study that were never invited, as long as they could be waited for', () => {
    const alone: CoordinatorFacts = { ...facts, sites: facts.sites.slice(0, 1) }
    const inWords = (one: Run): string => statusText(coordinatorStatus(alone, federationOf(one), ports))
    expect(inWords(run)).toContain('not invited, and listed by study demo: coordinator invite lyon')
    expect(inWords(run)).toContain('coordinator invite zurich')
    expect(inWords(run)).not.toContain('coordinator invite boston')
    const { current: abandoned, ...over } = run
    const cancelled: Run = { ...over, phase: 'cancelled', reason: 'no', cancelledAtMs: 9000, abandoned }
    expect(inWords(cancelled)).not.toContain('coordinator invite')
  })

  test.each([
    [0, []],
    [1, ['round 2']],
    [5, ['round 1', 'round 2']],
  ])('in words shows of %d rounds so many, the last ones', (rounds, shown) => {
    const words = statusText(coordinatorStatus(facts, federationOf(run), ports), rounds)
    expect([...words.matchAll(/ordering, (round \d)/g)].map(([, round]) => round)).toEqual(shown)
  })
})
