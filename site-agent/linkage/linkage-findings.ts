// What `site check-data` says of a study that looks for children in two hospitals: whether this one has been compared.

import type { StudyFile } from '../../shared/study/study.ts'
import type { Finding } from '../cohort/finding.ts'
import type { LinkageOutcome } from './linkage-record.ts'

/** @param outcome what the check came to, if the agent has asked. @param hasKey whether the site has the key */
export function linkageFindings(
  { study }: Pick<StudyFile, 'study'>,
  { outcome, hasKey, hasTable }: { outcome: LinkageOutcome | undefined; hasKey: boolean; hasTable: boolean },
): readonly Finding[] {
  if (study.policy.linkage === undefined) return []
  const note = (sentence: string): readonly Finding[] => [{ holds: 'nothing', rule: 'linkage', sentence }]
  const unchecked = 'the study looks for children in two hospitals, and this one would take part unchecked:'
  if (!hasKey) return note(`${unchecked} it has no key (site link-key).`)
  if (!hasTable) return note(`${unchecked} site.yaml names no table of identifiers (tables.linkage).`)
  if (outcome?.kind !== 'compared') {
    return note(
      'the study looks for children in two hospitals; these are compared when the agent runs and the study is approved.',
    )
  }
  if (!outcome.keysDiffer) return []
  return note(
    'another hospital has another key, so nothing could be found between the two; compare fingerprints (site link-key).',
  )
}
