// The check for children in two hospitals, as the journal has it: who gave a list of tokens, where its blob lies, what was
// counted between two sites. Tokens themselves are in blobs alone, and only while the run lasts (coordinator/linkage).

import type { Digest } from '../../shared/digest.ts'
import { type ErrorCode, SequelaError } from '../../shared/protocol/errors.ts'
import { maxLinkLists } from '../../shared/protocol/limits.ts'
import type { Command, Decision, Federation, LinkPair, Run, RunEvent, RunLinkage } from './run.ts'

type Saying = Extract<Command, { type: 'record-link-list' | 'record-unchecked' }>
type Said = Extract<RunEvent, { type: 'link-list-recorded' | 'site-unchecked' }>

/** A run in which no site has said anything yet. */
export const nothingLinked: RunLinkage = { lists: [], words: new Map(), pairs: [] }

/** What a site said, if it may and if it is news. */
export function recordLinkage(federation: Federation, command: Saying): Decision {
  const refusal = linkageRefusal(federation, command)
  if (refusal !== undefined) return { events: [], refusal }
  const before = federation.runs.get(command.studyDigest)?.linkage.words.get(command.site)
  if (isSame(before, command)) return { events: [] }
  if ((before?.times ?? 0) >= maxLinkLists) {
    return refused(
      'linkage_refused',
      `${command.site} has given ${maxLinkLists} lists for this study and may not give another`,
    )
  }
  if (command.type === 'record-unchecked') return { events: [{ ...command, type: 'site-unchecked' }] }
  return { events: [{ ...command, type: 'link-list-recorded' }] }
}

/** Why the site may not take part in the check of this study; undefined if it may. */
export function linkageRefusal(
  federation: Federation,
  { studyDigest, site }: { readonly studyDigest: Digest; readonly site: string },
): SequelaError | undefined {
  const run = federation.runs.get(studyDigest)
  if (run === undefined) return new SequelaError('study_unknown', `no study ${studyDigest} is known here`)
  const { study, phase } = run
  if (!study.sites.includes(site))
    return new SequelaError('not_invited', `the study ${study.study} does not name ${site}`)
  if (study.policy.linkage === undefined) {
    const text = `the study ${study.study} does not look for children in two hospitals (policy.linkage)`
    return new SequelaError('linkage_refused', text)
  }
  if (phase !== 'finished' && phase !== 'cancelled') return undefined
  return new SequelaError('study_state', `the study ${study.study} is ${phase}; nothing is compared any more`)
}

/**
 * The state after a site has spoken. Before the start nobody has trained, so a site's new list stands for its old one; a
 * list given later is added, because what a child has once been used for is not undone.
 */
export function evolveLinkage({ linkage, phase }: Run, event: Said): RunLinkage {
  const { site } = event
  const beforeStart = phase === 'proposed'
  const times = (linkage.words.get(site)?.times ?? 0) + 1
  const lists = beforeStart ? linkage.lists.filter((list) => list.site !== site) : linkage.lists
  const others = linkage.pairs.filter((pair) => !pair.sites.includes(site))
  if (event.type === 'site-unchecked') {
    const words = new Map(linkage.words).set(site, { kind: 'unchecked', reason: event.reason, times })
    return { lists, words, pairs: beforeStart ? others : linkage.pairs }
  }
  const { keyFingerprint, tokensDigest, tokens, shared } = event
  const words = new Map(linkage.words).set(site, { kind: 'list', keyFingerprint, tokensDigest, tokens, times })
  const pairs = shared.map(([other, children]): LinkPair => ({ sites: inOrder(site, other), children }))
  const isThere = lists.some((list) => list.site === site && list.tokensDigest === tokensDigest)
  const after = isThere ? lists : [...lists, { site, tokensDigest, beforeStart }]
  return { lists: after, words, pairs: [...others, ...pairs] }
}

/** Blobs with tokens that the run still needs. */
export function linkBlobs({ phase, linkage }: Run): readonly Digest[] {
  if (phase === 'finished' || phase === 'cancelled') return []
  return linkage.lists.map(({ tokensDigest }) => tokensDigest)
}

function isSame(before: ReturnType<RunLinkage['words']['get']>, command: Saying): boolean {
  if (before === undefined) return false
  if (command.type === 'record-unchecked') return before.kind === 'unchecked' && before.reason === command.reason
  return (
    before.kind === 'list' &&
    before.tokensDigest === command.tokensDigest &&
    before.keyFingerprint === command.keyFingerprint
  )
}

function inOrder(a: string, b: string): readonly [string, string] {
  return a < b ? [a, b] : [b, a]
}

function refused(code: ErrorCode, text: string): Decision {
  return { events: [], refusal: new SequelaError(code, text) }
}
