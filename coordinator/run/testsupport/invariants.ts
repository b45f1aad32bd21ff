// What must be true of every state and every step of a run, said without using the machine's own rules. Each check is a
// sentence about what is wrong, or undefined.

import type { Digest } from '../../../shared/digest.ts'
import { evaluationPasses } from '../../../shared/evaluation/passes.ts'
import type { StudyFile } from '../../../shared/study/study.ts'
import { participation } from '../participation.ts'
import { assignmentsFor, mayDownload, neededBlobs } from '../queries.ts'
import { findRound, roundsOf } from '../rounds.ts'
import type { Command, Decision, PublishedRound, Round, Run, RunEvent, Settlement } from '../run.ts'
import type { World } from './explorer.ts'

type Recorded = { readonly event: RunEvent; readonly atMs: number }

export function brokenInState(study: StudyFile, world: World, journal: readonly Recorded[]): string | undefined {
  const run = world.federation.runs.get(study.digest)
  if (run === undefined) return undefined
  return (
    brokenParticipation(study, run, journal) ??
    brokenCounting(run, journal) ??
    brokenChain(run, journal) ??
    brokenChoice(run) ??
    brokenAssignments(study, world, run) ??
    brokenWaiting(study, run) ??
    brokenLinkage(world, run, journal)
  )
}

/** Of every site the last list before the start and all lists after it stand, and their blobs are kept as long as the run lasts. */
function brokenLinkage(world: World, run: Run, journal: readonly Recorded[]): string | undefined {
  const early = new Map<string, Digest>()
  const late = new Set<string>()
  let started = false
  for (const { event } of journal) {
    if (event.type === 'run-started') started = true
    if (event.type === 'site-unchecked' && !started) early.delete(event.site)
    if (event.type !== 'link-list-recorded') continue
    if (!started) early.set(event.site, event.tokensDigest)
    else late.add(`${event.site} ${event.tokensDigest}`)
  }
  const named = new Set([...[...early].map(([site, digest]) => `${site} ${digest}`), ...late])
  const standing = new Set(run.linkage.lists.map(({ site, tokensDigest }) => `${site} ${tokensDigest}`))
  if ([...named].some((list) => !standing.has(list))) return 'a list of children is forgotten'
  if ([...standing].some((list) => !named.has(list))) return 'a list of children stands that was taken back'
  const needed = neededBlobs(world.federation)
  const over = run.phase === 'finished' || run.phase === 'cancelled'
  const wrong = run.linkage.lists.some(({ tokensDigest }) => needed.has(tokensDigest) === over)
  if (wrong) return over ? 'a list of children outlives its run' : 'a list of children may be deleted too early'
  return run.linkage.lists.some(({ tokensDigest, site }) => mayDownload(world.federation, site, tokensDigest))
    ? 'a list of children can be downloaded'
    : undefined
}

/** Every round that was opened is there once, with every invited site exactly once and in order. */
function brokenParticipation(study: StudyFile, run: Run, journal: readonly Recorded[]): string | undefined {
  const told = participation(run)
  const opened = journal.filter(({ event }) => event.type === 'round-opened').length
  if (told.length !== opened) return `${opened} rounds were opened, ${told.length} are told of`
  const sites = [...study.study.sites].sort().join()
  for (const round of told) {
    if (round.sites.map(({ site }) => site).join() !== sites) return 'a site is missing from a round or there twice'
    for (const { site, settlement, late } of round.sites) {
      if (late && settlement.kind === 'counted') return `${site} counts and is late`
      if (round.status === 'published' && settlement.kind === 'awaited') return `${site} is awaited for ever`
    }
  }
  if (roundsOf(run).some(({ late }) => new Set(late).size !== late.length)) return 'a site is noted as late twice'
  return undefined
}

/** The journal counts an update once for every site that counts and for no other; no content counts twice. */
function brokenCounting(run: Run, journal: readonly Recorded[]): string | undefined {
  const byPlace = new Map<string, number>()
  for (const { event } of journal) {
    if (event.type !== 'update-counted') continue
    const place = `${event.stage}/${event.round} ${event.site} ${event.updateDigest}`
    byPlace.set(place, (byPlace.get(place) ?? 0) + 1)
  }
  const counting = roundsOf(run).flatMap((round) =>
    [...round.sites].flatMap(([site, each]) =>
      each.kind === 'counted' ? [{ place: `${round.stage}/${round.round} ${site} ${each.updateDigest}`, each }] : [],
    ),
  )
  if (counting.some(({ place }) => byPlace.get(place) !== 1)) return 'an update counts that is not in the journal once'
  if (counting.length !== byPlace.size) return 'an update that was acknowledged does not count'
  if (new Set(counting.map(({ each }) => each.updateDigest)).size !== counting.length) return 'a content counts twice'
  return undefined
}

