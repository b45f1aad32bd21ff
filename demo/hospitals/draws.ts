// The few distributions that the synthetic hospitals are drawn from.

import type { Random } from '../../shared/random.ts'

/** Uniform in [low, high). */
export function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random.uniform()
}

/** Uniform in the logarithm: each doubling is as likely as the next. */
export function logBetween(random: Random, low: number, high: number): number {
  return Math.exp(between(random, Math.log(low), Math.log(high)))
}

/** One of `items`, each as likely. */
export function choose<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[random.integer(items.length)] ?? items[0]
}

/** `length` letters and digits that mean nothing. */
export function drawLabel(random: Random, length: number): string {
  const symbols = 'abcdefghijkmnpqrstuvwxyz23456789'
  return Array.from({ length }, () => symbols.charAt(random.integer(symbols.length))).join('')
}

/** Three factors around 1 (standard deviation `sd` of the logarithm) whose product is 1: the axes of an ellipsoid. */
export function drawAxes(random: Random, sd: number): readonly [number, number, number] {
  const logs = [sd * random.normal(), sd * random.normal(), sd * random.normal()] as const
  const mean = (logs[0] + logs[1] + logs[2]) / 3
  return [Math.exp(logs[0] - mean), Math.exp(logs[1] - mean), Math.exp(logs[2] - mean)]
}
