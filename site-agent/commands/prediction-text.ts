// A prediction as a clinician reads it in a terminal: first what it is not, then the risks, then what to know about them.

import type { VisitRisk } from '../prediction.ts'

/** What is printed, and given as JSON. */
export interface Prediction {
  readonly child: string
  readonly study: string
  readonly horizonDays: number
  readonly weightsDigest: string
  readonly visits: readonly VisitRisk[]
  /** What a reader must know before believing the numbers. */
  readonly flags: readonly string[]
  readonly notice: string
}

/** Lines of plain text. */
export function predictionText({
  child,
  horizonDays,
  study,
  weightsDigest,
  visits,
  flags,
  notice: words,
}: Prediction): string {
  const rows = visits.map(({ session, day, risk, contribution }) => [
    session,
    String(day),
    `${(100 * risk).toFixed(1)} %`,
    '█'.repeat(Math.round(20 * risk)).padEnd(20, '░'),
    contribution === null ? '' : signed(100 * contribution),
  ])
  const table = [['visit', 'day', 'risk', '', 'changes the last by'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  const lines = table.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
  return [
    words,
    '',
    `${child}: risk of an event within ${horizonDays} days after each visit, given the scans up to it`,
    ...lines,
    ...(flags.length === 0 ? [] : ['', 'To know before believing this:', ...flags.map((flag) => `  * ${flag}`)]),
    '',
    `Study ${study.slice(0, 12)}, weights ${weightsDigest.slice(0, 12)}. "Changes the last by": last risk less what it is without that visit,`,
    'in percentage points. Nothing of this leaves the site.',
  ].join('\n')
}

/** With one digit and a sign, which a value that rounds to nought has not. */
function signed(points: number): string {
  const digits = Math.abs(points).toFixed(1)
  if (digits === '0.0') return digits
  return `${points < 0 ? '−' : '+'}${digits}`
}
