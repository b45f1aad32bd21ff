// Machines with a fault each, such as a person could make, to show that the explorer would find it.

import { decide } from '../decide.ts'
import { evolve } from '../evolve.ts'
import { countedSites, isActive } from '../rounds.ts'
import type { ActiveRun, Command, Federation, RunEvent, Settlement } from '../run.ts'
import type { Rules } from './explorer.ts'

type CountUpdate = Extract<Command, { type: 'count-update' }>

interface BrokenRule {
  readonly name: string
  readonly rules: Rules
  readonly found: RegExp
  /** The study looks for children in two hospitals. */
  readonly linkage?: true
}

export const brokenRules: readonly BrokenRule[] = [
  {
    name: 'forgets which children a site named when the run had begun',
    found: /a list of children is forgotten/,
    linkage: true,
    rules: {
      decide,
      evolve: (federation, event, atMs) => {
        const after = evolve(federation, event, atMs)
        const run = after.runs.get(event.studyDigest)
        if (run === undefined || event.type !== 'link-list-recorded') return after
        const { site, tokensDigest } = event
        const lists = run.linkage.lists.filter((list) => list.site !== site || list.tokensDigest === tokensDigest)
        return { runs: new Map(after.runs).set(run.studyDigest, { ...run, linkage: { ...run.linkage, lists } }) }
      },
    },
  },
  {
    name: 'counts a site twice when it sends other content',
    found: /update-counted cannot happen/,
    rules: withEvents((events, run, command) => {
      const before = command.type === 'count-update' ? run?.current.sites.get(command.site) : undefined
      if (command.type !== 'count-update' || before?.kind !== 'counted') return events
      if (before.updateDigest === command.updateDigest) return events
      return [counted(command)]
    }),
  },
  {
    name: 'counts what counted before, in another round or from another site',
    found: /a content counts twice/,
    rules: withEvents((events, _run, command) =>
      command.type !== 'count-update'
        ? events
        : events.map((event) =>
            event.type === 'update-refused' && event.code === 'duplicate_update' ? counted(command) : event,
          ),
    ),
  },
  {
    name: 'seals as soon as its quorum is reached',
    found: /a site had not settled/,
    rules: withEvents((events, run, command) => {
      const counting = events.length === 1 && events[0]?.type === 'update-counted' && run?.phase === 'running'
      if (!counting || command.type !== 'count-update' || countedSites(run.current).length < 1) return events
      return [...events, sealing(run, [...countedSites(run.current), command.site].sort(), 'all-settled')]
    }),
  },
  {
    name: 'seals at the deadline below its quorum',
    found: /below its quorum/,
    rules: withEvents((events, run, command) =>
      command.type !== 'look-at-clock' || run === undefined
        ? events
        : events.map((event) =>
            event.type === 'quorum-missed' ? sealing(run, countedSites(run.current), 'deadline') : event,
          ),
    ),
  },
  {
    name: 'seals during a pause',
    found: /sealed while the run is not running/,
    rules: withEvents((events, run, command) => {
      if (command.type !== 'count-update' || events.length === 0 || run?.phase !== 'paused') return events
      const sites = [...countedSites(run.current), command.site].sort()
      return sites.length < 3 ? events : [...events, sealing(run, sites, 'all-settled')]
    }),
  },
  {
    name: 'says yes to an update during a pause and keeps nothing',
    found: /acknowledged and does not count/,
    rules: withEvents((events, run, command) =>
      command.type === 'count-update' && run?.phase === 'paused' ? [] : events,
    ),
  },
  {
    name: 'lets a pause use up the time of a round',
    found: /a pause .* changed the time/,
    rules: withEvents((events, run) =>
      events.map((event) =>
        event.type === 'run-resumed' && run !== undefined ? { ...event, deadlineMs: run.current.deadlineMs } : event,
      ),
    ),
  },
  {
    name: 'records a late update each time it comes',
    found: /the same again leads to update-late/,
    rules: withEvents((events, run, command) => {
      if (command.type !== 'count-update' || events.length > 0 || run === undefined) return events
      if (!run.current.late.includes(command.site)) return events
      const { studyDigest, site, stage, round, updateDigest } = command
      return [{ type: 'update-late', studyDigest, site, stage, round, updateDigest }]
    }),
  },
  {
    name: 'forgets at a resumption what counts',
    found: /changed in a round where it may not/,
    rules: {
      decide,
      evolve: (federation, event, atMs) => {
        const after = evolve(federation, event, atMs)
        const run = after.runs.get(event.studyDigest)
        if (event.type !== 'run-resumed' || run === undefined || !isActive(run)) return after
        const sites = new Map(
          [...run.current.sites.keys()].map((site): [string, Settlement] => [site, { kind: 'awaited' }]),
        )
        return { runs: new Map(after.runs).set(event.studyDigest, { ...run, current: { ...run.current, sites } }) }
      },
    },
  },
  {
    name: 'has a state that the journal does not give',
    found: /a restart leads to another state/,
    rules: { decide, evolve: forgetful() },
  },
]

/** The right machine, but for the events that `change` makes of the right ones. A changed answer is not a refusal. */
function withEvents(
  change: (events: readonly RunEvent[], run: ActiveRun | undefined, command: Command) => readonly RunEvent[],
): Rules {
  return {
    evolve,
    decide: (federation, command, nowMs) => {
      const decision = decide(federation, command, nowMs)
      const events = change(decision.events, activeRun(federation), command)
      const same = events.length === decision.events.length && events.every((event, i) => event === decision.events[i])
      return same ? decision : { events }
    },
  }
}

/** Opens each round a little later than it is told, from the second time on that it is asked. */
function forgetful(): Rules['evolve'] {
  let asked = 0
  return (federation, event, atMs) => evolve(federation, event, event.type === 'round-opened' ? atMs + asked++ : atMs)
}

function activeRun(federation: Federation): ActiveRun | undefined {
  return [...federation.runs.values()].find(isActive)
}

function counted(update: CountUpdate): RunEvent {
  const { studyDigest, site, stage, round, updateDigest, byteLength, children, norm, metrics } = update
  return { type: 'update-counted', studyDigest, site, stage, round, updateDigest, byteLength, children, norm, metrics }
}

function sealing(run: ActiveRun, sites: readonly string[], reason: 'all-settled' | 'deadline'): RunEvent {
  const { stage, round } = run.current
  return { type: 'round-sealed', studyDigest: run.studyDigest, stage, round, reason, counted: sites }
}
