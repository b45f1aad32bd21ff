// What a reader must know before believing the figures of an evaluation, as sentences; the model card repeats them as known
// failures.

import { evaluationPasses } from '../../shared/evaluation/passes.ts'
import type { Pooled } from '../../shared/evaluation/pooled.ts'
import type { StudyFile } from '../../shared/study/study.ts'
import type { RoundStatus, RunStatus } from '../status.ts'
import { unmeasuredText } from '../unmeasured-text.ts'
import type { Figures } from './estimates.ts'
import { siteProbeReport } from './site-probe-report.ts'
import { untoldInWords, untoldSites } from './untold-sites.ts'

export function cautionsOf(
  study: StudyFile['study'],
  { rounds, unmeasured = [] }: Pick<RunStatus, 'rounds' | 'unmeasured'>,
  pooled: Pooled,
  recalibratedFigures: Figures,
): string[] {
  const cautions = unmeasured.map((one) => `Stage ${one.stage + 1}: ${unmeasuredText(one)}.`)
  if (study.from !== undefined && !study.sites.some((site) => study.from?.sites.includes(site))) {
    cautions.push(
      'No site that trained the weights took part: there is no validation fold, so nothing is recalibrated and no threshold chosen, and what input the model knows is not told.',
    )
  }
  const whole = pooled.test[0]
  if (whole === undefined) {
    return [
      ...cautions,
      `No site has ${study.policy.minCell} children with an event and as many without one in its test fold, so nothing could be said.`,
    ]
  }
  const untold = untoldSites(study, rounds, pooled)
  const absent = study.sites.filter((site) => !pooled.sites.some((one) => one.site === site))
  if (untold.length > 0) cautions.push(untoldInWords(untold, study.policy.minCell))
  if (absent.length > 0) cautions.push(`Did not take part in the evaluation: ${absent.join(', ')}.`)
  const missed = missedPasses(whole.sites, rounds)
  if (missed.length > 0) {
    cautions.push(
      `Did not answer every pass of the evaluation: ${missed.join('; ')}. What needs an answer of every site is left out, and the lines of calibration took fewer steps, or none.`,
    )
  }
  if (whole.uncertainty > 0.01) {
    cautions.push(
      `Cells are wide, as they hold at least ${study.policy.minCell} children each: by them alone the AUROC over all sites could differ by at most ` +
        `${whole.uncertainty.toFixed(3)} from that of all landmarks in one place.${isOrdered(pooled) ? nearer : ''}`,
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

/** Whether every site told how its landmarks stand among those of the others (decision 20). */
function isOrdered({ evenly, test, variances }: Pooled): boolean {
  return evenly?.site !== undefined && variances[0]?.sites.length === test[0]?.sites.length
}

const nearer =
  ' Sites then told how their landmarks stand among those of the others; in simulations of sites of 30 to 8 test children it differed by less than 0.002 after that, of smaller ones by less than 0.01.'

/** `oslo (pass 3 and 4 of 6)`, of the sites whose children are judged. */
function missedPasses(sites: readonly string[], rounds: readonly RoundStatus[]): string[] {
  const passes = rounds.filter(({ purpose, state }) => purpose === 'pass' && state === 'published')
  return sites.flatMap((site) => {
    const missed = passes.filter((pass) => !pass.sites.some((one) => one.site === site && one.outcome === 'counted'))
    if (missed.length === 0) return []
    const numbers = missed.map(({ round }) => round + 1).join(' and ')
    return [`${site} (pass ${numbers} of ${evaluationPasses.length})`]
  })
}
