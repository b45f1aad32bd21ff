// The site's part in the check for children in two hospitals: hashes of its children's identifiers go out through egress, and
// the children that another hospital keeps are written down (linkage-record.ts), so that no cohort holds them any more.

import type { Clock } from '../../shared/clock.ts'
import type { Digest } from '../../shared/digest.ts'
import type { Log } from '../../shared/log.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { LinkToken, UncheckedReason } from '../../shared/protocol/link-tokens.ts'
import type { StudyFile } from '../../shared/study/study.ts'
import type { Egress, SealedLinks } from '../egress.ts'
import { keyFingerprint, readLinkSecrets } from './link-key.ts'
import { type LinkageOutcome, readLinkageRecord, recordLinkage } from './linkage-record.ts'
import { filledUp, linkTokenOf } from './tokens.ts'

/** What the coordinator says of the tokens that it was sent. */
export interface LinkAnswer {
  readonly shared: readonly LinkToken[]
  readonly held: readonly LinkToken[]
  readonly keysDiffer: boolean
  /** The study has begun, and the answer stays as it is. */
  readonly settled: boolean
}

export interface LinkageClient {
  linkChildren(links: SealedLinks): Promise<LinkAnswer>
}

export interface Linkage {
  /**
   * Before a study's children are used: asks which of them another hospital keeps, unless that is settled.
   * @throws SequelaError as tables, key file and coordinator do; then the children are not to be used.
   */
  settle(study: StudyFile, client: LinkageClient): Promise<void>
  /** Long before that: names the children, so that hospitals know of one another when the study starts. Never throws. */
  announce(studies: readonly StudyFile[], client: LinkageClient): Promise<void>
}

export interface LinkageDeps {
  /** Identifiers that hospitals share, by `participant_id`; undefined where the site has none. */
  readonly identifiers: (study: StudyFile) => Promise<ReadonlyMap<string, string> | undefined>
  readonly keyFile: string
  readonly recordFile: string
  readonly egress: Pick<Egress, 'sealLinks'>
  readonly clock: Clock
  readonly log: Log
}

export function createLinkage(deps: LinkageDeps): Linkage {
  /** Of this life of the agent: what has been answered for good, and what need not be announced again. */
  const settled = new Set<Digest>()
  const announced = new Set<Digest>()
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const result = last.then(work)
    last = result.catch(() => undefined)
    return result
  }

  const ask = async (study: StudyFile, client: LinkageClient): Promise<void> => {
    const at = new Date(deps.clock.now()).toISOString()
    const name = study.study.study
    const own = await ownTokens(deps, study)
    const answer = await client.linkChildren(await deps.egress.sealLinks(own.links))
    const before = (await readLinkageRecord(deps.recordFile))[study.digest]
    if (own.links.kind === 'unchecked') {
      const { reason } = own.links
      const known = { held: before?.held ?? [], kept: before?.kept ?? [] }
      await recordLinkage(deps.recordFile, study.digest, { kind: 'unchecked', at, name, reason, ...known })
      deps.log.warn('children-not-linked', { digest: study.digest, reason })
    } else {
      const { keyFingerprint } = own.links
      const answered = namesOf(own.names, answer.held)
      const held = [...new Set([...answered, ...unanswered(before, keyFingerprint, own.names)])].toSorted()
      const kept = namesOf(own.names, answer.shared).filter((child) => !held.includes(child))
      const { keysDiffer } = answer
      const found = { children: own.names.size, held, kept, keysDiffer }
      await recordLinkage(deps.recordFile, study.digest, { kind: 'compared', at, name, keyFingerprint, ...found })
      deps.log.info('children-linked', { digest: study.digest, children: own.names.size, count: held.length })
    }
    announced.add(study.digest)
    if (answer.settled) settled.add(study.digest)
  }

  return {
    settle: (study, client) =>
      inTurn(async () => {
        if (study.study.policy.linkage !== undefined && !settled.has(study.digest)) await ask(study, client)
      }),
    announce: async (studies, client) => {
      for (const study of studies.filter(({ study: { policy } }) => policy.linkage !== undefined)) {
        await inTurn(async () => {
          if (!announced.has(study.digest)) await ask(study, client)
        }).catch((error: unknown) => {
          const { code } = SequelaError.from(error)
          // It is over, and will not begin again.
          if (code === 'study_state') announced.add(study.digest)
          else deps.log.warn('link-failed', { digest: study.digest, code })
        })
      }
    },
  }
}

/**
 * Children that were held back and of whom the answer does not speak: their identifier is gone from the table, or the key is
 * another one. The other hospital still trains on them, so in doubt they stay out.
 */
function unanswered(
  before: LinkageOutcome | undefined,
  keyFingerprint: string,
  names: ReadonlyMap<LinkToken, string>,
): readonly string[] {
  const asked = new Set(names.values())
  const isSameKey = before?.kind === 'compared' && before.keyFingerprint === keyFingerprint
  return (before?.held ?? []).filter((child) => !isSameKey || !asked.has(child))
}

/** What is to be said, and which child each token stands for. */
async function ownTokens(
  { keyFile, identifiers }: LinkageDeps,
  study: StudyFile,
): Promise<{ readonly links: SealedLinks; readonly names: ReadonlyMap<LinkToken, string> }> {
  const studyDigest = study.digest
  const unchecked = (reason: UncheckedReason) =>
    ({ links: { kind: 'unchecked', studyDigest, reason }, names: new Map() }) as const
  const secrets = await readLinkSecrets(keyFile)
  if (secrets === undefined) return unchecked('no-key')
  const known = await identifiers(study)
  if (known === undefined || known.size === 0) return unchecked('no-identifiers')
  const names = new Map([...known].map(([child, id]) => [linkTokenOf(secrets.key, studyDigest, id), child]))
  const tokens = filledUp(names.keys(), secrets.filling, studyDigest)
  return { links: { kind: 'list', studyDigest, keyFingerprint: keyFingerprint(secrets.key), tokens }, names }
}

function namesOf(names: ReadonlyMap<LinkToken, string>, tokens: readonly LinkToken[]): string[] {
  return tokens
    .map((token) => {
      const child = names.get(token)
      if (child !== undefined) return child
      throw new SequelaError('message_malformed', 'the coordinator answered about a child that this site has not named')
    })
    .toSorted()
}
