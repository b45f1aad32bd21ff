// Pure machines made durable. Several machines (runs, membership) share one journal and one queue: one command at a time
// is decided, recorded, applied and told to listeners, and only then answered. On start the journal is replayed.

import type { Clock } from '../shared/clock.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import type { Journal, JournalEntry, JournalRecord } from './store/journal.ts'

/** A state with its rules, as pure functions, and the spelling of its events. */
export interface Machine<State, Command, Event extends { readonly type: string }> {
  readonly initial: State
  /** Which entries of the journal are this machine's; no two machines share a type. */
  readonly eventTypes: ReadonlySet<string>
  decide(state: State, command: Command, nowMs: number): { events: readonly Event[]; refusal?: SequelaError }
  evolve(state: State, event: Event, atMs: number): State
  /** The event's body, without its type, as canonical JSON. */
  encode(event: Event): string
  /** @throws SequelaError `store_corrupt`. */
  decode(type: string, body: string): Event
}

/** An event in its place in the journal. `atMs` is milliseconds since 1970. */
export interface Recorded<Event> {
  readonly index: number
  readonly atMs: number
  readonly event: Event
}

export interface JournaledMachine<State, Command, Event> {
  state(): State
  /**
   * Carries a command out; resolves once what came of it is durable. A command that was carried out before gives [].
   * @throws SequelaError the machine's refusal (what had to be recorded is recorded), `disk_full` (nothing has changed),
   *   `too_busy` after `close`, `internal` when the journal or the program has failed.
   */
  handle(command: Command): Promise<readonly Recorded<Event>[]>
  /** Calls back for each new event, once the state holds everything its command led to. Returns how to stop. */
  subscribe(listener: (recorded: Recorded<Event>) => void): () => void
}

export interface JournaledMachines {
  /** Adds a machine; `project` sees each of its events in order, replayed ones and new ones alike. */
  attach<State, Command, Event extends { readonly type: string }>(
    machine: Machine<State, Command, Event>,
    project?: (recorded: Recorded<Event>) => void,
  ): JournaledMachine<State, Command, Event>
  /**
   * Verifies the journal and brings every machine to where it ends; before the first command.
   * @throws SequelaError `store_corrupt` when an entry was changed, is nobody's, cannot be read, or cannot have happened.
   */
  replay(): void
  /** Lets the commands that wait finish and refuses new ones. */
  close(): Promise<void>
}

export interface JournaledMachinesDeps {
  readonly journal: Pick<Journal, 'append' | 'read' | 'verify'>
  readonly clock: Clock
  /** The journal failed other than for want of room, or the program has a fault: the process must end. Called once. */
  readonly onFatal: (error: unknown) => void
}

export function createJournaledMachines({ journal, clock, onFatal }: JournaledMachinesDeps): JournaledMachines {
  const readers: { types: ReadonlySet<string>; replay(entry: JournalEntry): void }[] = []
  const inTurn = createTurns(onFatal)

  /** Want of room is a refusal; anything else that goes wrong with the journal is not. */
  const append = (records: readonly JournalRecord[]): readonly JournalEntry[] | SequelaError => {
    try {
      return journal.append(records)
    } catch (error) {
      if (error instanceof SequelaError && error.code === 'disk_full') return error
      throw error
    }
  }

  function attach<State, Command, Event extends { readonly type: string }>(
    machine: Machine<State, Command, Event>,
    project: (recorded: Recorded<Event>) => void = () => undefined,
  ): JournaledMachine<State, Command, Event> {
    let state = machine.initial
    const listeners = new Set<(recorded: Recorded<Event>) => void>()

    const carryOut = (command: Command): Outcome<Event> => {
      const atMs = clock.now()
      const { events, refusal } = machine.decide(state, command, atMs)
      if (events.length === 0) return { recorded: [], refusal }
      const entries = append(events.map((event) => ({ atMs, type: event.type, body: machine.encode(event) })))
      if (entries instanceof SequelaError) return { recorded: [], refusal: entries }
      const recorded = events.map((event, i) => ({ index: indexOf(entries, i), atMs, event }))
      for (const each of recorded) {
        state = machine.evolve(state, each.event, atMs)
        project(each)
      }
      for (const each of recorded) for (const listener of listeners) listener(each)
      return { recorded, refusal }
    }

    readers.push({
      types: machine.eventTypes,
      replay: ({ index, atMs, type, body }) => {
        const event = machine.decode(type, body)
        state = machine.evolve(state, event, atMs)
        project({ index, atMs, event })
      },
    })
    return {
      state: () => state,
      handle: async (command) => {
        const { recorded, refusal } = await inTurn.run(() => carryOut(command))
        if (refusal !== undefined) throw refusal
        return recorded
      },
      subscribe: (listener) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    }
  }

  const replay = (): void => {
    journal.verify()
    for (const entry of journal.read()) {
      const reader = readers.find(({ types }) => types.has(entry.type))
      if (reader === undefined) {
        const text = `entry ${entry.index} of the journal is a ${entry.type}, which this version does not know`
        throw new SequelaError('store_corrupt', `${text}; was it written by a newer one?`)
      }
      try {
        reader.replay(entry)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        const text = `entry ${entry.index} of the journal cannot be replayed: ${reason}`
        throw new SequelaError('store_corrupt', text, { cause: error })
      }
    }
  }

  return { attach, replay, close: inTurn.close }
}

interface Outcome<Event> {
  readonly recorded: readonly Recorded<Event>[]
  readonly refusal: SequelaError | undefined
}

/** Work done one piece at a time, in the order in which it was asked for. What a piece throws ends all work. */
function createTurns(onFatal: (error: unknown) => void) {
  let last: Promise<unknown> = Promise.resolve()
  let closed = false
  let failed: SequelaError | undefined
  const guarded = <Result>(work: () => Result): Result => {
    if (failed !== undefined) throw failed
    try {
      return work()
    } catch (error) {
      failed = new SequelaError('internal', 'the coordinator has stopped after a fault of its own', { cause: error })
      onFatal(error)
      throw failed
    }
  }
  return {
    run: <Result>(work: () => Result): Promise<Result> => {
      if (closed) return Promise.reject(new SequelaError('too_busy', 'the coordinator is shutting down; try again'))
      const result = last.then(() => guarded(work))
      last = result.catch(() => undefined)
      return result
    },
    close: async (): Promise<void> => {
      closed = true
      await last
    },
  }
}

function indexOf(entries: readonly JournalEntry[], i: number): number {
  const entry = entries[i]
  if (entry === undefined) throw new Error('the journal answered with fewer entries than it was given')
  return entry.index
}
