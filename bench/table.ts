// A benchmark's rows as a table: median and range, how they compare with ours, CPU time, memory.

import { type MeasuredRow, median, type Row } from './benchmark.ts'

const heading = ['', 'median', 'range', 'to ours', 'CPU s', 'peak MB', '']

/** Lines of text. The ratio says how many times our first value another has in the same unit; rows that were skipped say why. */
export function tableOf(rows: readonly Row[]): string {
  const ours = rows.find((row) => 'runs' in row)
  const cells = [heading, ...rows.map((row) => cellsOf(row, ours))]
  const widths = heading.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd()).join('\n')
}

function cellsOf(row: Row, ours: MeasuredRow | undefined): string[] {
  if ('skipped' in row) return [row.name, '–', '', '', '', '', `skipped: ${row.skipped}`]
  const values = row.runs.map(({ value }) => value)
  const middle = median(values)
  return [
    row.name,
    `${threeDigits(middle)} ${row.unit}`,
    `${threeDigits(Math.min(...values))} – ${threeDigits(Math.max(...values))}`,
    ours?.unit === row.unit ? `${(middle / median(ours.runs.map(({ value }) => value))).toFixed(2)}×` : '',
    threeDigits(median(row.runs.map(({ cpuSeconds }) => cpuSeconds))),
    Math.max(...row.runs.map(({ peakMb }) => peakMb)).toFixed(0),
    row.note ?? '',
  ]
}

/** 0.00123, 0.634, 12.3, 1234. */
function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}
