// Places for a limited number of transfers, and a queue for the rest. A place is given to a name, first come first served,
// and kept a while until the transfer begins.

import type { Clock } from '../../shared/clock.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { Timer } from '../timer.ts'

export interface Turns {
  /**
   * Resolves when `name` has a place; one that already has keeps it.
   * @throws SequelaError `too_busy` after waiting too long, `cancelled` when `signal` aborts.
   */
  reserve(name: string, signal: AbortSignal): Promise<void>
  /** Begins the transfer; returns how to end it. @throws SequelaError `too_busy` without a place, when none is free. */
  begin(name: string): () => void
}

export interface TurnsOptions {
  readonly places: number
  /** How long to wait for a place, and how long a place waits for its transfer, in ms. */
  readonly patienceMs: number
  readonly clock: Clock
  readonly timer: Timer
}

export function createTurns({ places, patienceMs, clock, timer }: TurnsOptions): Turns {
  /** Names with a place, and how to call off the end of a reservation. */
  const placed = new Map<string, () => void>()
  const waiting = new Map<string, () => void>()

  const after = (callback: () => void): (() => void) => timer.callAt(clock.now() + patienceMs, callback)

  const leave = (name: string): void => {
    placed.get(name)?.()
    placed.delete(name)
    const [next] = waiting
    if (next === undefined || placed.size >= places) return
    waiting.delete(next[0])
    keep(next[0])
    next[1]()
  }
  const keep = (name: string): void => {
    placed.get(name)?.()
    placed.set(
      name,
      after(() => leave(name)),
    )
  }
  const tooBusy = (): SequelaError =>
    new SequelaError(
      'too_busy',
      `${placed.size} transfers are going on and ${waiting.size} wait; try again in a moment`,
    )

  return {
    reserve: async (name, signal) => {
      if (placed.has(name) || placed.size < places) return keep(name)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const giveUp = after(() => reject(tooBusy()))
      const abort = (): void => reject(new SequelaError('cancelled', 'the caller has gone'))
      signal.addEventListener('abort', abort, { once: true })
      waiting.set(name, resolve)
      try {
        await promise
      } catch (error) {
        if (waiting.get(name) === resolve) waiting.delete(name)
        throw error
      } finally {
        giveUp()
        signal.removeEventListener('abort', abort)
      }
    },
    begin: (name) => {
      if (!placed.has(name) && placed.size >= places) throw tooBusy()
      placed.get(name)?.()
      const ends = (): void => {}
      placed.set(name, ends)
      return () => {
        if (placed.get(name) === ends) leave(name)
      }
    },
  }
}
