// The report of an evaluation as one HTML page: what it is not, then what it found, for whom, and how sure that is.

import { thresholdMetrics } from '../../shared/evaluation/at-threshold.ts'
import { evaluationMetrics } from '../../shared/evaluation/evaluation-metrics.ts'
import { scanCountMetrics } from '../../shared/evaluation/scan-count.ts'
import { chart, escapeText, estimateText, type ForestRow, forest } from './charts.ts'
import type { Figures } from './estimates.ts'
import { table } from './page-table.ts'
import type { EvaluationReport, PartReport, ThresholdReport } from './report.ts'
import { shortcutsSection } from './shortcuts-section.ts'

/** How families of landmarks are called on the page. */
const familyTitles: Readonly<Record<string, string>> = {
  scans: 'Number of scans up to the landmark',
  shown: 'Number of scans shown at the sixth visit (same children, same outcomes)',
  year: 'Year since surgery',
  since_surgery: 'Time since surgery',
  age: 'Age at surgery, years',
  sex: 'Sex',
  grade: 'Grade (WHO)',
  resection: 'Resection',
  location: 'Location',
  treatment: 'Treatment',
  vendor: 'Scanner',
  field_strength: 'Field strength',
}

export function evaluationPage(report: EvaluationReport): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Evaluation of ${escapeText(report.study)}</title>
<style>${styles}</style>
</head>
<body>
<main>
<h1>Evaluation of ${escapeText(report.study)}</h1>
<p class="statement">${escapeText(report.notice)}</p>
<p>The risk of an event within ${report.horizonDays} days, asked at every visit with the scans up to it. ${report.data.landmarks} landmarks of
${report.data.children} children in the test folds of ${report.data.sitesHeard} of ${report.data.sites} sites; no child of these folds was trained or recalibrated on. Intervals are of 95 %, clustered by child. Where no interval
stands, none can be given. Numbers that would rest on fewer than ${report.minCell} children were never sent: “<${report.minCell}”.</p>
${report.cautions.length === 0 ? '' : `<ul class="cautions">${report.cautions.map((one) => `<li>${escapeText(one)}</li>`).join('')}</ul>`}
${performanceSection(report)}
${curvesSection(report)}
${shortcutsSection(report)}
${thresholdSection(report)}
${partsSection(report)}
${sitesSection(report)}
${driftSection(report)}
<h2>What the figures say</h2>
${definitions({ ...evaluationMetrics, ...thresholdMetrics, ...scanCountMetrics })}
<h2>Where it comes from</h2>
<p>Written ${escapeText(report.writtenAt)} by Sequela ${escapeText(report.programVersion)}. Study <code>${escapeText(report.studyDigest)}</code>, weights
<code>${escapeText(report.weightsDigest)}</code>. The model card beside this report says what the model is and is not for.</p>
</main>
</body>
</html>
`
}

function performanceSection({ performance, recalibration }: EvaluationReport): string {
  const rows = Object.entries(evaluationMetrics).map(([name]) => [
    nameOf(name),
    ...[performance.raw, performance.consortium, performance.site].map((figures) => estimateText(figures[name], 3)),
  ])
  const line =
    recalibration === null || recalibration.kind === 'none'
      ? 'The validation folds hold too few events to recalibrate.'
      : `Recalibration of the consortium, from the validation folds: logit of the risk becomes ${recalibration.intercept.toFixed(2).replace('-', '−')} + ` +
        `${recalibration.slope.toFixed(2)} times what it was${recalibration.kind === 'intercept' ? ' (intercept only)' : ''}.`
  return `<h2>How well it does</h2>${table(['figure', 'risks as given', 'recalibrated by the consortium', 'recalibrated by each site'], rows)}
