// Noticing that nothing comes any more. A line can die without a word, and a proxy answers HTTP/2 pings on its own.

/** Calls back once after `ms`; returns how to call it off. */
export type Later = (ms: number, callback: () => void) => () => void

export const systemLater: Later = (ms, callback) => {
  const timeout = setTimeout(callback, ms)
  return () => clearTimeout(timeout)
}

/** Calls `onSilence` once when `heard` has not been called for `limitMs`. */
export function watchSilence(
  later: Later,
  limitMs: number,
  onSilence: () => void,
): { readonly heard: () => void; readonly stop: () => void } {
  let callOff = later(limitMs, onSilence)
  return {
    heard: () => {
      callOff()
      callOff = later(limitMs, onSilence)
    },
    stop: () => callOff(),
  }
}
