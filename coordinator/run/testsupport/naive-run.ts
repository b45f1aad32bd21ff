// The rules of a run a second time, as plainly as they can be written: one table that is changed in place, everything
// looked up again each time, nothing shared with the machine. The two are compared on random stories.

import { evaluationPasses } from '../../../shared/evaluation/passes.ts'
import type { MetricSum } from '../../../shared/study/metrics.ts'
import type { Study } from '../../../shared/study/study.ts'
import type { Command } from '../run.ts'

export interface NaiveRound {
  readonly stage: number
  readonly round: number
  readonly base: string
  deadlineMs: number
  openedAtMs: number
  readonly closing: boolean
  /** awaited, missing, refused, declined, evaluated, or the digest of what counts. */
  readonly table: Record<string, string>
  /** What each site says of the base: sum and count of the pair loss. */
  readonly losses: Record<string, readonly [sum: number, count: number]>
  readonly late: string[]
  status: 'open' | 'short' | 'sealed' | 'published'
  /** Empty until it is published. */
  weights: string
}

export interface NaiveRun {
  readonly rounds: NaiveRound[]
  phase: 'proposed' | 'running' | 'paused' | 'finished' | 'cancelled'
  pausedAtMs: number
}

const words = new Set(['awaited', 'missing', 'refused', 'declined'])

/** Changes `run` as the command asks; says whether the command is granted. */
export function applyNaively(run: NaiveRun, study: Study, command: Command, nowMs: number): boolean {
  const granted = carryOut(run, study, command, nowMs)
  const round = run.rounds.at(-1)
  if (run.phase === 'running' && round !== undefined) {
    const enough = countIn(round) >= study.round.quorum
    const open = Object.values(round.table).includes('awaited')
    if (round.status === 'short' && enough) seal(run, study, round, nowMs)
    if (round.status === 'open' && !open) enough ? seal(run, study, round, nowMs) : shorten(round)
  }
  return granted
}

function carryOut(run: NaiveRun, study: Study, command: Command, nowMs: number): boolean {
  const last = run.rounds.at(-1)
  switch (command.type) {
    case 'propose-study':
      return true
    case 'start-run':
      if (run.phase !== 'proposed') return false
      run.phase = 'running'
      open(run, study, { stage: 0, round: 0, closing: false }, command.initialWeights, nowMs)
      return true
    case 'pause-run':
      if (run.phase === 'running') {
        run.phase = 'paused'
        run.pausedAtMs = nowMs
      }
      return run.phase === 'paused'
    case 'resume-run':
      if (run.phase === 'paused' && last !== undefined) {
        run.phase = 'running'
        last.deadlineMs += nowMs - Math.max(run.pausedAtMs, last.openedAtMs)
      }
      return run.phase === 'running'
    case 'cancel-run':
      if (run.phase !== 'finished') run.phase = 'cancelled'
      return run.phase === 'cancelled'
    case 'look-at-clock':
      if (run.phase === 'running' && last?.status === 'open' && nowMs >= last.deadlineMs) {
        countIn(last) >= study.round.quorum ? seal(run, study, last, nowMs) : shorten(last)
      }
      return true
    case 'publish-weights':
      return publish(run, study, command, nowMs)
    case 'refuse-update':
    case 'decline': {
      const round = run.rounds.find((each) => each.stage === command.stage && each.round === command.round)
      const before = round?.table[command.site]
      if (round === undefined || before === undefined) return false
      if (!isClosed(run, round) && (before === 'awaited' || (round.status === 'short' && words.has(before)))) {
        round.table[command.site] = command.type === 'decline' ? 'declined' : 'refused'
      }
      return true
    }
    case 'report-evaluation': {
      const round = run.rounds.find((each) => each.stage === command.stage && each.round === command.round)
      const before = round?.table[command.site]
      if (round === undefined || before === undefined) return false
      if (before === 'evaluated') return true
      if (!round.closing || isClosed(run, round) || command.baseDigest !== round.base) return false
      if (round.status === 'open' && before !== 'awaited') return false
      round.table[command.site] = 'evaluated'
      note(round, command)
      return true
    }
    case 'record-link-list':
    case 'record-unchecked':
      // Beside the rounds: compared by naive means in coordinator/linkage.
      return study.policy.linkage !== undefined
    case 'announce-update':
    case 'count-update':
      return deliver(run, study, command)
  }
}

