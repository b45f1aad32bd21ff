// Children that another hospital of the study has too. One of the two keeps each, so that no child counts twice or is trained
// on in one place and tested in the other; which, the coordinator says (linkage/linkage.ts).

import type { Finding } from './finding.ts'

/** By `participant_id`: children that the other hospital keeps, and those that this one keeps. */
export interface Elsewhere {
  readonly held: readonly string[]
  readonly kept: readonly string[]
}

export const nowhereElse: Elsewhere = { held: [], kept: [] }

/** One sentence for each that is among `present`. */
export function elsewhereFindings({ held, kept }: Elsewhere, present: ReadonlySet<string>): readonly Finding[] {
  const about = (children: readonly string[], holds: Finding['holds'], sentence: string): Finding[] =>
    children.filter((child) => present.has(child)).map((child) => ({ holds, rule: 'elsewhere', child, sentence }))
  return [
    ...about(
      held,
      'child',
      'it is also at another hospital, which keeps it in this study; here it is neither trained on nor evaluated.',
    ),
    ...about(kept, 'nothing', 'it is also at another hospital, which holds it back in this study; it is used here.'),
  ]
}
