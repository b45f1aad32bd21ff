// A line chart as SVG text: axes, series with optional bands, a legend. Made on the server, so a report needs no script.

import { escapeHtml } from '../../shared/html.ts'

export interface Series {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: number; readonly low?: number; readonly high?: number }[]
  readonly dashed?: boolean
}

export interface LineChart {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly yRange: readonly [number, number]
  readonly series: readonly Series[]
  /** A horizontal line for comparison, for example chance. */
  readonly reference?: { readonly y: number; readonly name: string }
}

const width = 640
const height = 320
const margin = { left: 56, right: 16, top: 16, bottom: 44 }
/** Okabe and Ito's palette, told apart by colour-blind readers too. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000']

/** A figure for an HTML page: SVG with `viewBox` only, so that it takes the width of its place, and a legend below. */
export function lineChart(chart: LineChart): string {
  const parts = drawing(chart)
  if (parts === undefined) return `<p class="empty">${escapeHtml(chart.title)}: nothing to draw.</p>`
  const legend = chart.series.map(
    (series, index) =>
      `<span class="key"><i style="background:${colourOf(index)}"></i>${escapeHtml(series.name)}</span>`,
  )
  return `<figure><figcaption>${escapeHtml(chart.title)}</figcaption><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(chart.title)}">${parts.join('')}</svg><div class="legend">${legend.join('')}</div></figure>`
}

const legendRow = 18
const headHeight = 26

/** The same as an SVG file of its own, with title and legend inside. */
export function lineChartFile(chart: LineChart): string {
  const parts = drawing(chart) ?? [text(width / 2, height / 2, 'nothing to draw', 'middle')]
  const legend = chart.series.map((series, index) => {
    const y = headHeight + height + legendRow * index + 8
    return `<rect x="${margin.left}" y="${y - 9}" width="14" height="4" fill="${colourOf(index)}"/>${text(margin.left + 22, y - 4, series.name, 'start')}`
  })
  const total = headHeight + height + legendRow * chart.series.length + 12
  const style =
    'text{font:12px sans-serif;fill:#222}.grid{stroke:#ddd}.reference{stroke:#888;stroke-dasharray:4 3}.title{font-weight:bold}'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" width="${width}" height="${total}" role="img" aria-label="${escapeHtml(chart.title)}"><style>${style}</style><rect width="100%" height="100%" fill="#fff"/><text x="${margin.left}" y="17" class="title">${escapeHtml(chart.title)}</text><g transform="translate(0 ${headHeight})">${parts.join('')}</g>${legend.join('')}</svg>\n`
}

/** Axes, reference and series; undefined when there is no point to draw. */
function drawing(chart: LineChart): string[] | undefined {
  const xs = chart.series.flatMap((series) => series.points.map((point) => point.x))
  const xRange = [Math.min(...xs, Number.POSITIVE_INFINITY), Math.max(...xs, Number.NEGATIVE_INFINITY)] as const
  if (!Number.isFinite(xRange[0])) return undefined
  const x = scale(xRange[0], xRange[1] > xRange[0] ? xRange[1] : xRange[0] + 1, margin.left, width - margin.right)
  const y = scale(chart.yRange[0], chart.yRange[1], height - margin.bottom, margin.top)
  return [
    ...ticks(chart.yRange[0], chart.yRange[1], 5).map((value) => gridLine(y(value), format(value))),
    ...ticks(xRange[0], xRange[1], 8, xs.every(Number.isInteger) ? 1 : 0).map((value) => tick(x(value), format(value))),
    text((margin.left + width - margin.right) / 2, height - 6, chart.xLabel, 'middle'),
    `<text transform="translate(14 ${(height - margin.bottom + margin.top) / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(chart.yLabel)}</text>`,
    ...(chart.reference === undefined ? [] : [referenceLine(y(chart.reference.y), chart.reference.name)]),
    ...chart.series.map((series, index) => drawSeries(series, colourOf(index), x, y)),
  ]
}

function colourOf(series: number): string {
  return colours[series % colours.length] ?? '#000'
}

function drawSeries(series: Series, colour: string, x: (v: number) => number, y: (v: number) => number): string {
  const line = series.points.map((point) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`).join(' ')
  const banded = series.points.filter((point) => point.low !== undefined && point.high !== undefined)
  const upper = banded.map((point) => `${x(point.x).toFixed(1)},${y(point.high ?? 0).toFixed(1)}`)
  const lower = banded.map((point) => `${x(point.x).toFixed(1)},${y(point.low ?? 0).toFixed(1)}`).reverse()
  const band =
    banded.length < 2 ? '' : `<polygon points="${[...upper, ...lower].join(' ')}" fill="${colour}" opacity="0.12"/>`
  const dots =
    series.points.length > 12
      ? ''
      : series.points
          .map(
            (point) => `<circle cx="${x(point.x).toFixed(1)}" cy="${y(point.y).toFixed(1)}" r="3" fill="${colour}"/>`,
          )
          .join('')
  const dash = series.dashed ? ' stroke-dasharray="5 4"' : ''
  return `${band}<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>${dots}`
}

function gridLine(y: number, label: string): string {
  return `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y}" y2="${y}" class="grid"/>${text(margin.left - 8, y + 4, label, 'end')}`
}

function tick(x: number, label: string): string {
  return text(x, height - margin.bottom + 18, label, 'middle')
}

function referenceLine(y: number, name: string): string {
  return `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y}" y2="${y}" class="reference"/>${text(width - margin.right, y - 5, name, 'end')}`
}

function text(x: number, y: number, value: string, anchor: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escapeHtml(value)}</text>`
}

function scale(from: number, to: number, start: number, end: number): (value: number) => number {
  return (value) => start + ((Math.min(Math.max(value, from), to) - from) / (to - from)) * (end - start)
}

/** About `count` round numbers between two values, at least `leastStep` apart: there is no round 1.2. */
function ticks(from: number, to: number, count: number, leastStep = 0): number[] {
  const rough = (to - from) / count || 1
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max(leastStep, power * ([1, 2, 5, 10].find((factor) => power * factor >= rough) ?? 10))
  const first = Math.ceil(from / step - 1e-9)
  const last = Math.floor(to / step + 1e-9)
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step)
}

function format(value: number): string {
  return Number(value.toFixed(3)).toString()
}
