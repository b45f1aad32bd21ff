// A range of what training children brought to a model, from the first to the last of fixed bins [k·width, (k + 1)·width): its
// end is the edge of a bin, and the first value that nobody has seen.

export interface InputRange {
  readonly low: number
  /** Not inside. */
  readonly high: number
}

export function isInside({ low, high }: InputRange, value: number): boolean {
  return low <= value && value < high
}

/** The last value of what is counted in whole numbers, visits and whole days. */
export function lastOf({ high }: InputRange): number {
  return high - 1
}