function deliver(
  run: NaiveRun,
  study: Study,
  update: Extract<Command, { type: 'count-update' | 'announce-update' }>,
): boolean {
  const round = run.rounds.find((each) => each.stage === update.stage && each.round === update.round)
  const before = round?.table[update.site]
  if (round === undefined || before === undefined || round.closing) return false
  if (!words.has(before)) return before === update.updateDigest
  if (before === 'refused' && (round.status !== 'short' || run.phase === 'cancelled')) return false
  if (isClosed(run, round)) return late(round, update.site)
  if (before === 'declined' && round.status === 'open') return false
  const everything = run.rounds.flatMap((each) => Object.values(each.table))
  const fits =
    update.baseDigest === round.base &&
    update.children >= study.policy.minChildren &&
    !everything.includes(update.updateDigest) &&
    (update.type === 'count-update' ? update.norm <= study.policy.maxUpdateNorm : true)
  if (!fits) round.table[update.site] = 'refused'
  else if (update.type === 'count-update') {
    round.table[update.site] = update.updateDigest
    note(round, update)
  }
  return fits
}

function publish(
  run: NaiveRun,
  study: Study,
  command: Extract<Command, { type: 'publish-weights' }>,
  nowMs: number,
): boolean {
  const at = run.rounds.findIndex((each) => each.stage === command.stage && each.round === command.round)
  const round = run.rounds[at]
  if (round === undefined) return false
  if (round.status === 'published') return round.weights === command.weightsDigest
  if (round.status !== 'sealed' || run.phase === 'cancelled') return false
  round.status = 'published'
  round.weights = command.weightsDigest
  if (round.stage === study.stages.length) {
    const next = { stage: round.stage, round: round.round + 1, closing: false }
    if (next.round === evaluationPasses.length) run.phase = 'finished'
    else open(run, study, next, command.weightsDigest, nowMs)
    return true
  }
  const { earlyStop, select, rounds = 0 } = study.stages[round.stage] ?? {}
  const losses = lossesOf(run, round.stage)
  const best = losses.indexOf(Math.min(...losses))
  const tired = earlyStop !== undefined && losses.length - best > earlyStop.patience
  const next = { stage: round.stage, round: round.round + 1 }
  if (next.round < rounds && !tired) open(run, study, { ...next, closing: false }, command.weightsDigest, nowMs)
  else if (select !== undefined) open(run, study, { ...next, closing: true }, command.weightsDigest, nowMs)
  else endStage(run, study, round, nowMs)
  return true
}

function endStage(run: NaiveRun, study: Study, { stage, weights }: NaiveRound, nowMs: number): void {
  if (stage + 1 === study.stages.length && study.evaluation === undefined) run.phase = 'finished'
  else open(run, study, { stage: stage + 1, round: 0, closing: false }, weights, nowMs)
}

/** The pair loss of what each round of the stage began with, as far as somebody said. */
function lossesOf(run: NaiveRun, stage: number): number[] {
  return run.rounds.flatMap((round) => {
    const told = Object.values(round.losses)
    if (round.stage !== stage || told.length === 0) return []
    return [told.reduce((sum, [part]) => sum + part, 0) / told.reduce((sum, [, count]) => sum + count, 0)]
  })
}

/** The weights before the round whose report has the least loss; the first round of a stage speaks of another's. */
function chosenWeights(run: NaiveRun, closing: NaiveRound): string {
  let [chosen, least] = [closing.base, Number.POSITIVE_INFINITY]
  for (const round of run.rounds) {
    if (round.stage !== closing.stage || round.round === 0 || Object.keys(round.losses).length === 0) continue
    const alone = { ...run, rounds: [round] }
    const loss = lossesOf(alone, round.stage)[0] ?? Number.POSITIVE_INFINITY
    if (loss < least) [chosen, least] = [round.base, loss]
  }
  return chosen
}

function note(round: NaiveRound, { site, metrics }: { site: string; metrics: readonly MetricSum[] }): void {
  for (const { name, sum, count } of metrics) if (name === 'ordering_loss') round.losses[site] = [sum, count]
}

function open(
  run: NaiveRun,
  study: Study,
  id: Pick<NaiveRound, 'stage' | 'round' | 'closing'>,
  base: string,
  nowMs: number,
): void {
  const table = Object.fromEntries(study.sites.map((site) => [site, 'awaited']))
  const deadlineMs = nowMs + study.round.deadlineMs
  const began = { base, deadlineMs, openedAtMs: nowMs, table }
  run.rounds.push({ ...id, ...began, losses: {}, late: [], status: 'open', weights: '' })
}

function seal(run: NaiveRun, study: Study, round: NaiveRound, nowMs: number): void {
  round.status = 'sealed'
  for (const site of Object.keys(round.table)) if (round.table[site] === 'awaited') round.table[site] = 'missing'
  if (!round.closing) return
  round.status = 'published'
  round.weights = chosenWeights(run, round)
  endStage(run, study, round, nowMs)
}

function shorten(round: NaiveRound): void {
  round.status = 'short'
}

function late(round: NaiveRound, site: string): boolean {
  if (!round.late.includes(site)) round.late.push(site)
  return false
}

function countIn(round: NaiveRound): number {
  return Object.values(round.table).filter((word) => !words.has(word)).length
}

function isClosed(run: NaiveRun, round: NaiveRound): boolean {
  return run.phase === 'cancelled' || round.status === 'sealed' || round.status === 'published'
}
