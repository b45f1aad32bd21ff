// The part of the report's page on the two thresholds.

import { escapeHtml } from '../../../shared/html.ts'
import { estimateText } from '../estimates.ts'
import type { EvaluationReport, ThresholdReport } from '../report.ts'
import { table } from './table.ts'

export function thresholdSection({ thresholds: { ruleOut, ruleIn } }: EvaluationReport): string {
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
<p>${[ruleOutText(ruleOut), ruleInText(ruleIn), `${percent(grey)} of landmarks lie in the grey zone, where the model does not decide.`].map(escapeHtml).join(' ')}
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

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}
