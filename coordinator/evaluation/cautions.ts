// What a reader must know before believing the figures of an evaluation, as sentences; the model card repeats them as known
// failures.

import type { Pooled } from '../../shared/evaluation/pooled.ts'
import type { StudyFile } from '../../shared/study/study.ts'
import type { Figures } from './estimates.ts'
import { siteProbeReport } from './site-probe-report.ts'

export function cautionsOf(study: StudyFile['study'], pooled: Pooled, recalibratedFigures: Figures): string[] {
  const cautions: string[] = []
  const whole = pooled.test[0]
  if (whole === undefined) {
    return [
      `No site has ${study.policy.minCell} children with an event and as many without one in its test fold, so nothing could be said.`,
    ]
  }
  const silent = pooled.sites.filter(({ site }) => !whole.sites.includes(site)).map(({ site }) => site)
  const absent = study.sites.filter((site) => !pooled.sites.some((one) => one.site === site))
  if (silent.length > 0) cautions.push(`Too few children to say anything: ${silent.join(', ')}.`)
  if (absent.length > 0) cautions.push(`Did not take part in the evaluation: ${absent.join(', ')}.`)
  if (whole.uncertainty > 0.01) {
    cautions.push(
      `Cells are wide, as they hold at least ${study.policy.minCell} children each: the AUROC over all sites could differ by at most ` +
        `${whole.uncertainty.toFixed(3)} from that of all landmarks in one place.`,
    )
  }
  if (pooled.recalibration?.kind !== 'platt') {
    cautions.push(
      'There are fewer than 20 children with an event in the validation folds, or their events did not rise with the risk: no slope was recalibrated.',
    )
  }
  const probe = siteProbeReport(pooled)
  if (probe?.recognised.low != null && probe.recognised.low > probe.chance + 0.1) {
    cautions.push(
      `Embeddings tell where a scan was made: right in ${Math.round(100 * probe.recognised.value)} % of test scans where chance is ${Math.round(100 * probe.chance)} %. The model may rest on the site, and do worse elsewhere.`,
    )
  }
  const low = recalibratedFigures.auroc?.low ?? null
  if (low !== null && low <= 0.5) {
    cautions.push(
      'The interval of the AUROC holds 0.5 or less: it may be that the model orders children no better than chance.',
    )
  }
  const ece = recalibratedFigures.ece
  if (ece !== undefined && ece !== null && ece.value > 0.1) {
    const chance = recalibratedFigures.ece_by_chance
    const ofIt = chance
      ? ` (the error is ${ece.value.toFixed(2)}; right risks would have ${chance.value.toFixed(2)} by chance)`
      : ''
    cautions.push(`The risks are poorly calibrated even after recalibration${ofIt}; do not read them as probabilities.`)
  }
  for (const [name, label] of [
    ['ruleOut', 'rule-out'],
    ['ruleIn', 'rule-in'],
  ] as const) {
    if (pooled.thresholds[name] === null)
      cautions.push(`No ${label} threshold reached its aim on the validation folds.`)
  }
  return cautions
}
