// Which calls are open, by site and method, so that they can be ended from outside: at shutdown, and when a site is shut
// out.

interface LiveCall {
  readonly site: string
  readonly method: string
}

export interface LiveCalls {
  /** Notes a call until `done`; `signal` aborts when the call is to end. `end` tells the caller. */
  open(call: LiveCall, end: () => void): { readonly signal: AbortSignal; done(): void }
  /** Ends every open call that the condition holds for. */
  end(which: (call: LiveCall) => boolean): void
}

export function createLiveCalls(): LiveCalls {
  const calls = new Map<LiveCall, () => void>()
  return {
    open: ({ site, method }, end) => {
      const call = { site, method }
      const controller = new AbortController()
      calls.set(call, () => {
        calls.delete(call)
        end()
        controller.abort()
      })
      return {
        signal: controller.signal,
        done: () => {
          calls.delete(call)
          controller.abort()
        },
      }
    },
    end: (which) => {
      for (const [call, end] of [...calls]) if (which(call)) end()
    },
  }
}
