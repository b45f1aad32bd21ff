// Walks every state that a run can reach, breadth first, so that the first violation found is also a shortest story.
// Two states are the same when nothing that can follow tells them apart: of time only matters whether the open round is
// due, of a refusal only that there was one. Every state is entered as after a restart: by replaying, through the codec,
// the whole journal that led to it; so a restart at any instant is part of every story.

import type { Digest } from '../../../shared/digest.ts'
import type { StudyFile } from '../../../shared/study/study.ts'
import { decodeRunEvent, encodeRunEvent } from '../event-codec.ts'
import { emptyFederation } from '../evolve.ts'
import { participation } from '../participation.ts'
import { currentRound, isActive } from '../rounds.ts'
import type { Command, Decision, Federation, Run, RunEvent } from '../run.ts'
import { brokenInState, brokenInStep } from './invariants.ts'
import type { Move } from './moves.ts'

/** The machine under test. */
export interface Rules {
  decide(federation: Federation, command: Command, nowMs: number): Decision
  evolve(federation: Federation, event: RunEvent, atMs: number): Federation
}

/** What happened, in order; `earlier` is the state before. */
export interface World {
  readonly federation: Federation
  readonly nowMs: number
  readonly earlier?: World
  readonly move: string
  readonly recorded: readonly RunEvent[]
}

export interface Exploration {
  readonly states: number
  /** Commands tried, each once more when it led to something, as after a lost reply. */
  readonly commands: number
  /** Types of the events that were recorded anywhere. */
  readonly eventTypes: ReadonlySet<string>
  /** The story of the first violation: its moves, then what is wrong. */
  readonly violation?: readonly string[]
}

/** @param before what the journal holds of other studies when the walk begins */
export function explore(
  study: StudyFile,
  moves: (world: World) => readonly Move[],
  rules: Rules,
  before: readonly RunEvent[] = [],
): Exploration {
  const reopened = createReader(rules)
  const known = before.reduce((state, event) => rules.evolve(state, event, 0), emptyFederation)
  const start: World = { federation: known, nowMs: 0, move: 'begin', recorded: before }
  const seen = new Set([keyOf(start, study)])
  const queue = [start]
  const eventTypes = new Set<string>()
  let commands = 0
  const found = (): Exploration => ({ states: seen.size, commands, eventTypes })
  for (let next = 0; next < queue.length; next++) {
    const world = queue[next] as World
    for (const move of moves(world)) {
      commands++
      const outcome = step(world, move, rules)
      if (typeof outcome === 'string') return { ...found(), violation: storyOf(world, move.name, outcome) }
      if (outcome === world) continue
      commands++
      for (const { type } of outcome.recorded) eventTypes.add(type)
      const key = keyOf(outcome, study)
      if (seen.has(key)) continue
      const broken =
        brokenInState(
          study,
          outcome,
          eventsOf(outcome).filter(({ event }) => event.studyDigest === study.digest),
        ) ?? brokenByRestart(outcome, reopened)
      if (broken !== undefined) return { ...found(), violation: storyOf(outcome, 'look', broken) }
      seen.add(key)
      queue.push({ ...outcome, federation: reopened(outcome) })
    }
  }
  return found()
}

/** The world after a move, the same one if nothing came of it, or a sentence on what is wrong. */
function step(world: World, move: Move, rules: Rules): World | string {
  const nowMs = move.nowMs ?? world.nowMs
  const { command, name } = move
  if (command === undefined) return { federation: world.federation, nowMs, earlier: world, move: name, recorded: [] }
  try {
    const decision = rules.decide(world.federation, command, nowMs)
    const federation = decision.events.reduce((state, event) => rules.evolve(state, event, nowMs), world.federation)
    const after: World = { federation, nowMs, earlier: world, move: name, recorded: decision.events }
    const broken = brokenInStep(world, command, decision, after)
    if (broken !== undefined) return broken
    if (decision.events.length === 0) return world
    const again = rules.decide(federation, command, nowMs)
    if (again.events.length > 0) return `the same again leads to ${again.events.map((event) => event.type).join(', ')}`
    if (!happensOnce(command) && again.refusal?.code !== decision.refusal?.code) {
      return `the same again is answered with ${again.refusal?.code ?? 'yes'}, before with ${decision.refusal?.code ?? 'yes'}`
    }
    return after
  } catch (error) {
    return `throws ${error instanceof Error ? error.message : String(error)}`
  }
}

