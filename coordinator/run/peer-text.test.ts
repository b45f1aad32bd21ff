import { expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { maxPeerTextLength } from '../../shared/protocol/limits.ts'
import { decide } from './decide.ts'
import { emptyFederation, evolve } from './evolve.ts'
import type { Command, Federation, RunEvent } from './run.ts'
import { smallStudy } from './testsupport/small-study.ts'

const { digest: studyDigest, text } = smallStudy({ sites: ['a', 'b'], quorum: 1, stages: [1] })

const started = (
  [
    { type: 'propose-study', studyDigest, text },
    { type: 'start-run', studyDigest, initialWeights: sha256('w0') },
  ] satisfies Command[]
).reduce<Federation>(
  (state, command) => decide(state, command, 0).events.reduce((s, e) => evolve(s, e, 0), state),
  emptyFederation,
)

/** A reason of a million letters whose five hundredth is half a character. */
const endless = `${'x'.repeat(maxPeerTextLength - 1)}${'😀'.repeat(500_000)}`

function reasonOf(events: readonly RunEvent[]): string | undefined {
  const [event] = events
  return event !== undefined && 'reason' in event ? event.reason : undefined
}

test.each<Command>([
  { type: 'decline', studyDigest, stage: 0, round: 0, site: 'a', code: 'training_failed', reason: endless },
  { type: 'refuse-update', studyDigest, stage: 0, round: 0, site: 'a', code: 'not_finite', reason: endless },
  { type: 'cancel-run', studyDigest, reason: endless },
])('the reason of a $type is cut to what the journal takes, in whole characters', (command) => {
  const reason = reasonOf(decide(started, command, 0).events)
  expect(reason).toHaveLength(maxPeerTextLength)
  expect(reason?.isWellFormed()).toBe(true)
})

test('a study file with half a character is refused before it could reach the journal', () => {
  const broken = `${text}# \ud800\n`
  const { events, refusal } = decide(started, { type: 'propose-study', studyDigest: sha256(broken), text: broken }, 0)
  expect(events).toEqual([])
  expect(refusal?.code).toBe('study_invalid')
})
