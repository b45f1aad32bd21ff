// What each visit adds to the last risk: a bar to the right where the risk would be lower without the visit, to the left
// where it would be higher.

import { type Html, html } from '../../../shared/html.ts'
import type { AnsweredVisit } from '../answer.ts'

const [width, rowHeight, half, labelWidth] = [720, 30, 220, 200]

/** Undefined when there is one visit, which has nothing to be left out of. */
export function contributionChart(visits: readonly AnsweredVisit[]): Html | undefined {
  if (visits.every(({ contribution }) => contribution === null)) return undefined
  const largest = Math.max(0.05, ...visits.map(({ contribution }) => Math.abs(contribution ?? 0)))
  const middle = labelWidth + half
  const height = rowHeight * visits.length
  return html`<svg class="chart contributions" viewBox="0 0 ${width} ${height}" role="img" aria-label="What each visit adds to the last figure, in percentage points; the table has the figures.">
<line class="axis" x1="${middle}" x2="${middle}" y1="0" y2="${height}"/>
${visits.map(({ session, day, contribution }, i) => {
  const value = contribution ?? 0
  const length = (Math.abs(value) / largest) * half
  const y = i * rowHeight
  const end = value < 0 ? middle - length - 8 : middle + length + 8
  return html`<text x="0" y="${y + 20}">${session}, day ${day}</text>
<rect class="${value < 0 ? 'lowers' : 'raises'}" x="${(value < 0 ? middle - length : middle).toFixed(1)}" y="${y + 6}" width="${length.toFixed(1)}" height="18"/>
<text x="${end.toFixed(1)}" y="${y + 20}" text-anchor="${value < 0 ? 'end' : 'start'}">${points(value)}</text>`
})}</svg>`
}

/** Percentage points with one digit and a sign, which a value that rounds to nought has not. */
export function points(share: number): string {
  const digits = Math.abs(100 * share).toFixed(1)
  if (digits === '0.0') return digits
  return `${share < 0 ? '−' : '+'}${digits}`
}
