// The report as one HTML file: no script, no outside resource, readable on paper and on a phone.

import type { RoundStatus } from '../../coordinator/status.ts'
import { escapeHtml } from '../../shared/html.ts'
import type { Figure, TestFigures } from './figures.ts'
import { lineChart, type Series } from './line-chart.ts'
import { isFullSize, type Report, targetResults } from './report.ts'

/** The whole page. */
export function reportPage(report: Report): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Sequela demo report</title>
<style>${styles}</style>
</head>
<body>
<main>
<h1>Sequela demo report</h1>
<p class="statement">${escapeHtml(report.statement)}</p>
<p>${report.sites.length} hospitals with ${report.childrenPerSite} children each, seed ${escapeHtml(report.seed)}. Scored on ${report.test.children}
children that no hospital trained on; ${report.test.events} of them have an event within a year of their sixth visit.</p>
${targetsSection(report)}
${scansSection(report)}
${roundsSection(report)}
${participationSection(report)}
${egressSection(report)}
${modelsSection(report)}
${timingsSection(report)}
<h2>Versions</h2>
${table(['what', 'version'], Object.entries(report.versions))}
<p>Final weights: <code>${escapeHtml(report.weights.file)}</code>, SHA-256 <code class="digest">${escapeHtml(report.weights.digest)}</code></p>
</main>
</body>
</html>
`
}

function targetsSection(report: Report): string {
  const rows = targetResults(report).map((result) => [
    result.name,
    result.target,
    number(result.value),
    result.met === null ? 'not judged' : result.met ? 'met' : 'MISSED',
  ])
  const note = isFullSize(report)
    ? ''
    : '<p>This run is smaller than the one the targets are for, so nothing is judged.</p>'
  return `<h2>Figures against their targets</h2>${note}${table(['figure', 'target', 'reached', ''], rows)}
<p>Pretrained minus from scratch, AUROC with six scans shown: ${figureText(report.test.pretrainedMinusScratch)}. One draw of children and one
seed: no claim is made on it.</p>`
}

function scansSection(report: Report): string {
  const series = (name: string, figures: TestFigures, dashed = false): Series => ({
    name,
    dashed,
    points: figures.aurocByScans.flatMap(({ value, low, high }, k) =>
      value === null ? [] : [{ x: k + 1, y: value, ...(low === null || high === null || dashed ? {} : { low, high }) }],
    ),
  })
  const drawn = [
    series('federated, pretrained', report.test.pretrained),
    series('federated, from scratch', report.test.scratch),
    ...Object.entries(report.test.alone).map(([site, figures]) => series(`${site} alone`, figures, true)),
  ]
  const lowest = Math.min(...drawn.flatMap(({ points }) => points.flatMap(({ y, low = y }) => [y, low])))
  return `<h2>How many scans it takes</h2>${lineChart({
    title: 'AUROC at the sixth visit, by number of scans shown',
    xLabel: 'scans shown, the latest ones',
    yLabel: 'AUROC',
    yRange: [Math.min(0.3, Math.floor(lowest * 10) / 10), 1],
    reference: { y: 0.5, name: 'chance' },
    series: drawn,
  })}<p>Bands: 95 % intervals that resample children. The landmark is the same for every point, so children and labels are too.</p>`
}

function roundsSection(report: Report): string {
  const charts = report.stages.map((stage) => {
    const names = [...new Set(stage.rounds.flatMap((round) => round.metrics.map((metric) => metric.name)))]
    const bounded = names.filter((name) => !name.endsWith('loss'))
    const losses = names.filter((name) => name.endsWith('loss'))
    const draw = (chosen: readonly string[], yLabel: string): string => {
      const series = chosen.map((name) => ({
        name: name.replaceAll('_', ' '),
        points: metricPoints(stage.rounds, name),
      }))
      const top = Math.max(1, ...series.flatMap((one) => one.points.map((point) => point.y)))
      return lineChart({
        title: `Stage ${stage.task}: ${yLabel} by round`,
        xLabel: 'round',
        yLabel,
        yRange: [0, top],
        series,
      })
    }
    return [
      bounded.length > 0 ? draw(bounded, 'validation metric') : '',
      losses.length > 0 ? draw(losses, 'loss') : '',
    ].join('')
  })
  return `<h2>Learning, round by round</h2><p>Validation metrics are those of the weights each round started from, summed over the
