// The report as a table in the terminal.

import type { TestFigures } from './figures.ts'
import { isFullSize, type Report, targetResults } from './report.ts'
import { figureText } from './report-page.ts'

/** Lines of plain text, at most about 110 characters wide. */
export function terminalReport(report: Report): string {
  const { pretrained, scratch, alone } = report.test
  const models: (readonly [string, TestFigures])[] = [
    ['federated, pretrained', pretrained],
    ['federated, from scratch', scratch],
    ...Object.entries(alone).map(([site, figures]) => [`${site} alone`, figures] as const),
  ]
  const targets = targetResults(report).map(({ name, target, value, met }) => [
    name,
    target,
    value === null ? 'n/a' : value.toFixed(3),
    met === null ? 'not judged' : met ? 'met' : 'MISSED',
  ])
  const egress = Object.entries(report.egress).map(([site, left]) => [
    site,
    `${left.updates} updates`,
    `${(left.bytes / 1e6).toFixed(1)} MB`,
    `${left.metricSums} sums of metrics`,
    left.withheldMetrics === 0 ? '' : `${left.withheldMetrics} withheld`,
    left.answers === 0 ? '' : `${left.answers} answers of the evaluation`,
  ])
  return [
    `AUROC at the sixth visit of ${report.test.children} children that no site trained on (${report.test.events} events)`,
    ...columns([
      ['scans shown', '1', '2', '3', '4', '5', '6'],
      ...models.map(([name, figures]) => [
        name,
        ...figures.aurocByScans.map(({ value }) => (value === null ? 'n/a' : value.toFixed(3))),
      ]),
    ]),
    '',
    `pretrained minus from scratch, six scans: ${figureText(report.test.pretrainedMinusScratch)} (one seed: no claim)`,
    `sequence AUROC ${figureText(pretrained.sequenceAuroc)}`,
    '',
    isFullSize(report) ? 'Targets' : 'Targets (this run is smaller than the one they are for)',
    ...columns(targets),
    '',
    'What left each hospital',
    ...columns(egress),
    '',
    report.statement,
  ].join('\n')
}

/** Rows with aligned columns, two spaces apart and two in from the left. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: count }, (_, i) => Math.max(0, ...rows.map((row) => (row[i] ?? '').length)))
  return rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
}
