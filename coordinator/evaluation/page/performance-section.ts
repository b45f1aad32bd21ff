// The parts of the report's page on how well the model does: figures, curves, and calibration while it was trained.

import { evaluationMetrics } from '../../../shared/evaluation/evaluation-metrics.ts'
import { escapeHtml } from '../../../shared/html.ts'
import { chanceFigures, estimateText, type Figures } from '../estimates.ts'
import type { EvaluationReport } from '../report.ts'
import { chart } from './charts.ts'
import { metricName } from './metric-name.ts'
import { table } from './table.ts'

export function performanceSection({ performance, recalibration }: EvaluationReport): string {
  const rows = Object.keys({ ...evaluationMetrics, ...chanceFigures }).map((name) => [
    metricName(name),
    ...[performance.raw, performance.consortium, performance.site].map((figures) => estimateText(figures[name], 3)),
  ])
  const line =
    recalibration === null || recalibration.kind === 'none'
      ? 'The validation folds hold too few events to recalibrate.'
      : `Recalibration of the consortium, from the validation folds: logit of the risk becomes ${recalibration.intercept.toFixed(2).replace('-', '−')} + ` +
        `${recalibration.slope.toFixed(2)} times what it was${recalibration.kind === 'intercept' ? ' (intercept only)' : ''}. ` +
        'It is drawn towards risks as they are, the more the fewer children stand behind it, and each site’s towards that of the consortium.'
  return `<h2>How well it does</h2>${table(['figure', 'risks as given', 'recalibrated by the consortium', 'recalibrated by each site'], rows)}
<p>${escapeHtml(line)}</p>`
}

export function curvesSection({ curves, performance }: EvaluationReport): string {
  const auroc = estimateText(performance.raw.auroc)
  const ece = (figures: Figures): string => estimateText(figures.ece)
  const slope = estimateText(performance.consortium.calibration_slope)
  const slopeBySite = estimateText(performance.site.calibration_slope)
  const chance = performance.consortium.ece_by_chance
  const byChance = chance ? ` (right risks would have ${estimateText(chance)} by chance)` : ''
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
      text: `Event rate by risk; the straight line is perfect. Calibration error ${ece(performance.raw)} as given, ${ece(performance.consortium)} recalibrated by the consortium${byChance}, ${ece(performance.site)} by each site; slopes then ${slope} and ${slopeBySite}. Dots are larger where more landmarks stand.`,
      x: { label: 'mean risk', range: [0, 1] },
      y: { label: 'event rate', range: [0, 1] },
      diagonal: true,
      lines: [
        { name: 'as given', points: curves.reliability.raw, dots: true, dashed: true },
        { name: 'recalibrated by the consortium', points: curves.reliability.consortium, dots: true },
        { name: 'by each site', points: curves.reliability.site, dots: true },
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

export function driftSection({ drift }: EvaluationReport): string {
  if (drift.length === 0) return ''
  const every = Math.ceil(drift.length / 12)
  // Counted from the last one, which matters most.
  const shown = drift.filter((_, index) => (drift.length - 1 - index) % every === 0)
  const rows = shown.map(({ stage, round, meanRisk, eventRate }) => [
    `stage ${stage + 1}, round ${round + 1}`,
    meanRisk.toFixed(3),
    eventRate.toFixed(3),
    (meanRisk - eventRate).toFixed(3).replace('-', '−'),
  ])
  return `<h2>Calibration while it was trained</h2><p>On the validation folds of the sites that could say both, risks as given; decided landmarks,
not weighted for censoring.</p>${table(['weights handed out in', 'mean risk', 'event rate', 'difference'], rows)}`
}
