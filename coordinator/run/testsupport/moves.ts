// What can happen to a run from outside: every command that an operator, a site, a line that repeats and reorders, or the
// passing of time can bring about. The bytes of an update have no meaning to the machine, so a second content is tried
// only where a first is known; before that the two are alike.

import { type Digest, sha256 } from '../../../shared/digest.ts'
import type { StudyFile } from '../../../shared/study/study.ts'
import { findRound } from '../rounds.ts'
import type { Command, Federation, RoundId, Run, UpdateAnnouncement } from '../run.ts'
import type { World } from './explorer.ts'

export interface Move {
  readonly name: string
  /** None when only time passes. */
  readonly command?: Command
  /** What time it is then; as before if absent. */
  readonly nowMs?: number
}

const modelByteLength = 100

export function createMoves(study: StudyFile): (world: World) => readonly Move[] {
  const studyDigest = study.digest
  const rounds = study.study.stages.flatMap(({ rounds: count }, stage) =>
    Array.from({ length: count }, (_, round) => ({ stage, round })),
  )
  const operator: Move[] = [
    { name: 'propose', command: { type: 'propose-study', studyDigest, text: study.text } },
    { name: 'start', command: { type: 'start-run', studyDigest, initialWeights: sha256('weights 0') } },
    { name: 'pause', command: { type: 'pause-run', studyDigest } },
    { name: 'resume', command: { type: 'resume-run', studyDigest } },
    { name: 'cancel', command: { type: 'cancel-run', studyDigest, reason: 'enough' } },
    { name: 'look at the clock', command: { type: 'look-at-clock' } },
    ...rounds.flatMap((id, position) => publications(studyDigest, id, position)),
  ]
  const words = rounds.flatMap((id) => study.study.sites.flatMap((site) => wordsOf({ studyDigest, site, ...id })))
  return ({ federation, nowMs }) => {
    const run = federation.runs.get(studyDigest)
    return [
      ...operator,
      ...passing(run, nowMs),
      ...words,
      ...rounds.flatMap((id, position) =>
        study.study.sites.flatMap((site) => deliveries(federation, { studyDigest, site, ...id }, position, study)),
      ),
    ]
  }
}

/** Digest of the weights that the round at `position` of the run starts from; the sealed round before gives it. */
function baseOf(position: number): Digest {
  return sha256(`weights ${position}`)
}

function publications(studyDigest: Digest, id: RoundId, position: number): Move[] {
  const published = (weightsDigest: Digest): Command => ({
    type: 'publish-weights',
    ...{ studyDigest, ...id, weightsDigest, clipped: new Map() },
  })
  return [{ name: `publish ${textOf(id)}`, command: published(baseOf(position + 1)) }]
}

/** Time passes up to the deadline; or a pause ends after longer than any round lasts. */
function passing(run: Run | undefined, nowMs: number): Move[] {
  if (run?.phase === 'running' && run.current.status === 'open' && nowMs < run.current.deadlineMs) {
    return [{ name: 'the deadline passes', nowMs: run.current.deadlineMs }]
  }
  if (run?.phase === 'paused') {
    const command: Command = { type: 'resume-run', studyDigest: run.studyDigest }
    return [{ name: 'resume much later', command, nowMs: nowMs + 10 * run.study.round.deadlineMs }]
  }
  return []
}

type At = Pick<UpdateAnnouncement, 'studyDigest' | 'site' | 'stage' | 'round'>

function wordsOf(at: At): Move[] {
  const place = `${at.site} ${textOf(at)}`
  return [
    { name: `refuse ${place}`, command: { type: 'refuse-update', ...at, code: 'not_finite', reason: 'NaN' } },
    { name: `decline ${place}`, command: { type: 'decline', ...at, code: 'training_failed', reason: 'no memory' } },
  ]
}

function deliveries(federation: Federation, at: At, position: number, study: StudyFile): Move[] {
  const place = `${at.site} ${textOf(at)}`
  const own = contentOf(at)
  const update = (updateDigest: Digest, baseDigest = baseOf(position)): UpdateAnnouncement => ({
    ...{ ...at, updateDigest, baseDigest, byteLength: modelByteLength, children: 10, metrics: [] },
  })
  const count = (name: string, announced: UpdateAnnouncement): Move => ({
    name: `count ${name} of ${place}`,
    command: { type: 'count-update', ...announced, norm: 1 },
  })
  const announced: Command = { type: 'announce-update', ...update(own), expectedByteLength: modelByteLength }
  const run = federation.runs.get(study.digest)
  const counted = run === undefined ? [] : countedContents(run)
  return [
    count('the update', update(own)),
    count('an update from other weights', update(own, sha256('elsewhere'))),
    { name: `announce the update of ${place}`, command: announced },
    ...(counted.includes(own) ? [count('another update', update(sha256(`other ${place}`)))] : []),
    ...counted.filter((content) => content !== own).map((content) => count('what counted elsewhere', update(content))),
  ]
}

function contentOf(at: At): Digest {
  return sha256(`update of ${at.site} in ${textOf(at)}`)
}

function countedContents(run: Run): Digest[] {
  const rounds = run.study.stages.flatMap(({ rounds: count }, stage) =>
    Array.from({ length: count }, (_, round) => findRound(run, { stage, round })),
  )
  return rounds.flatMap((round) =>
    [...(round?.sites.values() ?? [])].flatMap((each) => (each.kind === 'counted' ? [each.updateDigest] : [])),
  )
}

function textOf({ stage, round }: RoundId): string {
  return `${stage}/${round}`
}
