// Time as a parameter: logic is told what time it is and never looks.

/** `now` is milliseconds since 1970 (UTC). */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
