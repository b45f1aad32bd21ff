// That a stage had nothing to choose or to stop by, as status, log and report say it.

import type { Unmeasured } from './run/validation.ts'

/** Goes on after the name of the stage. */
export function unmeasuredText({ rule, metric, isOver }: Unmeasured): string {
  const cause = `no site ${isOver ? 'reported' : 'has reported'} ${metric}${isOver ? '' : ' so far'}: too few children in every validation fold`
  const [chosen, stopped] = isOver
    ? ['its last weights went on, none were chosen', 'it could not stop early']
    : ['weights cannot be chosen by it', 'it cannot stop early']
  return `${cause}; ${rule === 'select' ? chosen : stopped}`
}
