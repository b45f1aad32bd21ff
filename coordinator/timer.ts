// Calling back at an instant of the wall clock. Deadlines are instants, which may be weeks away and may survive restarts,
// while a process can only count the time that it has waited itself.

import type { Clock } from '../shared/clock.ts'

export interface Timer {
  /** Calls back once, as soon as the clock says `atMs` (milliseconds since 1970) or later. Returns how to call it off. */
  callAt(atMs: number, callback: () => void): () => void
}

/** People and time servers set clocks, so the instant is looked at again after this much waiting. */
const longestWaitMs = 60_000

export function createTimer(clock: Clock): Timer {
  return {
    callAt: (atMs, callback) => {
      let waiting: NodeJS.Timeout
      const look = (): void => {
        const leftMs = atMs - clock.now()
        if (leftMs <= 0) callback()
        else wait(leftMs)
      }
      const wait = (leftMs: number): void => {
        waiting = setTimeout(look, Math.min(Math.max(leftMs, 0), longestWaitMs))
      }
      wait(atMs - clock.now())
      return () => clearTimeout(waiting)
    },
  }
}
