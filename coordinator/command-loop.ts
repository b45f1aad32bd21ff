// One command at a time: decide → journal (durable) → evolve → react → reply.
// Order that matters, said once here: blob, then event, then reply. Whoever gives a command has already made the bytes
// that it names durable, so after a crash every event names blobs that exist; and nobody hears of an event that a crash
// could undo. Who heard no reply asks again and hears what is already true.

import { formatAssignmentId } from '../shared/protocol/assignment-id.ts'
import {
  createJournaledMachines,
  type JournaledMachine,
  type JournaledMachinesDeps,
  type Machine,
  type Recorded,
} from './journaled-machines.ts'
import { decide } from './run/decide.ts'
import { decodeRunEvent, encodeRunEvent, runEventTypes } from './run/event-codec.ts'
import { emptyFederation, evolve } from './run/evolve.ts'
import type { Command, Federation, RunEvent, SiteRound } from './run/run.ts'

/** The runs, and beside them the membership (who is enrolled) as a second machine on the same journal. */
export interface CommandLoop<Membership extends JournaledMachine<unknown, never, unknown>> {
  federation(): Federation
  /** Rejects with the refusal, after what must be recorded is; see JournaledMachine. */
  handle(command: Command): Promise<readonly Recorded<RunEvent>[]>
  subscribe(listener: (recorded: Recorded<RunEvent>) => void): () => void
  /** Where the journal says that the site's update counts in that round, for its receipt; undefined if it does not. */
  journalIndexOf(at: SiteRound): number | undefined
  readonly membership: Membership
  /** Lets the commands that wait finish and refuses new ones. */
  close(): Promise<void>
}

const runMachine: Machine<Federation, Command, RunEvent> = {
  initial: emptyFederation,
  eventTypes: runEventTypes,
  decide,
  evolve,
  encode: encodeRunEvent,
  decode: decodeRunEvent,
}

/**
 * A loop whose state is what the journal says.
 * @throws SequelaError `store_corrupt` when the journal does not verify or cannot be replayed.
 */
export function createCommandLoop<State, MembershipCommand, Event extends { readonly type: string }>(
  deps: JournaledMachinesDeps & { readonly membership: Machine<State, MembershipCommand, Event> },
): CommandLoop<JournaledMachine<State, MembershipCommand, Event>> {
  const machines = createJournaledMachines(deps)
  const countedAt = new Map<string, number>()
  const runs = machines.attach(runMachine, ({ index, event }) => {
    if (event.type === 'update-counted') countedAt.set(siteRoundKey(event), index)
  })
  const membership = machines.attach(deps.membership)
  machines.replay()
  return {
    federation: runs.state,
    handle: runs.handle,
    subscribe: runs.subscribe,
    journalIndexOf: (at) => countedAt.get(siteRoundKey(at)),
    membership,
    close: machines.close,
  }
}

function siteRoundKey(at: SiteRound): string {
  return `${formatAssignmentId(at)}/${at.site}`
}
