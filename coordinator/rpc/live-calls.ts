// Which calls are open, by site, so that they can be ended from outside: at shutdown, and when a site is shut out.

export interface LiveCalls {
  /** Notes a call until `done`; `signal` aborts when the call is to end. */
  open(site: string, end: () => void): { readonly signal: AbortSignal; done(): void }
  /** Ends every open call of a site. */
  endSite(site: string): void
  endAll(): void
  count(): number
}

export function createLiveCalls(): LiveCalls {
  const calls = new Map<string, Set<() => void>>()
  const endThose = (ends: Iterable<() => void>): void => {
    for (const end of [...ends]) end()
  }
  return {
    open: (site, end) => {
      const controller = new AbortController()
      const ends = calls.get(site) ?? new Set()
      const endThis = (): void => {
        controller.abort()
        end()
      }
      calls.set(site, ends.add(endThis))
      return {
        signal: controller.signal,
        done: () => {
          ends.delete(endThis)
          if (ends.size === 0) calls.delete(site)
          controller.abort()
        },
      }
    },
    endSite: (site) => endThose(calls.get(site) ?? []),
    endAll: () => endThose([...calls.values()].flatMap((ends) => [...ends])),
    count: () => [...calls.values()].reduce((sum, ends) => sum + ends.size, 0),
  }
}
