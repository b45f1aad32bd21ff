// Waiting for something to become true: what journeys do instead of sleeping. The limit only ends a run that hangs.

import { setTimeout as delay } from 'node:timers/promises'

const lookEveryMs = 25
const limitMs = 120_000

/** The first answer of `look` that is neither undefined nor false. `what` says what never came, if it never comes. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const endMs = performance.now() + limitMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`)
    await delay(lookEveryMs)
  }
}

/** What `promise` resolves with, unless the limit comes first. */
export async function inTime<T>(what: string, promise: Promise<T>): Promise<T> {
  let outcome: { readonly value: T } | undefined
  promise.then(
    (value) => {
      outcome = { value }
    },
    () => {},
  )
  await Promise.race([eventually(what, () => outcome), promise])
  return promise
}