/** Each round starts from what the one before gave, and the run ends with what the last gave. */
function brokenChain(run: Run, journal: readonly Recorded[]): string | undefined {
  const first = journal.find(({ event }) => event.type === 'run-started')?.event
  let weights = first?.type === 'run-started' ? first.initialWeights : undefined
  for (const round of roundsOf(run)) {
    if (round.baseDigest !== weights) return 'a round does not start from the weights of the one before'
    if ('weightsDigest' in round) weights = round.weightsDigest
  }
  if (run.phase !== 'finished') return undefined
  if (run.weightsDigest !== weights) return 'the run ends with other weights than its last round gave'
  const expected = run.study.stages.reduce((sum, stage, index) => {
    const stop = run.stopped.find((one) => one.stage === index)
    return sum + (stop === undefined ? stage.rounds : stop.round + 1) + (stage.select === undefined ? 0 : 1)
  }, 0)
  const passes = run.study.evaluation === undefined ? 0 : evaluationPasses.length
  if (
    run.published.some(({ purpose, baseDigest, weightsDigest }) => purpose === 'pass' && weightsDigest !== baseDigest)
  ) {
    return 'a pass of the evaluation changed the weights'
  }
  return run.published.length === expected + passes ? undefined : 'the run ended before its last round'
}

/** A closing round hands on weights of its own stage, and a stage stops only where the loss had not got less. */
function brokenChoice(run: Run): string | undefined {
  for (const closing of run.published.filter(({ purpose }) => purpose === 'evaluation')) {
    const trained = run.published.filter((round) => round.stage === closing.stage && round.purpose === 'training')
    const losses = [...trained.slice(1), closing].map(({ sites }) => lossOf(sites))
    const least = Math.min(...losses)
    const best = trained[Number.isFinite(least) ? losses.indexOf(least) : trained.length - 1]
    if (closing.weightsDigest !== best?.weightsDigest) return 'other weights are handed on than the best'
  }
  for (const { stage, round } of run.stopped) {
    const patience = run.study.stages[stage]?.earlyStop?.patience ?? Number.POSITIVE_INFINITY
    const losses = run.published
      .filter((one) => one.stage === stage && one.round <= round)
      .map(({ sites }) => lossOf(sites))
      .filter(Number.isFinite)
    const recent = Math.min(...losses.slice(-patience))
    if (recent < Math.min(...losses.slice(0, -patience))) return 'a stage stopped although it was getting better'
  }
  return undefined
}

/** The pair loss over all sites; infinite where nobody says. */
function lossOf(sites: ReadonlyMap<string, Settlement>): number {
  const told = [...sites.values()].flatMap((each) => ('metrics' in each ? each.metrics : []))
  const count = told.reduce((sum, metric) => sum + metric.count, 0)
  return count === 0 ? Number.POSITIVE_INFINITY : told.reduce((sum, metric) => sum + metric.sum, 0) / count
}

/** Whoever is awaited has work and may have its weights; whoever has settled has none, unless the round is short. */
function brokenAssignments(study: StudyFile, { federation }: World, run: Run): string | undefined {
  for (const site of study.study.sites) {
    const work = assignmentsFor(federation, site)
    const settlement = run.phase === 'running' ? run.current.sites.get(site) : undefined
    const status = run.phase === 'running' ? run.current.status : 'sealed'
    const wanted =
      status === 'open'
        ? settlement?.kind === 'awaited'
        : status === 'short' && settlement !== undefined && !isCounted(settlement)
    if (work.length !== (wanted ? 1 : 0)) return `${site} has ${work.length} assignments`
    if (work.some(({ baseDigest }) => !mayDownload(federation, site, baseDigest)))
      return `${site} may not have its base`
  }
  if (assignmentsFor(federation, 'stranger').length > 0) return 'a stranger has work'
  return undefined
}

/** A running round does not wait for nobody. */
function brokenWaiting(study: StudyFile, run: Run): string | undefined {
  if (run.phase !== 'running') return undefined
  const settlements = [...run.current.sites.values()]
  const counted = settlements.filter(isCounted).length
  if (run.current.status === 'open' && settlements.every(({ kind }) => kind !== 'awaited')) return 'waits for nobody'
  if (run.current.status === 'short' && counted >= study.study.round.quorum) return 'has its quorum and waits'
  return undefined
}

export function brokenInStep(before: World, command: Command, decision: Decision, after: World): string | undefined {
  if (command.type === 'look-at-clock') return brokenSealing(before, command.type, decision, after)
  const earlier = before.federation.runs.get(command.studyDigest)
  const later = after.federation.runs.get(command.studyDigest)
  return (
    brokenSealing(before, command.type, decision, after) ??
    (earlier === undefined || later === undefined ? undefined : brokenHistory(earlier, later)) ??
    brokenAnswer(command, decision, later) ??
    brokenPause(before, earlier, later, command, after)
  )
}

