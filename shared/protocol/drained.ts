// Waiting until a call takes more messages: back-pressure, the same at both ends of the wire.

import type { EventEmitter } from 'node:events'

/** Resolves when the call takes more, or is over. */
export function drained(call: EventEmitter, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      call.off('drain', go)
      over.removeEventListener('abort', go)
      resolve()
    }
    call.once('drain', go)
    over.addEventListener('abort', go, { once: true })
    if (over.aborted) go()
  })
}
