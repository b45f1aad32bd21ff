// The frame that both charts share: days along the bottom, a scale at the left, and the ticks between.

import { type Html, html } from '../../../shared/html.ts'

export interface Frame {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** Where a value stands, in the chart's own units. */
export type Scale = (value: number) => number

/** A straight scale from values to places; a range of nothing is widened. */
export function scaleOf(from: number, to: number, start: number, end: number): Scale {
  const length = to - from || 1
  return (value) => round(start + ((value - from) / length) * (end - start))
}

/** Ticks of time in years, or in months where all lies within two years. @param fromDay and @param toDay since surgery */
export function timeTicks(fromDay: number, toDay: number): { readonly day: number; readonly label: string }[] {
  const months = (toDay - fromDay) / daysInMonth
  const step = [1, 2, 3, 6, 12, 24, 48].find((size) => months / size <= 9) ?? 120
  const first = Math.ceil(fromDay / (step * daysInMonth))
  const last = Math.floor(toDay / (step * daysInMonth))
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
    const month = (first + i) * step
    return { day: month * daysInMonth, label: step >= 12 ? `${month / 12} y` : `${month} mo` }
  })
}

const daysInMonth = 365.25 / 12

/** The lines and words around a chart. */
export function frameOf(
  { width, height, left, right, top, bottom }: Frame,
  x: {
    readonly scale: Scale
    readonly ticks: readonly { readonly day: number; readonly label: string }[]
    readonly label: string
  },
  y: {
    readonly scale: Scale
    readonly ticks: readonly { readonly value: number; readonly label: string }[]
    readonly label: string
  },
): Html {
  const floor = height - bottom
  return html`${y.ticks.map(
    ({ value, label }) =>
      html`<line class="grid" x1="${left}" x2="${width - right}" y1="${y.scale(value)}" y2="${y.scale(value)}"/><text x="${left - 8}" y="${y.scale(value) + 4}" text-anchor="end">${label}</text>`,
  )}
${x.ticks.map(({ day, label }) => html`<line class="tick" x1="${x.scale(day)}" x2="${x.scale(day)}" y1="${floor}" y2="${floor + 5}"/><text x="${x.scale(day)}" y="${floor + 19}" text-anchor="middle">${label}</text>`)}
<line class="axis" x1="${left}" x2="${width - right}" y1="${floor}" y2="${floor}"/>
<text x="${round((left + width - right) / 2)}" y="${height - 6}" text-anchor="middle">${x.label}</text>
<text transform="translate(15 ${round((top + floor) / 2)}) rotate(-90)" text-anchor="middle">${y.label}</text>`
}

/** A tenth of a unit is finer than a pixel. */
export function round(value: number): number {
  return Math.round(10 * value) / 10
}
