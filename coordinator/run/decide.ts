// What a command leads to. `decide` is told the time and looks at nothing but its arguments; what it answers is recorded
// before anything else happens (command-loop.ts). A command that was carried out before leads to nothing, so a caller
// that heard no reply may simply repeat it.

import { announce, count, settle } from './deliveries.ts'
import { reportEvaluation } from './evaluations.ts'
import { evolve } from './evolve.ts'
import { cancel, pause, propose, publish, resume, start } from './life-cycle.ts'
import { recordLinkage } from './linkage.ts'
import type { Command, Decision, Federation } from './run.ts'
import { whenDue, whenSettled } from './sealing.ts'

/**
 * The events of a command given at `nowMs` (milliseconds since 1970), and the refusal if there is one.
 * What follows at once from the events (a round that is complete is sealed) is among them.
 */
export function decide(federation: Federation, command: Command, nowMs: number): Decision {
  const decision = ruling(federation, command, nowMs)
  if (decision.events.length === 0) return decision
  const after = decision.events.reduce((state, event) => evolve(state, event, nowMs), federation)
  const touched = [...after.runs].filter(([digest, run]) => federation.runs.get(digest) !== run)
  const consequences = touched.flatMap(([, run]) => whenSettled(run, nowMs))
  return { ...decision, events: [...decision.events, ...consequences] }
}

function ruling(federation: Federation, command: Command, nowMs: number): Decision {
  switch (command.type) {
    case 'propose-study':
      return propose(federation, command)
    case 'start-run':
      return start(federation, command, nowMs)
    case 'pause-run':
      return pause(federation, command)
    case 'resume-run':
      return resume(federation, command, nowMs)
    case 'cancel-run':
      return cancel(federation, command)
    case 'publish-weights':
      return publish(federation, command, nowMs)
    case 'announce-update':
      return announce(federation, command)
    case 'count-update':
      return count(federation, command)
    case 'report-evaluation':
      return reportEvaluation(federation, command)
    case 'record-link-list':
    case 'record-unchecked':
      return recordLinkage(federation, command)
    case 'refuse-update':
      return settle(federation, command, 'update-refused')
    case 'decline':
      return settle(federation, command, 'site-declined')
    case 'look-at-clock':
      return { events: [...federation.runs.values()].flatMap((run) => whenDue(run, nowMs)) }
  }
}