sites that sent them. Sites withhold a number that rests on too few children.</p><div class="charts">${charts.join('')}</div>`
}

function metricPoints(rounds: readonly RoundStatus[], name: string): { x: number; y: number }[] {
  return rounds.flatMap((round) => {
    const metric = round.metrics.find((candidate) => candidate.name === name)
    return metric === undefined || metric.count === 0 ? [] : [{ x: round.round + 1, y: metric.sum / metric.count }]
  })
}

/** With an update, or in a closing round with an evaluation. */
function contributed({ outcome }: RoundStatus['sites'][number]): boolean {
  return outcome === 'counted' || outcome === 'evaluated'
}

function participationSection(report: Report): string {
  const grids = report.stages.map((stage) => {
    const rows = report.sites.map((site) => {
      const cells = stage.rounds.map((round) => {
        const entry = round.sites.find((candidate) => candidate.site === site)
        const outcome = entry?.outcome ?? 'missing'
        const why = [outcome, entry?.code, entry?.reason].filter((part) => part !== undefined).join(', ')
        return `<i class="${outcome === 'evaluated' ? 'counted' : outcome}" title="${escapeHtml(`${site}, round ${round.round + 1}: ${why}`)}"></i>`
      })
      const counted = stage.rounds.filter((round) => round.sites.some((one) => one.site === site && contributed(one)))
      return `<tr><th scope="row">${escapeHtml(site)}</th><td class="cells">${cells.join('')}</td><td>${counted.length} of ${stage.rounds.length}</td></tr>`
    })
    return `<h3>${escapeHtml(stage.task)}</h3><div class="scroll"><table><tbody>${rows.join('')}</tbody></table></div>`
  })
  const exceptions = report.stages.flatMap((stage) =>
    stage.rounds.flatMap((round) =>
      round.sites
        .filter((site) => !contributed(site))
        .map((site) => [stage.task, String(round.round + 1), site.site, site.outcome, site.reason ?? site.code ?? '']),
    ),
  )
  const list =
    exceptions.length === 0
      ? '<p>Every site counted in every round.</p>'
      : table(['stage', 'round', 'site', 'outcome', 'reason'], exceptions)
  return `<h2>Who took part</h2><p class="legend"><span class="key"><i class="counted"></i>counted</span><span class="key"><i class="declined"></i>declined</span><span class="key"><i class="refused"></i>refused</span><span class="key"><i class="missing"></i>missing</span></p>${grids.join('')}${list}`
}

function egressSection(report: Report): string {
  const rows = Object.entries(report.egress).map(([site, egress]) => [
    site,
    String(egress.updates),
    String(egress.answers),
    `${(egress.bytes / 1e6).toFixed(1)} MB`,
    String(egress.metricSums),
    String(egress.withheldMetrics),
    String(egress.declined),
  ])
  return `<h2>What left each hospital</h2><p>From each hospital's own record, written before anything was sent. No image, no name, no date.</p>${table(
    [
      'hospital',
      'weight updates',
      'answers of the evaluation',
      'bytes',
      'sums of metrics',
      'metrics withheld',
      'assignments declined',
    ],
    rows,
  )}`
}

function modelsSection(report: Report): string {
  const row = (name: string, figures: TestFigures): string[] => [
    name,
    figureText(figures.pairAccuracy),
    figureText(figures.pairAccuracyFar),
    figureText(figures.sequenceAuroc),
    ...[0, 3, 5].map((k) => figureText(figures.aurocByScans[k])),
  ]
  return `<h2>All models on the test children</h2>${table(
    ['model', 'pair accuracy', 'far pairs', 'sequence AUROC', 'AUROC, 1 scan', '4 scans', '6 scans'],
    [
      row('federated, pretrained', report.test.pretrained),
      row('federated, from scratch', report.test.scratch),
      ...Object.entries(report.test.alone).map(([site, figures]) => row(`${site} alone`, figures)),
    ],
  )}<p>Figures of ordering for the model from scratch are those of a network that was never taught to order.</p>`
}

function timingsSection(report: Report): string {
  const rows = report.timings.map((timing) => [
    timing.phase,
    timing.wallSeconds.toFixed(1),
    timing.cpuSeconds.toFixed(1),
  ])
  return `<h2>Time</h2>${table(['phase', 'seconds', 'CPU seconds'], rows)}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[]): string => row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')
  return `<div class="scroll"><table><thead><tr>${head.map((cell) => `<th>${escapeHtml(cell)}</th>`).join('')}</tr></thead><tbody>${rows
    .map((row) => `<tr>${cells(row)}</tr>`)
    .join('')}</tbody></table></div>`
}

/** A value with its interval in brackets. */
export function figureText(figure: Figure | undefined): string {
  if (figure === undefined || figure.value === null) return 'n/a'
  if (figure.low === null || figure.high === null) return number(figure.value)
  return `${number(figure.value)} [${number(figure.low)}, ${number(figure.high)}]`
}

function number(value: number | null): string {
  return value === null ? 'n/a' : value.toFixed(3)
}

const styles = `
:root{color-scheme:light;font:16px/1.5 system-ui,sans-serif;color:#1b1f24;background:#f6f7f9}
body{margin:0}main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 4rem;background:#fff;box-sizing:border-box}
h1{font-size:1.7rem;margin:.2em 0}h2{font-size:1.25rem;margin:2em 0 .5em}h3{font-size:1rem;margin:1em 0 .3em}
.statement{border-left:4px solid #d55e00;background:#fff4ec;padding:.6rem .9rem;margin:1rem 0}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #e3e6ea;vertical-align:top}
.scroll{overflow-x:auto}figure{margin:1rem 0}figcaption{font-weight:600;margin-bottom:.3rem}
svg{width:100%;height:auto;display:block}svg text{font-size:12px;fill:#444}.grid{stroke:#e3e6ea}.reference{stroke:#888;stroke-dasharray:3 3}
.legend{font-size:.85rem;display:flex;flex-wrap:wrap;gap:.2rem 1rem}.key i{display:inline-block;width:.8rem;height:.8rem;margin-right:.35rem;vertical-align:-.1rem}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:0 1.5rem}
.cells{white-space:nowrap}.cells i{display:inline-block;width:.55rem;height:1.1rem;margin-right:1px}
.counted{background:#009e73}.declined{background:#e69f00}.refused{background:#d55e00}.missing,.awaited{background:#c4c9d0}
.digest{overflow-wrap:anywhere}.empty{color:#666}
`