<p>${escapeText(line)}</p>`
}

function curvesSection({ curves, performance }: EvaluationReport): string {
  const auroc = estimateText(performance.raw.auroc)
  const ece = (figures: Figures): string => estimateText(figures.ece)
  const slope = estimateText(performance.consortium.calibration_slope)
  const highest = Math.max(0.05, ...curves.decision.all.map(({ y }) => y), ...curves.decision.model.map(({ y }) => y))
  const top = Math.ceil(highest * 20) / 20
  return `<h2>Curves</h2><div class="figures">${[
    chart({
      title: 'ROC curve',
      text: `AUROC ${auroc}; 0.5 is chance, which the dashed line shows.`,
      x: { label: '1 − specificity', range: [0, 1] },
      y: { label: 'sensitivity', range: [0, 1] },
      diagonal: true,
      lines: [{ name: 'model', points: curves.roc }],
    }),
    chart({
      title: 'Reliability',
      text: `Event rate by risk; the dashed line is perfect. Calibration error ${ece(performance.raw)} as given, ${ece(performance.consortium)} after recalibration; slope then ${slope}. Dots are larger where more landmarks stand.`,
      x: { label: 'mean risk', range: [0, 1] },
      y: { label: 'event rate', range: [0, 1] },
      diagonal: true,
      lines: [
        { name: 'as given', points: curves.reliability.raw, dots: true, dashed: true },
        { name: 'recalibrated', points: curves.reliability.consortium, dots: true },
      ],
    }),
    chart({
      title: 'Decision curve',
      text: 'Net benefit of acting where the recalibrated risk reaches the threshold, against acting always. Acting never is 0. The model helps where its line is the highest.',
      x: { label: 'threshold of risk', range: [0, 0.8] },
      y: { label: 'net benefit', range: [-0.05, top] },
      lines: [
        { name: 'model', points: curves.decision.model },
        { name: 'always', points: curves.decision.all, dashed: true },
        {
          name: 'never',
          points: [
            { x: 0, y: 0 },
            { x: 0.8, y: 0 },
          ],
          dashed: true,
        },
      ],
    }),
  ].join('')}</div>`
}

function thresholdSection({ thresholds: { ruleOut, ruleIn } }: EvaluationReport): string {
  const grey = 1 - (ruleOut?.below ?? 0) - (ruleIn?.above ?? 0)
  const rows = [ruleOut, ruleIn].map((one, index) => [
    index === 0 ? 'rule out' : 'rule in',
    one === null ? 'none reached its aim' : `${index === 0 ? 'below' : 'at or above'} ${one.risk.toFixed(3)}`,
    one === null ? '–' : percent(index === 0 ? one.below : one.above),
    ...(['sensitivity', 'specificity', 'ppv', 'npv', 'f1', 'net_benefit'] as const).map((name) =>
      estimateText(one?.figures[name]),
    ),
    one === null ? '–' : one.netBenefitOfAll.toFixed(2).replace('-', '−'),
  ])
  return `<h2>Two thresholds and the grey zone between</h2>
${table(['zone', 'recalibrated risk', 'share of landmarks', 'sensitivity', 'specificity', 'PPV', 'NPV', 'F1', 'net benefit', 'net benefit of acting always'], rows)}
<p>${[ruleOutText(ruleOut), ruleInText(ruleIn), `${percent(grey)} of landmarks lie in the grey zone, where the model does not decide.`].map(escapeText).join(' ')}
The thresholds were chosen on the validation folds and then frozen; these figures are of the test folds.</p>`
}

function ruleOutText(ruleOut: ThresholdReport | null): string {
  const npv = ruleOut?.figures.npv
  if (ruleOut === null || npv === null || npv === undefined) return ''
  return `Of 100 children whose next scan is postponed because their risk lies below the lower threshold, ${Math.round(100 * (1 - npv.value))} would be expected to have an event that is missed.`
}

function ruleInText(ruleIn: ThresholdReport | null): string {
  const ppv = ruleIn?.figures.ppv
  if (ruleIn === null || ppv === null || ppv === undefined || ppv.value === 0) return ''
  return `At or above the higher one, ${(1 / ppv.value).toFixed(1)} children would be treated for each true event.`
}

function partsSection({ parts, performance, minCell }: EvaluationReport): string {
  const families = Object.keys(familyTitles).filter((family) => parts.some((part) => part.family === family))
  if (families.length === 0) return '<h2>For whom</h2><p>No group holds enough children to be shown.</p>'
  const rows = families.flatMap((family) =>
    parts
      .filter((part) => part.family === family)
      .map((part) => ({
        label: `${shortFamily(family)}: ${part.level}`,
        note: part.children === null ? '' : `${part.children} children`,
        estimate: part.raw.auroc ?? null,
      })),
  )
  const all = { label: 'all', note: '', estimate: performance.raw.auroc ?? null }
  const tables = families.map((family) =>
    partTable(
      family,
      parts.filter((part) => part.family === family),
      minCell,
    ),
  )
  return `<h2>For whom</h2>${forest({
    title: 'AUROC by group',
    text: 'The table below gives the same values and more. Many groups are compared, so some differ by chance; of a group that stands without figures fewer children than are shown had an event, or had none, or it is withheld because its difference would tell of such a group.',
    range: rangeOf([all, ...rows]),
    reference: 0.5,
    rows: [all, ...rows],
  })}${tables.join('')}`
}

/** Half of the scale where nothing lies below it, else all of it. */
function rangeOf(rows: readonly ForestRow[]): readonly [number, number] {
  return rows.every(({ estimate }) => estimate === null || estimate.value >= 0.4) ? [0.4, 1] : [0, 1]
}

function partTable(family: string, parts: readonly PartReport[], minCell: number): string {
  const rows = parts.map((part) => [
    part.level,
    part.children === null ? `<${minCell} or withheld` : String(part.children),
    part.landmarks === null ? '–' : String(part.landmarks),
    ...(['auroc', 'auprc', 'brier', 'event_rate'] as const).map((name) => estimateText(part.raw[name])),
    estimateText(part.recalibrated.ece),
    estimateText(part.recalibrated.mean_risk),
  ])
  const head = [
    '',
    'children',
    'landmarks',
    'AUROC',
    'AUPRC',
    'Brier',
    'event rate',
    'ECE, recalibrated',
    'mean risk, recalibrated',
  ]
  return `<h3>${escapeText(familyTitles[family] ?? family)}</h3>${table(head, rows)}`
}

function sitesSection({ sites, minCell }: EvaluationReport): string {
  const rows = sites.map(({ site, children, events, landmarks, raw, recalibrated, recalibratedBySite }) => [
    site,
    children === null ? `<${minCell}` : String(children),
    events === null ? '–' : String(events),
    landmarks === null ? '–' : String(landmarks),
    ...(['auroc', 'auprc', 'brier', 'calibration_slope', 'calibration_intercept'] as const).map((name) =>
      estimateText(raw[name]),
    ),
    ...[raw, recalibrated, recalibratedBySite].map((figures) => estimateText(figures.ece)),
  ])
  const head = [
    'site',
    'children',
    'with an event',
    'landmarks',
    'AUROC',
    'AUPRC',
    'Brier',
    'slope',
    'intercept',
    'ECE',
    'ECE, consortium',
    'ECE, site',
  ]
  const drawnRows = sites.map(({ site, children, raw }) => ({
    label: site,
    note: children === null ? '' : `${children} children`,
    estimate: raw.auroc ?? null,
  }))
  const drawn = forest({
    title: 'AUROC by site',
    text: 'Each site computed its own figure exactly, from its own test fold.',
    range: rangeOf(drawnRows),
    reference: 0.5,
    rows: drawnRows,
  })
  return `<h2>Where</h2>${drawn}${table(head, rows)}`
}

function driftSection({ drift }: EvaluationReport): string {
  if (drift.length === 0) return ''
  const shown = drift.filter((_, index) => drift.length <= 12 || index % Math.ceil(drift.length / 12) === 0)
  const rows = shown.map(({ stage, round, meanRisk, eventRate }) => [
    `stage ${stage + 1}, round ${round + 1}`,
    meanRisk.toFixed(3),
    eventRate.toFixed(3),
    (meanRisk - eventRate).toFixed(3).replace('-', '−'),
  ])
  return `<h2>Calibration while it was trained</h2><p>On the validation folds of the sites that could say it, risks as given; decided landmarks,
