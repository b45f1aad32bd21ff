// What an evaluation takes out of a hospital, as a person there reads it before saying yes.

import { censoringIntervalDays } from '../evaluation/censoring.ts'
import {
  chartFamilies,
  courseFamilies,
  familyWords,
  inputNames,
  inputWords,
  scanFamilies,
} from '../evaluation/families.ts'
import { evaluationPasses } from '../evaluation/passes.ts'
import { fewestProbeScans } from '../evaluation/site-probe.ts'
import { wrap } from '../wrapped-text.ts'
import type { Study } from './study.ts'

/** Lines below `What leaves this hospital`; none where the study has no evaluation. */
export function evaluationInWords({ evaluation, pipeline, policy }: Study): string[] {
  if (evaluation === undefined) return []
  const { ruleOutNpv, ruleInPpv } = evaluation
  // Arrays were made of no sequence that the study knows.
  const ofScans = scanFamilies.filter((family) => family !== 'sequence' || !('features' in pipeline))
  const families = [...courseFamilies, ...chartFamilies, ...ofScans].map((family) => familyWords[family])
  const taken = [
    `of children of all folds, those that are trained on too, how long they were followed after their visits and how many were lost, in spans of about ${censoringIntervalDays} days;`,
    `no risk of a validation or test fold in which fewer than ${children(policy.minCell)} had an event within the horizon, or fewer had none;`,
    `of other validation and test children how risks and outcomes lie in ranges of risk that hold at least ${children(policy.minCell)} each, and how many had an event; of test children the same by ${listed(families)}; how all of them stand in order among those of other hospitals; and what lines of calibration and margins of error need;`,
    'of the model at this hospital how well it does, how its risks are to be corrected, how it orders test scans and how many of these it recognises as this ' +
      `hospital's; mean and covariance of what it makes of validation scans, where there are ${fewestProbeScans} or more;`,
    'of the children it is tested on their number, scans, mean follow-up, competing events and changes of treatment;',
    `of training children about how many have which ${listed(inputNames.map((name) => inputWords[name]))}, and the names of each ${listed(ofScans.map((family) => familyWords[family]))} that enough of them have scans of.`,
  ]
  const seen =
    'The coordinator sees all of it; the consortium sees the sums over all hospitals and what each says of itself. It serves to choose ' +
    `two thresholds (predictive values of ${ruleOutNpv} below and ${ruleInPpv} above) and to write report and model card.`
  return [
    `  in the evaluation, ${evaluationPasses.length} answers with sums and counts over visits at which the risk is asked:`,
    ...taken.flatMap((sentence) => wrap(sentence, '  - ', '    ')),
    ...wrap(seen, '  ', '  '),
  ]
}

/** `1 child`, `5 children`. */
export function children(count: number): string {
  return count === 1 ? '1 child' : `${count} children`
}

function listed(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
