// What can happen to a run from outside: every command that an operator, a site, a line that repeats and reorders, or the
// passing of time can bring about. The bytes of an update have no meaning to the machine, so a second content is tried
// only where a first is known; before that the two are alike.

import { type Digest, sha256 } from '../../../shared/digest.ts'
import { evaluationPasses } from '../../../shared/evaluation/passes.ts'
import type { MetricSum } from '../../../shared/study/metrics.ts'
import type { StudyFile } from '../../../shared/study/study.ts'
import { findRound, roundsOf } from '../rounds.ts'
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
  const rounds = roundIds(study)
  const operator: Move[] = [
    { name: 'propose', command: { type: 'propose-study', studyDigest, text: study.text } },
    {
      name: 'start',
      command: { type: 'start-run', studyDigest, initialWeights: study.study.from?.weights ?? sha256('weights 0') },
    },
    { name: 'pause', command: { type: 'pause-run', studyDigest } },
    { name: 'resume', command: { type: 'resume-run', studyDigest } },
    { name: 'cancel', command: { type: 'cancel-run', studyDigest, reason: 'enough' } },
    { name: 'look at the clock', command: { type: 'look-at-clock' } },
  ]
  const links =
    study.study.policy.linkage === undefined ? [] : study.study.sites.flatMap((site) => linksOf(study, site))
  const words = rounds.flatMap((id) => study.study.sites.flatMap((site) => wordsOf({ studyDigest, site, ...id })))
  return ({ federation, nowMs }) => {
    const run = federation.runs.get(studyDigest)
    return [
      ...operator,
      ...passing(run, nowMs),
      ...rounds.flatMap((id) => publications(study, run, id)),
      ...words,
      ...links,
      ...rounds.flatMap((id) =>
        study.study.sites.flatMap((site) => deliveries(federation, { studyDigest, site, ...id }, study)),
      ),
    ]
  }
}

/** Every round that there can be, closing rounds and passes included. */
function roundIds({ study }: StudyFile): readonly RoundId[] {
  const trained = study.stages.flatMap(({ rounds, select }, stage) =>
    Array.from({ length: select === undefined ? rounds : rounds + 1 }, (_, round) => ({ stage, round })),
  )
  const passes = study.evaluation === undefined ? 0 : evaluationPasses.length
  return [...trained, ...Array.from({ length: passes }, (_, round) => ({ stage: study.stages.length, round }))]
}

/** Weights that the round starts from, as far as it was opened. */
function baseOf(run: Run | undefined, id: RoundId): Digest {
  return (run === undefined ? undefined : findRound(run, id))?.baseDigest ?? sha256('not opened yet')
}

/** A pass publishes the weights that it judged, and what was said of them. */
function publications({ study, digest: studyDigest }: StudyFile, run: Run | undefined, id: RoundId): Move[] {
  const isPass = id.stage === study.stages.length
  const weightsDigest = isPass ? baseOf(run, id) : sha256(`weights after ${textOf(id)}`)
  const pooled = isPass ? { pooled: { digest: sha256(`pooled after ${textOf(id)}`), byteLength: 50 } } : {}
  const command: Command = { type: 'publish-weights', studyDigest, ...id, weightsDigest, clipped: new Map(), ...pooled }
  return [{ name: `publish ${textOf(id)}`, command }]
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

/** A site names its children, or says that it cannot; the first site has a second list. */
function linksOf({ study, digest: studyDigest }: StudyFile, site: string): Move[] {
  const list = (name: string): Move => ({
    name: `${site} gives ${name}`,
    command: {
      ...{ type: 'record-link-list', studyDigest, site, keyFingerprint: '0'.repeat(20), tokens: 64, shared: [] },
      tokensDigest: sha256(`${name} of ${site}`),
    },
  })
  const unchecked: Command = { type: 'record-unchecked', studyDigest, site, reason: 'no-key' }
  const second = site === study.sites[0] ? [list('another list')] : []
  return [list('a list'), ...second, { name: `${site} has no key`, command: unchecked }]
}

function deliveries(federation: Federation, at: At, study: StudyFile): Move[] {
  const run = federation.runs.get(study.digest)
  const place = `${at.site} ${textOf(at)}`
  const own = contentOf(at)
  const metrics = metricsOf(study, at)
  const update = (updateDigest: Digest, baseDigest = baseOf(run, at)): UpdateAnnouncement => ({
    ...{ ...at, updateDigest, baseDigest, byteLength: modelByteLength, children: 10, metrics },
  })
  const report = (name: string, baseDigest: Digest): Move => ({
    name: `report on ${name} from ${place}`,
    command: { type: 'report-evaluation', ...at, baseDigest, metrics },
  })
  const count = (name: string, announced: UpdateAnnouncement): Move => ({
    name: `count ${name} of ${place}`,
    command: { type: 'count-update', ...announced, norm: 1 },
  })
  const announced: Command = { type: 'announce-update', ...update(own), expectedByteLength: modelByteLength }
  const counted = run === undefined ? [] : countedContents(run)
  return [
    count('the update', update(own)),
    count('an update from other weights', update(own, sha256('elsewhere'))),
    { name: `announce the update of ${place}`, command: announced },
    ...(study.study.stages[at.stage]?.select === undefined
      ? []
      : [report('the weights', baseOf(run, at)), report('other weights', sha256('elsewhere'))]),
    ...(counted.includes(own) ? [count('another update', update(sha256(`other ${place}`)))] : []),
    ...counted.filter((content) => content !== own).map((content) => count('what counted elsewhere', update(content))),
  ]
}

/** Of a study that looks at losses: they get worse from round to round, so the stage stops and its first round is best. */
function metricsOf({ study }: StudyFile, { stage, round }: RoundId): readonly MetricSum[] {
  if (study.stages[stage]?.select === undefined) return []
  return [{ name: 'ordering_loss', sum: round + 1, count: 10, children: 10 }]
}

function contentOf(at: At): Digest {
  return sha256(`update of ${at.site} in ${textOf(at)}`)
}

function countedContents(run: Run): Digest[] {
  return roundsOf(run).flatMap((round) =>
    [...round.sites.values()].flatMap((each) => (each.kind === 'counted' ? [each.updateDigest] : [])),
  )
}

function textOf({ stage, round }: RoundId): string {
  return `${stage}/${round}`
}