/** What counts stays; what is sealed or published never changes, but for who came late; no list is taken back once a run has begun. */
function brokenHistory(earlier: Run, later: Run): string | undefined {
  if (earlier === later) return undefined
  const now = roundsOf(later)
  for (const [position, before] of roundsOf(earlier).entries()) {
    const round = now[position]
    if (round === undefined || round.baseDigest !== before.baseDigest) return 'a round is gone or starts elsewhere'
    const fixed = !('status' in before) || before.status === 'sealed'
    for (const [site, settlement] of before.sites) {
      const same = sameSettlement(settlement, round.sites.get(site))
      if (!same && (fixed || isCounted(settlement))) return `${site} changed in a round where it may not`
    }
    if ('weightsDigest' in before && before.weightsDigest !== weightsOf(round)) return 'published weights changed'
    if (before.late.some((site) => !round.late.includes(site))) return 'a late site is forgotten'
  }
  if (earlier.phase === 'proposed') return undefined
  const standing = new Set(later.linkage.lists)
  return earlier.linkage.lists.some((list) => !standing.has(list)) ? 'a list of children is forgotten' : undefined
}

/** A yes to an update means that it counts; a no means that it does not begin to. */
function brokenAnswer(command: Command, decision: Decision, run: Run | undefined): string | undefined {
  if (command.type !== 'count-update') return undefined
  const round = (run === undefined ? [] : roundsOf(run)).find(
    ({ stage, round: number }) => stage === command.stage && number === command.round,
  )
  const settlement = round?.sites.get(command.site)
  const counts = settlement?.kind === 'counted' && settlement.updateDigest === command.updateDigest
  if (decision.refusal === undefined && !counts) return 'an update is acknowledged and does not count'
  if (decision.refusal !== undefined && decision.events.some(({ type }) => type === 'update-counted')) {
    return 'an update is refused and counts'
  }
  return undefined
}

/** A round is sealed with its quorum, for a reason that holds, counting exactly whoever counts. */
function brokenSealing(before: World, command: Command['type'], decision: Decision, after: World): string | undefined {
  for (const event of decision.events) {
    if (event.type !== 'round-sealed') continue
    const earlier = before.federation.runs.get(event.studyDigest)
    const run = after.federation.runs.get(event.studyDigest)
    const round = run === undefined ? undefined : findRound(run, event)
    const isOver = round !== undefined && 'weightsDigest' in round && round.purpose === 'evaluation'
    const isSealed = run?.phase === 'running' && round === run.current && round.status === 'sealed'
    if (
      run === undefined ||
      round === undefined ||
      !(isSealed || isOver) ||
      (earlier?.phase === 'paused' && command !== 'resume-run')
    )
      return 'a round is sealed while the run is not running'
    const settlements = [...round.sites.values()]
    const counted = [...round.sites].filter(([, each]) => isCounted(each)).map(([site]) => site)
    if (event.counted.join() !== counted.join()) return 'others are sealed than count'
    if (counted.length < run.study.round.quorum) return 'a round is sealed below its quorum'
    const missing = settlements.some(({ kind }) => kind === 'missing')
    if (event.reason === 'all-settled' && missing) return 'a round is sealed although a site had not settled'
    if (event.reason === 'deadline' && after.nowMs < deadlineOf(earlier)) return 'a round is sealed before its deadline'
    const wasShort = earlier !== undefined && 'current' in earlier && earlier.current.status === 'short'
    if (event.reason === 'quorum-reached' && !wasShort) return 'a round that was not short is sealed at its quorum'
  }
  return undefined
}

/** A pause takes nothing from the time that a round has left, and gives it nothing. */
function brokenPause(
  before: World,
  earlier: Run | undefined,
  later: Run | undefined,
  command: Command,
  after: World,
): string | undefined {
  if (command.type !== 'resume-run' || earlier?.phase !== 'paused' || later?.phase !== 'running') return undefined
  const pausedAtMs = Math.max(earlier.pausedAtMs, earlier.current.openedAtMs)
  const leftMs = earlier.current.deadlineMs - pausedAtMs
  return later.current.deadlineMs - after.nowMs === leftMs
    ? undefined
    : `a pause from ${pausedAtMs} to ${after.nowMs} (seen at ${before.nowMs}) changed the time that the round has left`
}

function deadlineOf(run: Run | undefined): number {
  return run !== undefined && 'current' in run ? run.current.deadlineMs : 0
}

function isCounted(settlement: Settlement): boolean {
  return settlement.kind === 'counted' || settlement.kind === 'evaluated'
}

function sameSettlement(a: Settlement, b: Settlement | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function weightsOf(round: PublishedRound | Round): string | undefined {
  return 'weightsDigest' in round ? round.weightsDigest : undefined
}
