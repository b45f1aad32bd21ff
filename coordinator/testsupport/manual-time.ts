// A clock and timer that stand still until a test moves them.

import type { Clock } from '../../shared/clock.ts'
import type { Timer } from '../timer.ts'

export interface ManualTime extends Clock, Timer {
  /** Moves the clock and makes the calls that have come due, in order. */
  advance(ms: number): void
}

export function createManualTime(startMs = 0): ManualTime {
  let nowMs = startMs
  const calls = new Set<{ readonly atMs: number; readonly callback: () => void }>()
  return {
    now: () => nowMs,
    callAt: (atMs, callback) => {
      const call = { atMs, callback }
      calls.add(call)
      return () => void calls.delete(call)
    },
    advance: (ms) => {
      nowMs += ms
      for (const call of [...calls].sort((a, b) => a.atMs - b.atMs)) {
        if (call.atMs <= nowMs && calls.delete(call)) call.callback()
      }
    },
  }
}
