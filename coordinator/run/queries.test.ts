import { describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { decide } from './decide.ts'
import { emptyFederation, evolve } from './evolve.ts'
import { admitAnnouncement, assignmentsFor, mayDownload, neededBlobs, nextDeadline } from './queries.ts'
import type { Command, Federation, UpdateAnnouncement } from './run.ts'
import { smallStudy } from './testsupport/small-study.ts'

const ours = smallStudy({ sites: ['a', 'b', 'c'], quorum: 2, stages: [2] })
const theirs = smallStudy({ sites: ['c', 'd'], quorum: 1, stages: [1], deadline: '10m' })

const announcement: UpdateAnnouncement = {
  ...{ studyDigest: ours.digest, site: 'a', stage: 0, round: 0, baseDigest: sha256('w0') },
  ...{ updateDigest: sha256('a0'), byteLength: 100, children: 10, metrics: [] },
}

function after(federation: Federation, ...commands: readonly Command[]): Federation {
  return commands.reduce(
    (state, command) => decide(state, command, 0).events.reduce((s, e) => evolve(s, e, 0), state),
    federation,
  )
}

const both = after(
  emptyFederation,
  ...[ours, theirs].flatMap(({ digest: studyDigest, text }): Command[] => [
    { type: 'propose-study', studyDigest, text },
    { type: 'start-run', studyDigest, initialWeights: sha256(studyDigest === ours.digest ? 'w0' : 'v0') },
  ]),
)

const counting = (site: string): Command => ({
  type: 'count-update',
  ...{ ...announcement, site, updateDigest: sha256(`${site}0`), norm: 1 },
})

describe('a site', () => {
  test('works on every study that awaits it, and on no other', () => {
    const studiesOf = (site: string) => assignmentsFor(both, site).map(({ studyDigest }) => studyDigest)
    expect(studiesOf('a')).toEqual([ours.digest])
    expect(studiesOf('c')).toEqual([ours.digest, theirs.digest])
    expect(studiesOf('stranger')).toEqual([])
  })

  test('may have the bases and results of its own studies only', () => {
    const published = after(both, counting('a'), counting('b'), counting('c'), {
      type: 'publish-weights',
      ...{ studyDigest: ours.digest, stage: 0, round: 0, weightsDigest: sha256('w1'), clipped: new Map() },
    })
    expect(['w0', 'w1', 'v0', 'w2', 'a0'].map((label) => mayDownload(published, 'a', sha256(label)))).toEqual([
      ...[true, true, false, false, false],
    ])
    expect(mayDownload(published, 'd', sha256('v0'))).toBe(true)
    expect(mayDownload(both, 'a', sha256('w1'))).toBe(false)
  })
})

describe('the store', () => {
  const names = ['w0', 'w1', 'v0', 'a0', 'b0', 'c0', 'd0']
  const needed = (federation: Federation) => {
    const blobs = neededBlobs(federation)
    expect(blobs.size).toBe(names.filter((name) => blobs.has(sha256(name))).length)
    return names.filter((name) => blobs.has(sha256(name)))
  }
  const sealed = after(both, counting('a'), counting('b'), counting('c'))

  test('must keep updates until their average is published, and weights for ever', () => {
    expect(needed(both)).toEqual(['w0', 'v0'])
    expect(needed(after(both, counting('a')))).toEqual(['w0', 'v0', 'a0'])
    expect(needed(after(both, counting('a'), { type: 'pause-run', studyDigest: ours.digest }))).toEqual([
      ...['w0', 'v0', 'a0'],
    ])
    expect(needed(sealed)).toEqual(['w0', 'v0', 'a0', 'b0', 'c0'])
    const publish: Command = {
      type: 'publish-weights',
      ...{ studyDigest: ours.digest, stage: 0, round: 0, weightsDigest: sha256('w1'), clipped: new Map() },
    }
    expect(needed(after(sealed, publish))).toEqual(['w0', 'w1', 'v0'])
  })

  test('need not keep the updates of a run that was cancelled', () => {
    const cancelled = after(sealed, { type: 'cancel-run', studyDigest: ours.digest, reason: 'enough' })
    expect(needed(cancelled)).toEqual(['w0', 'v0'])
  })
})

describe('the next deadline', () => {
  test('is the earliest of the open rounds of running studies', () => {
    expect(nextDeadline(emptyFederation)).toBeUndefined()
    expect(nextDeadline(both)).toBe(600_000)
    const paused = after(both, { type: 'pause-run', studyDigest: theirs.digest })
    expect(nextDeadline(paused)).toBe(3_600_000)
  })

  test('moves every run whose round is due, and no other', () => {
    const { events } = decide(both, { type: 'look-at-clock' }, 600_000)
    expect(events).toEqual([{ type: 'quorum-missed', studyDigest: theirs.digest, stage: 0, round: 0, counted: 0 }])
    expect(decide(both, { type: 'look-at-clock' }, 3_600_000).events).toHaveLength(2)
  })
})

describe('an announcement', () => {
  const counted = after(both, counting('a'))
  const sealed = after(counted, counting('b'), counting('c'))

  test('is wanted when it fits an open round, and known when it counts already', () => {
    expect(admitAnnouncement(both, announcement, 100)).toEqual({ kind: 'wanted' })
    expect(admitAnnouncement(counted, announcement, 100)).toEqual({ kind: 'counted' })
    expect(admitAnnouncement(sealed, announcement, 100)).toEqual({ kind: 'counted' })
  })

  const refusals: [string, Federation, Partial<UpdateAnnouncement>, string][] = [
    ['of a study that is not known', both, { studyDigest: sha256('other') }, 'study_unknown'],
    ['of a site that the study does not name', both, { site: 'd' }, 'not_invited'],
    ['for a round that was never opened', both, { round: 1 }, 'round_unknown'],
    ['that starts from other weights', both, { baseDigest: sha256('v0') }, 'base_mismatch'],
    ['that is longer than the model', both, { byteLength: 101 }, 'update_too_large'],
    ['that is shorter than the model', both, { byteLength: 99 }, 'shape_mismatch'],
    ['behind which too few children stand', both, { children: 4 }, 'too_few_children'],
    ['of other content than what counts', counted, { updateDigest: sha256('a1') }, 'duplicate_update'],
    ['of what counts for another site', counted, { site: 'b' }, 'duplicate_update'],
  ]
  test.each(refusals)(
    'is refused %s, and the command that announces it refuses alike',
    (_name, state, change, code) => {
      const update = { ...announcement, ...change }
      expect(() => admitAnnouncement(state, update, 100)).toThrow(expect.objectContaining({ code }))
      const { refusal } = decide(state, { type: 'announce-update', ...update, expectedByteLength: 100 }, 0)
      expect(refusal).toBeInstanceOf(SequelaError)
      expect(refusal?.code).toBe(code)
    },
  )
})
