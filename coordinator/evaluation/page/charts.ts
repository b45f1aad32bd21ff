// Figures of the report as SVG text: no script, no outside resource, readable on paper. Beside each drawing stands what it
// shows in words or numbers, as a drawing alone says nothing to a reader who cannot see it.

import { escapeHtml } from '../../../shared/html.ts'
import { type Estimate, estimateText } from '../estimates.ts'

export interface Line {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: number; readonly share?: number }[]
  readonly dots?: boolean
  readonly dashed?: boolean
}

export interface Chart {
  readonly title: string
  /** What it shows, in a sentence or two. */
  readonly text: string
  readonly x: { readonly label: string; readonly range: readonly [number, number] }
  readonly y: { readonly label: string; readonly range: readonly [number, number] }
  readonly lines: readonly Line[]
  /** Draws the line y = x for comparison. */
  readonly diagonal?: boolean
}

export interface ForestRow {
  readonly label: string
  readonly note: string
  readonly estimate: Estimate | null
}

const [width, height] = [420, 340]
const margin = { left: 52, right: 14, top: 12, bottom: 42 }
/** Okabe and Ito's palette, told apart by colour-blind readers too. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7']

export function chart({ title, text, x, y, lines, diagonal }: Chart): string {
  const toX = scale(x.range, [margin.left, width - margin.right])
  const toY = scale(y.range, [height - margin.bottom, margin.top])
  const inside = ({ x: px, y: py }: { x: number; y: number }): boolean =>
    px >= x.range[0] && px <= x.range[1] && py >= y.range[0] && py <= y.range[1]
  const parts = [
    ...ticks(y.range).map(
      (value) =>
        `<line x1="${margin.left}" x2="${width - margin.right}" y1="${at(toY(value))}" y2="${at(toY(value))}" class="grid"/>` +
        label(margin.left - 6, toY(value) + 4, short(value), 'end'),
    ),
    ...ticks(x.range).map((value) => label(toX(value), height - margin.bottom + 16, short(value), 'middle')),
    label((margin.left + width - margin.right) / 2, height - 8, x.label, 'middle'),
    `<text transform="translate(13 ${(margin.top + height - margin.bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(y.label)}</text>`,
    ...(diagonal
      ? [`<line x1="${at(toX(0))}" y1="${at(toY(0))}" x2="${at(toX(1))}" y2="${at(toY(1))}" class="reference"/>`]
      : []),
    ...lines.map((line, index) => {
      const shown = line.points.filter(inside)
      const colour = colours[index % colours.length] ?? '#000'
      const path = shown.map((point) => `${at(toX(point.x))},${at(toY(point.y))}`).join(' ')
      const dots = line.dots
        ? shown.map(
            (point) =>
              `<circle cx="${at(toX(point.x))}" cy="${at(toY(point.y))}" r="${at(2 + 8 * Math.sqrt(point.share ?? 0.05))}" fill="${colour}" fill-opacity="0.55"/>`,
          )
        : []
      const dash = line.dashed ? ' stroke-dasharray="5 4"' : ''
      return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>${dots.join('')}`
    }),
  ]
  const legend = lines.map(
    ({ name }, index) =>
      `<span class="key"><i style="background:${colours[index % colours.length]}"></i>${escapeHtml(name)}</span>`,
  )
  return figure(title, text, width, height, parts, legend)
}

/** Estimates below one another with their intervals, against a line of comparison. */
export function forest(options: {
  readonly title: string
  readonly text: string
  readonly range: readonly [number, number]
  readonly reference: number
  readonly rows: readonly ForestRow[]
}): string {
  const { title, text, range, reference, rows } = options
  const wide = 860
  const [left, right] = [360, 150]
  const rowHeight = 20
  const toX = scale(range, [left, wide - right])
  const tall = rowHeight * rows.length + 40
  const parts = [
    ...ticks(range).map(
      (value) =>
        `<line x1="${at(toX(value))}" x2="${at(toX(value))}" y1="4" y2="${tall - 32}" class="grid"/>` +
        label(toX(value), tall - 16, short(value), 'middle'),
    ),
    `<line x1="${at(toX(reference))}" x2="${at(toX(reference))}" y1="4" y2="${tall - 32}" class="reference"/>`,
    ...rows.flatMap(({ label: name, note, estimate }, index) => {
      const y = rowHeight * index + 18
      const words = [label(6, y, name, 'start'), label(left - 8, y, note, 'end')]
      if (estimate === null) return [...words, label(wide - right + 8, y, 'too few', 'start')]
      const { value, low, high } = estimate
      const clamp = (one: number): number => toX(Math.min(range[1], Math.max(range[0], one)))
      const line =
        low === null || high === null
          ? ''
          : `<line x1="${at(clamp(low))}" x2="${at(clamp(high))}" y1="${y - 4}" y2="${y - 4}" stroke="${colours[0]}" stroke-width="2"/>`
      return [
        ...words,
        line,
        `<circle cx="${at(clamp(value))}" cy="${y - 4}" r="4" fill="${colours[0]}"/>`,
        label(wide - right + 8, y, estimateText(estimate), 'start'),
      ]
    }),
  ]
  return figure(title, text, wide, tall, parts, [])
}

function figure(
  title: string,
  text: string,
  wide: number,
  tall: number,
  parts: readonly string[],
  legend: readonly string[],
): string {
  return (
    `<figure><figcaption>${escapeHtml(title)}</figcaption><svg viewBox="0 0 ${wide} ${tall}" role="img" aria-label="${escapeHtml(`${title}. ${text}`)}">` +
    `${parts.join('')}</svg><div class="legend">${legend.join('')}</div><p>${escapeHtml(text)}</p></figure>`
  )
}

function scale(
  [from, to]: readonly [number, number],
  [low, high]: readonly [number, number],
): (value: number) => number {
  return (value) => low + ((value - from) / (to - from)) * (high - low)
}

/** Five to ten round values of a range. */
function ticks([from, to]: readonly [number, number]): number[] {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1].find((one) => (to - from) / one <= 10) ?? 1
  const first = Math.ceil(from / step - 1e-9)
  return Array.from({ length: Math.floor(to / step + 1e-9) - first + 1 }, (_, k) => (first + k) * step)
}

function label(x: number, y: number, text: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}">${escapeHtml(text)}</text>`
}

function short(value: number): string {
  return String(Math.round(value * 1000) / 1000).replace('-', '−')
}

function at(value: number): string {
  return value.toFixed(1)
}
