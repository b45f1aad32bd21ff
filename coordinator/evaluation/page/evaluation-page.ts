// The report of an evaluation as one HTML page: what it is not, then what it found, for whom, and how sure that is.

import { thresholdMetrics } from '../../../shared/evaluation/at-threshold.ts'
import { evaluationMetrics } from '../../../shared/evaluation/evaluation-metrics.ts'
import { scanCountMetrics } from '../../../shared/evaluation/scan-count.ts'
import { escapeHtml } from '../../../shared/html.ts'
import { chanceFigures } from '../estimates.ts'
import type { EvaluationReport } from '../report.ts'
import { partsSection, sitesSection } from './groups-section.ts'
import { metricName } from './metric-name.ts'
import { curvesSection, driftSection, performanceSection } from './performance-section.ts'
import { shortcutsSection } from './shortcuts-section.ts'
import { styles } from './styles.ts'
import { thresholdSection } from './threshold-section.ts'

export function evaluationPage(report: EvaluationReport): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Evaluation of ${escapeHtml(report.study)}</title>
<style>${styles}</style>
</head>
<body>
<main>
<h1>Evaluation of ${escapeHtml(report.study)}</h1>
<p class="statement">${escapeHtml(report.notice)}</p>
${trainedSentence(report)}<p>The risk of an event within ${report.horizonDays} days, asked at every visit with the scans up to it. ${report.data.landmarks} landmarks of
${report.data.children} children in the test folds of ${report.data.sitesHeard} of ${report.data.sites} sites${heardSites(report)}. Of what was trained or recalibrated on: ${escapeHtml(report.data.foldSeparation)}. Intervals are of 95 %, clustered by child. Where no interval
stands, none can be given. Numbers that would rest on fewer than ${report.minCell} children were never sent: “<${report.minCell}”.</p>
${report.cautions.length === 0 ? '' : `<ul class="cautions">${report.cautions.map((one) => `<li>${escapeHtml(one)}</li>`).join('')}</ul>`}
${performanceSection(report)}
${curvesSection(report)}
${shortcutsSection(report)}
${thresholdSection(report)}
${partsSection(report)}
${sitesSection(report)}
${driftSection(report)}
<h2>What the figures say</h2>
${definitions({ ...evaluationMetrics, ...chanceFigures, ...thresholdMetrics, ...scanCountMetrics })}
<h2>Where it comes from</h2>
<p>Written ${escapeHtml(report.writtenAt)} by Sequela ${escapeHtml(report.programVersion)}. Study <code>${escapeHtml(report.studyDigest)}</code>, weights
<code>${escapeHtml(report.weightsDigest)}</code>. The model card beside this report says what the model is and is not for.</p>
</main>
</body>
</html>
`
}

/** `: oslo (41), turin (37)`, with the children of each; nothing where nobody was heard. */
function heardSites({ sites }: EvaluationReport): string {
  const heard = sites.flatMap(({ site, children }) => (children === null ? [] : [`${escapeHtml(site)} (${children})`]))
  return heard.length === 0 ? '' : `: ${heard.join(', ')}`
}

/** Of weights that another study trained. */
function trainedSentence({ trainedBy }: EvaluationReport): string {
  if (trainedBy === undefined) return ''
  const { study, studyDigest, sites, newSites } = trainedBy
  const others =
    newSites.length === 0 ? '' : ` At ${newSites.join(', ')} nothing was trained, and every child is tested.`
  return `<p>The weights were trained in the study ${escapeHtml(study)} (<code>${escapeHtml(studyDigest)}</code>) at ${escapeHtml(sites.join(', '))}.${escapeHtml(others)}</p>\n`
}

function definitions(metrics: Readonly<Record<string, string>>): string {
  const items = Object.entries(metrics).map(
    ([name, text]) => `<dt>${escapeHtml(metricName(name))}</dt><dd>${escapeHtml(text)}</dd>`,
  )
  return `<dl>${items.join('')}</dl>`
}
