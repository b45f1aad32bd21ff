// A share of right answers among many from each child, as sums that may leave a site: the share over all sites and its
// standard error clustered by child follow from them exactly.

import { z } from 'zod'
import { amountSchema, countSchema } from './numbers.ts'

/** Over children: their right answers r and all their answers n. */
export const shareSumsSchema = z.strictObject({
  children: countSchema,
  right: amountSchema,
  total: amountSchema,
  /** Σ r², Σ r·n and Σ n². */
  rightSquared: amountSchema,
  rightTotal: amountSchema,
  totalSquared: amountSchema,
})

export type ShareSums = z.infer<typeof shareSumsSchema>

export interface Answered {
  readonly child: string
  readonly right: boolean
}

export function shareSums(answers: readonly Answered[]): ShareSums {
  const byChild = [...Map.groupBy(answers, ({ child }) => child).values()]
  const sums = { children: byChild.length, right: 0, total: 0, rightSquared: 0, rightTotal: 0, totalSquared: 0 }
  for (const own of byChild) {
    const [right, total] = [own.filter((one) => one.right).length, own.length]
    sums.right += right
    sums.total += total
    sums.rightSquared += right * right
    sums.rightTotal += right * total
    sums.totalSquared += total * total
  }
  return sums
}

export function addShareSums(sites: readonly ShareSums[]): ShareSums {
  const of = (key: keyof ShareSums): number => sites.reduce((total, one) => total + one[key], 0)
  return {
    children: of('children'),
    right: of('right'),
    total: of('total'),
    rightSquared: of('rightSquared'),
    rightTotal: of('rightTotal'),
    totalSquared: of('totalSquared'),
  }
}

/** The share a = R / N, and √Σ_c (r_c − a·n_c)² / N. NaN of no answers. */
export function shareOf({ right, total, rightSquared, rightTotal, totalSquared }: ShareSums): {
  readonly value: number
  readonly error: number
} {
  const value = right / total
  const squares = rightSquared - 2 * value * rightTotal + value * value * totalSquared
  return { value, error: Math.sqrt(Math.max(0, squares)) / total }
}