/** A run starts only once; and a closing round for which nothing is missing ends with the pause, the run perhaps with it. */
function happensOnce({ type }: Command): boolean {
  return type === 'start-run' || type === 'resume-run'
}

/** Everything that was recorded on the way, with the world in which each event came. */
function eventsOf(world: World): { readonly event: RunEvent; readonly atMs: number }[] {
  const path: World[] = []
  for (let at: World | undefined = world; at !== undefined; at = at.earlier) path.push(at)
  return path.reverse().flatMap(({ recorded, nowMs }) => recorded.map((event) => ({ event, atMs: nowMs })))
}

/** Replays a world's journal from nothing. Bodies and proposals, before which nothing differs, are read once, which saves most of the time. */
function createReader(rules: Rules): (world: World) => Federation {
  const decoded = new Map<string, RunEvent>()
  const read = (event: RunEvent): RunEvent => {
    const body = encodeRunEvent(event)
    const key = event.type + body
    const known = decoded.get(key) ?? decodeRunEvent(event.type, body)
    decoded.set(key, known)
    return known
  }
  const proposed = new Map<Digest, Federation>()
  return (world) =>
    eventsOf(world).reduce((state, { event, atMs }) => {
      if (event.type !== 'study-proposed') return rules.evolve(state, read(event), atMs)
      const known = proposed.get(event.studyDigest) ?? rules.evolve(state, read(event), atMs)
      proposed.set(event.studyDigest, known)
      return known
    }, emptyFederation)
}

function brokenByRestart(world: World, reopened: (world: World) => Federation): string | undefined {
  return spelled(reopened(world)) === spelled(world.federation) ? undefined : 'a restart leads to another state'
}

/** The whole state as text, without the study, which never changes. */
function spelled(federation: Federation): string {
  return JSON.stringify([...federation.runs], (key, value: unknown) => {
    if (key === 'study' || key === 'text') return undefined
    return value instanceof Map ? [...value] : value
  })
}

function keyOf({ federation, nowMs }: World, study: StudyFile): string {
  const run = federation.runs.get(study.digest)
  if (run === undefined) return 'nothing'
  const rounds = participation(run).map(
    ({ status, sites }) =>
      `${status} ${sites
        .map(({ settlement, late }) => {
          const content = settlement.kind === 'counted' ? settlement.updateDigest : ''
          return `${settlement.kind}${content}${late ? ' late' : ''}`
        })
        .join()}`,
  )
  const last = currentRound(run)
  const abandoned = run.phase === 'cancelled' ? last?.status : ''
  return `${run.phase} ${abandoned} ${isDue(run, nowMs)} ${rounds.join('; ')} ${linkageKey(run)}`
}

/** How often a site has spoken tells states apart only where it has spoken too often. */
function linkageKey({ linkage }: Run): string {
  const lists = linkage.lists.map(({ site, tokensDigest, beforeStart }) => `${site} ${tokensDigest} ${beforeStart}`)
  const words = [...linkage.words].map(
    ([site, word]) => `${site} ${'tokensDigest' in word ? word.tokensDigest : word.kind}`,
  )
  return `${lists.sort().join()} ${words.sort().join()}`
}

function isDue(run: Run, nowMs: number): boolean {
  if (!isActive(run) || run.current.status !== 'open') return false
  const at = run.phase === 'paused' ? Math.max(run.pausedAtMs, run.current.openedAtMs) : nowMs
  return at >= run.current.deadlineMs
}

function storyOf(world: World, move: string, broken: string): string[] {
  const moves: string[] = []
  for (let at: World | undefined = world; at?.earlier !== undefined; at = at.earlier) moves.push(at.move)
  return [...moves.reverse(), move, broken]
}
