// The coordinator's part in the check for children in two hospitals: it compares lists of tokens without knowing the key.
// Lists lie in the blob store and nowhere else, by their digest; the journal holds that digest and counts that the study
// allows to be shown. With the end of a run its lists are deleted, and a superseded one at once.

import type { Digest } from '../../shared/digest.ts'
import { parseDigest } from '../../shared/digest.ts'
import type { LinkChildrenRequest, LinkChildrenResponse } from '../../shared/gen/sequela/v1/federation.ts'
import type { Log } from '../../shared/log.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import {
  decodeLinkList,
  encodeLinkTokens,
  type LinkToken,
  parseKeyFingerprint,
  parseUncheckedReason,
} from '../../shared/protocol/link-tokens.ts'
import type { CommandLoop } from '../command-loop.ts'
import { linkageRefusal } from '../run/linkage.ts'
import { neededBlobs } from '../run/queries.ts'
import type { Run } from '../run/run.ts'
import { type Blobs, readBlob } from '../store/blobs.ts'
import { answerTo, countShared, type LinkList } from './compare.ts'

export interface LinkageDeps {
  readonly loop: Pick<CommandLoop<never>, 'federation' | 'handle' | 'subscribe'>
  readonly blobs: Pick<Blobs, 'put' | 'open' | 'delete'>
  readonly log: Log
}

export interface Linkage {
  /**
   * Takes what a site says and answers with what concerns its own children.
   * @throws SequelaError `message_malformed`, `study_unknown`, `not_invited`, `study_state`, `linkage_refused`, `disk_full`.
   */
  link(request: LinkChildrenRequest, site: string): Promise<LinkChildrenResponse>
}

const nothingFound: LinkChildrenResponse = {
  ...{ shared: new Uint8Array(), held: new Uint8Array() },
  ...{ keysDiffer: false, settled: false },
}

export function createLinkage({ loop, blobs, log }: LinkageDeps): Linkage {
  /** One list at a time: each is compared with all that came before it. */
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(work)
    last = result.catch(() => undefined)
    return result
  }

  /** Nothing is awaited between looking and deleting. */
  const discard = async (digests: readonly Digest[]): Promise<void> => {
    const needed = neededBlobs(loop.federation())
    await Promise.all(digests.filter((digest) => !needed.has(digest)).map((digest) => blobs.delete(digest)))
  }
  loop.subscribe(({ event }) => {
    if (event.type !== 'run-finished' && event.type !== 'run-cancelled') return
    const lists = loop.federation().runs.get(event.studyDigest)?.linkage.lists ?? []
    const discarding = inTurn(() => discard(lists.map(({ tokensDigest }) => tokensDigest)))
    // What stays behind is deleted at the next start of the coordinator.
    discarding.catch((error: unknown) => log.warn('spent-lists-kept', { reason: SequelaError.from(error).message }))
  })

  const runOf = (studyDigest: Digest, site: string): Run => {
    const refusal = linkageRefusal(loop.federation(), { studyDigest, site })
    const run = loop.federation().runs.get(studyDigest)
    if (refusal !== undefined || run === undefined) throw refusal ?? new Error('a study that is known has no run')
    return run
  }

  const tokensIn = async (digest: Digest): Promise<readonly LinkToken[]> =>
    decodeLinkList(await readBlob(blobs, digest))

  const listsOf = ({ linkage, study: { from } }: Run): Promise<readonly LinkList[]> =>
    Promise.all(
      linkage.lists.map(async ({ site, beforeStart, tokensDigest }) => {
        const trained = from === undefined ? {} : { trained: from.sites.includes(site) }
        return { site, beforeStart, ...trained, tokens: await tokensIn(tokensDigest) }
      }),
    )

  const record = async (
    run: Run,
    { site, keyFingerprint, tokens }: { site: string; keyFingerprint: string; tokens: readonly LinkToken[] },
  ): Promise<void> => {
    const { studyDigest, study, linkage } = run
    const latest = new Map((await listsOf(run)).map((list) => [list.site, list.tokens]))
    const shared = countShared(latest, site, tokens).map(
      ([other, children]) => [other, children < study.policy.minCell ? null : children] as const,
    )
    const tokensDigest = await blobs.put(encodeLinkTokens(tokens))
    const before = linkage.lists.map((list) => list.tokensDigest)
    try {
      const list = { studyDigest, site, keyFingerprint, tokensDigest, tokens: tokens.length, shared }
      await loop.handle({ type: 'record-link-list', ...list })
    } finally {
      await discard([...before, tokensDigest])
    }
  }

  const compare = (
    studyDigest: Digest,
    said: { readonly site: string; readonly keyFingerprint: string; readonly tokens: readonly LinkToken[] },
  ): Promise<LinkChildrenResponse> =>
    inTurn(async () => {
      await record(runOf(studyDigest, said.site), said)
      const run = runOf(studyDigest, said.site)
      const { shared, held } = answerTo(await listsOf(run), said.site, said.tokens)
      const words = [...run.linkage.words.values()]
      return {
        ...{ shared: encodeLinkTokens(shared), held: encodeLinkTokens(held) },
        keysDiffer: words.some((word) => word.kind === 'list' && word.keyFingerprint !== said.keyFingerprint),
        settled: run.phase !== 'proposed',
      }
    })

  return {
    link: async ({ studyDigest: text, answer }, site) => {
      const studyDigest = parseDigest(text)
      if (answer === undefined) throw new SequelaError('message_malformed', 'neither tokens nor a reason was given')
      if (answer.$case === 'list') {
        const keyFingerprint = parseKeyFingerprint(answer.value.keyFingerprint)
        return compare(studyDigest, { site, keyFingerprint, tokens: decodeLinkList(answer.value.tokens) })
      }
      const reason = parseUncheckedReason(answer.value)
      return inTurn(async () => {
        const before = runOf(studyDigest, site).linkage.lists.map(({ tokensDigest }) => tokensDigest)
        await loop.handle({ type: 'record-unchecked', studyDigest, site, reason })
        await discard(before)
        return { ...nothingFound, settled: runOf(studyDigest, site).phase !== 'proposed' }
      })
    },
  }
}
