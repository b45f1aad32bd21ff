// The trajectory: risk after each visit over time, with thresholds, the zones between them, and for each calibrated risk the
// range of what was seen. A visit at which a calibrated risk is refused has a hollow mark and no range.

import { type Html, html } from '../../../shared/html.ts'
import type { AnsweredVisit, ChildAnswer } from '../answer.ts'
import type { ShownThresholds } from '../calibration.ts'
import { type Frame, frameOf, round, scaleOf, timeTicks } from './axes.ts'

const frame: Frame = { width: 960, height: 360, left: 62, right: 150, top: 30, bottom: 48 }
const percents = [0, 20, 40, 60, 80, 100]

/** SVG with a title that a screen reader reads; the table below it has the same figures. */
export function riskChart({ visits, horizonDays, thresholds }: ChildAnswer): Html {
  const [from, to] = paddedRange(visits.map(({ day }) => day))
  const x = scaleOf(from, to, frame.left, frame.width - frame.right)
  const y = scaleOf(0, 1, frame.height - frame.bottom, frame.top)
  const isCalibrated = visits.some(({ calibrated }) => calibrated !== null)
  const what = isCalibrated ? 'Calibrated risk' : 'Output of the model, not calibrated,'
  const lines = [
    { days: horizonDays, at: riskOf },
    ...(visits[0]?.others ?? []).map(({ horizonDays: days }, i) => ({ days, at: otherAt(i) })),
  ].toSorted((a, b) => a.days - b.days)
  // A line joins what is on one scale: calibrated risks among themselves, or outputs where nothing is calibrated.
  const joined = visits.filter(({ calibrated }) => !isCalibrated || calibrated !== null)
  return html`<svg class="chart" viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-labelledby="risk-title">
<title id="risk-title">${what} of an event within ${horizonDays} days after each visit; the table below has the figures.</title>
${isCalibrated && thresholds !== null && thresholdLines(thresholds, y)}
${frameOf(
  frame,
  { scale: x, ticks: timeTicks(from, to), label: 'Time since surgery' },
  {
    scale: y,
    ticks: percents.map((percent) => ({ value: percent / 100, label: `${percent} %` })),
    label: isCalibrated ? 'Risk' : 'Output of the model',
  },
)}
${lines.map(({ days, at }, i) => {
  const kind = days === horizonDays ? 'trajectory' : `other ${days < horizonDays ? 'sooner' : 'later'}`
  const points = joined.map((visit) => `${x(visit.day)},${y(at(visit))}`).join(' ')
  const left = frame.left + 12 + i * 190
  return html`<polyline class="${kind}" points="${points}"/><line class="${kind}" x1="${left}" x2="${left + 30}" y1="12" y2="12"/><text x="${left + 38}" y="16">within ${monthsOf(days)}</text>`
})}
${visits.map((visit) => rangesOfOthers(visit, { x: x(visit.day), y, horizonDays }))}
${visits.map((visit) => mark(visit, x(visit.day), y(riskOf(visit)), y))}
</svg>`
}

/** Of the i-th other horizon: beside the calibrated risk, or what the model gave. */
function otherAt(i: number): (visit: AnsweredVisit) => number {
  return ({ others }) => others[i]?.moved ?? others[i]?.output ?? 0
}

/** In months where the days are whole months, or nearly. */
export function monthsOf(days: number): string {
  const months = Math.round(days / (365.25 / 12))
  return Math.abs(months * (365.25 / 12) - days) <= 3 ? `${months} months` : `${days} days`
}

/** The calibrated risk, or what the model gave where that is refused. */
export function riskOf({ calibrated, output }: AnsweredVisit): number {
  return calibrated?.risk ?? output
}

function thresholdLines({ ruleOut, ruleIn }: ShownThresholds, y: (value: number) => number): Html {
  const right = frame.width - frame.right
  const band = (name: string, from: number, to: number): Html =>
    html`<rect class="zone ${name}" x="${frame.left}" width="${right - frame.left}" y="${y(to)}" height="${round(y(from) - y(to))}"/>`
  // Of thresholds that lie close together, one label stands above its line and the other below.
  const overlap = ruleOut === null || ruleIn === null ? 0 : Math.max(0, lineHeight - (y(ruleOut) - y(ruleIn))) / 2
  const line = (risk: number, words: string, shift: number): Html =>
    html`<line class="threshold" x1="${frame.left}" x2="${right}" y1="${y(risk)}" y2="${y(risk)}"/><text class="at-threshold" x="${right + 8}" y="${round(y(risk) + 4 + shift)}">${words} ${percent(risk)}</text>`
  return html`${ruleOut !== null && band('rule-out', 0, ruleOut)}
${band('grey', ruleOut ?? 0, ruleIn ?? 1)}
${ruleIn !== null && band('rule-in', ruleIn, 1)}
${ruleOut !== null && line(ruleOut, 'lower threshold', overlap)}${ruleIn !== null && line(ruleIn, 'upper threshold', -overlap)}`
}

/** Of labels that stand under one another, in pixels. */
const lineHeight = 16

/** Beside the visit's own range, so that none hides another; in the dashes of their lines. */
function rangesOfOthers(
  { others }: AnsweredVisit,
  at: { readonly x: number; readonly y: (value: number) => number; readonly horizonDays: number },
): readonly Html[] {
  return others.flatMap(({ horizonDays, movedSeen }) => {
    if (movedSeen === null) return []
    const isSooner = horizonDays < at.horizonDays
    const x = round(at.x + (isSooner ? -9 : 9))
    return html`<line class="other ${isSooner ? 'sooner' : 'later'}" x1="${x}" x2="${x}" y1="${at.y(movedSeen.low)}" y2="${at.y(movedSeen.high)}"/>`
  })
}

function mark(
  { session, day, calibrated }: AnsweredVisit,
  at: number,
  risk: number,
  y: (value: number) => number,
): Html {
  const seen = calibrated?.seen
  const range =
    seen &&
    html`<line class="seen" x1="${at}" x2="${at}" y1="${y(seen.low)}" y2="${y(seen.high)}"/><line class="seen" x1="${at - 6}" x2="${at + 6}" y1="${y(seen.low)}" y2="${y(seen.low)}"/><line class="seen" x1="${at - 6}" x2="${at + 6}" y1="${y(seen.high)}" y2="${y(seen.high)}"/>`
  return html`${range}<circle class="${calibrated === null ? 'hollow' : 'full'}" cx="${at}" cy="${risk}" r="6"><title>${session}, day ${day}</title></circle>`
}

export function percent(share: number): string {
  const value = 100 * share
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} %`
}

function paddedRange(days: readonly number[]): [number, number] {
  const [least, most] = [Math.min(0, ...days), Math.max(...days)]
  return [least, most + Math.max(30, 0.05 * (most - least))]
}
