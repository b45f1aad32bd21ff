// The part of the report's page on the two thresholds.

import { thresholdMetricNames } from '../../../shared/evaluation/at-threshold.ts'
import type { ThresholdName } from '../../../shared/evaluation/own-thresholds.ts'
import { escapeHtml } from '../../../shared/html.ts'
import { estimateText, type Figures } from '../estimates.ts'
import { partName } from '../family-titles.ts'
import type { EvaluationReport, ThresholdReport } from '../report.ts'
import { table } from './table.ts'

export function thresholdSection(report: EvaluationReport): string {
  const { ruleOut, ruleIn } = report.thresholds
  const grey = 1 - (ruleOut?.below ?? 0) - (ruleIn?.above ?? 0)
  const rows = [ruleOut, ruleIn].map((one, index) => [
    index === 0 ? 'rule out' : 'rule in',
    one === null ? 'none reached its aim' : `${index === 0 ? 'below' : 'at or above'} ${one.risk.toFixed(3)}`,
    one === null ? '–' : percent(index === 0 ? one.below : one.above),
    ...thresholdMetricNames.map((name) => estimateText(one?.figures[name])),
    one === null ? '–' : one.netBenefitOfAll.toFixed(2).replace('-', '−'),
  ])
  return `<h2>Two thresholds and the grey zone between</h2>
${table(['zone', 'recalibrated risk', 'share of landmarks', ...metricHead, 'net benefit of acting always'], rows)}
<p>${[ruleOutText(ruleOut), ruleInText(ruleIn), `${percent(grey)} of landmarks lie in the grey zone, where the model does not decide.`].map(escapeHtml).join(' ')}
The thresholds were chosen on the validation folds and then frozen; these figures are of the test folds.</p>
${byGroup('rule out', 'ruleOut', report)}${byGroup('rule in', 'ruleIn', report)}
<p>${atEdges}</p>`
}

const atEdges =
  'A threshold may cut through cells of risk. How a cell divides there is then guessed from its mean and spread, and the more coarsely the smaller the group.'

/** Of the threshold metrics, in their order. */
const metricHead = ['sensitivity', 'specificity', 'PPV', 'NPV', 'F1', 'net benefit']

/** Groups and sites of which nothing is told are left out here; the tables by group and by site name them. */
function byGroup(title: string, name: ThresholdName, { parts, sites, thresholds }: EvaluationReport): string {
  const threshold = thresholds[name]
  if (threshold === null) return ''
  const ofParts = parts.map((part) => ({ ...part, label: partName(part) }))
  const ofSites = sites.map((one) => ({ ...one, label: `site: ${one.site}` }))
  const rows = [...ofParts, ...ofSites].flatMap(({ label, children, atThresholds }) => {
    const figures = atThresholds[name]
    return figures === null ? [] : [[label, String(children), ...textsOf(figures)]]
  })
  if (rows.length === 0) return ''
  const all = ['all', '', ...textsOf(threshold.figures)]
  return `<h3>At the threshold to ${title}, ${threshold.risk.toFixed(3)}, by group and by site</h3>${table(['', 'children', ...metricHead], [all, ...rows])}`
}

function textsOf(figures: Figures): string[] {
  return thresholdMetricNames.map((metric) => estimateText(figures[metric]))
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

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}