not weighted for censoring.</p>${table(['weights handed out in', 'mean risk', 'event rate', 'difference'], rows)}`
}

function definitions(metrics: Readonly<Record<string, string>>): string {
  const items = Object.entries(metrics).map(
    ([name, text]) => `<dt>${escapeText(nameOf(name))}</dt><dd>${escapeText(text)}</dd>`,
  )
  return `<dl>${items.join('')}</dl>`
}

const names: Readonly<Record<string, string>> = {
  auroc: 'AUROC',
  auprc: 'AUPRC',
  brier: 'Brier score',
  brier_scaled: 'Brier score, scaled',
  auroc_count_matched: 'AUROC, count-matched',
  auroc_count_only: 'AUROC, count only',
  ece: 'ECE',
  ppv: 'PPV',
  npv: 'NPV',
  f1: 'F1',
}

function nameOf(metric: string): string {
  return names[metric] ?? metric.replaceAll('_', ' ')
}

function shortFamily(family: string): string {
  return family === 'shown' ? 'scans shown' : family.replaceAll('_', ' ')
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}

const styles = `
:root { color-scheme: light }
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; margin: 0 }
main { max-width: 70rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { font-size: 1.8rem; margin: 0 0 .5rem } h2 { margin-top: 2.2rem; border-bottom: 1px solid #ccc } h3 { margin: 1.4rem 0 .3rem }
.statement { background: #fff3cd; border-left: 4px solid #b58900; padding: .5rem .8rem; font-weight: 600 }
.cautions { background: #f4f4f4; padding: .6rem 1rem .6rem 2rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .8rem; width: 100% }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #e2e2e2; white-space: nowrap; font-variant-numeric: tabular-nums }
thead th { border-bottom: 2px solid #999; white-space: normal; vertical-align: bottom } tbody th { font-weight: 600 }
figure { margin: 1rem 0; break-inside: avoid } figcaption { font-weight: 600 } figure p { font-size: .88rem; margin: .2rem 0; color: #333 }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1rem }
svg { width: 100%; height: auto } svg text { font: 12px system-ui, sans-serif; fill: #222 }
.grid { stroke: #e3e3e3 } .reference { stroke: #888; stroke-dasharray: 4 3 }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .85rem } .key i { display: inline-block; width: .9rem; height: .3rem; margin-right: .4rem; vertical-align: middle }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; font-size: .88rem } dt { font-weight: 600 } dd { margin: 0 }
code { overflow-wrap: anywhere; font-size: .85rem }
@media print { main { max-width: none; padding: 0 } h2 { break-after: avoid } th, td { padding: .15rem .35rem; font-size: .72rem; white-space: normal } }
`
