// Lengths of time as people write them in a study file: `90s`, `30m`, `4h`, `3d`.

import { z } from 'zod'

const unitMs = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/** A duration as text, in milliseconds; from one second to 90 days. */
export const durationSchema = z.string().transform((text, context) => {
  const match = /^(\d{1,6})([smhd])$/.exec(text)
  const unit = unitMs.get(match?.[2] ?? '')
  const ms = unit === undefined ? 0 : Number(match?.[1]) * unit
  if (ms < 1_000 || ms > 90 * 86_400_000) {
    context.addIssue({ code: 'custom', message: `"${text}" is not a time between 1s and 90d, written like 30m or 4h` })
    return z.NEVER
  }
  return ms
})

/** As a study file has it, in the largest unit that fits without a rest. @param ms whole seconds, as `durationSchema` gives them */
export function durationText(ms: number): string {
  const [unit, length] = [...unitMs].findLast(([, length]) => ms % length === 0) ?? ['s', 1_000]
  return `${ms / length}${unit}`
}
