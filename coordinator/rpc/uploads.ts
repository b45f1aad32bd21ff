// Receiving updates: announced, resumed at the byte, made durable, admitted, counted. Blob, then event, then reply.

import { type Digest, parseDigest } from '../../shared/digest.ts'
import type { BeginUpdateRequest, Receipt, UploadUpdateRequest } from '../../shared/gen/sequela/v1/federation.ts'
import { type AssignmentKey, formatAssignmentId, parseAssignmentId } from '../../shared/protocol/assignment-id.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { Inbox } from '../../shared/protocol/inbox.ts'
import { maxConcurrentUploads, uploadTurnMs } from '../../shared/protocol/limits.ts'
import { announcedUpdateOf } from '../../shared/protocol/wire.ts'
import type { Study } from '../../shared/study/study.ts'
import { encodedByteLength } from '../../shared/weights/safetensors.ts'
import { admitUpdate } from '../admission/admission.ts'
import { admitAnswer } from '../admission/admit-answer.ts'
import { requireLargeCells } from '../admission/large-cells.ts'
import { judge } from '../run/announcement.ts'
import { lastMoments, neededBlobs } from '../run/queries.ts'
import { currentRound, findRound, updatesOf } from '../run/rounds.ts'
import type { Federation, PublishedRound, Round, UpdateAnnouncement } from '../run/run.ts'
import type { BlobReader } from '../store/blobs.ts'
import type { FederationPorts } from './federation-ports.ts'
import type { CallContext } from './handlers.ts'
import { discardOthers, discardStale, partialKeyOf, placeOf } from './partial-uploads.ts'
import { createTurns } from './turns.ts'
import { storeChunks } from './upload-chunks.ts'

export interface Uploads {
  begin(request: BeginUpdateRequest, context: CallContext): Promise<{ readonly continueAt: bigint } | Receipt>
  receive(requests: Inbox<UploadUpdateRequest>, context: CallContext): Promise<Receipt>
}

/** An upload that is being received; `giveUp` makes room for the same site's next attempt. */
interface Reception {
  readonly giveUp: () => void
  readonly ended: Promise<unknown>
}

/** A round that takes no updates any more. */
interface Over {
  readonly studyDigest: Digest
  readonly round: PublishedRound | Round
}

export function createUploads(ports: FederationPorts): Uploads {
  const { loop, blobs } = ports
  const turns = createTurns({ places: maxConcurrentUploads, patienceMs: uploadTurnMs, ...ports })
  /** What was announced since this process started, by place; an agent announces anew on every attempt. */
  const announced = new Map<string, UpdateAnnouncement>()
  const receptions = new Map<string, Reception>()
  /** Updates that are stored whole and may count when their site asks again, by place. */
  const waiting = new Map<string, Digest>()

  /**
   * Deletes updates, but for those that are needed, for another round perhaps, or that another site is delivering just now.
   * Nothing is awaited between looking and deleting.
   */
  const discardSpent = async (digests: readonly Digest[], by?: UpdateAnnouncement): Promise<void> => {
    const delivered = [...announced].filter(([place, update]) => receptions.has(place) && update !== by)
    const kept = new Set([...neededBlobs(loop.federation()), ...delivered.map(([, update]) => update.updateDigest)])
    await Promise.all(digests.filter((digest) => !kept.has(digest)).map((digest) => blobs.delete(digest)))
  }
  const sweep = async (over?: Over): Promise<void> => {
    await discardStale(blobs, loop.federation(), (place) => receptions.has(place))
    if (over === undefined) return
    const run = loop.federation().runs.get(over.studyDigest)
    const spent = [...updatesOf(over.round), ...(run === undefined ? [] : lastMoments(run)), ...forget(over)]
    await discardSpent(spent)
  }
  /** Forgets what was announced for a round; returns what is stored for it and cannot count any more. */
  const forget = ({ studyDigest, round }: Over): readonly Digest[] =>
    [...round.sites.keys()].flatMap((site) => {
      const place = placeOf({ studyDigest, ...round, site })
      announced.delete(place)
      return takeWaiting(place)
    })
  const takeWaiting = (place: string): readonly Digest[] => {
    const digest = waiting.get(place)
    waiting.delete(place)
    return digest === undefined ? [] : [digest]
  }
  /** What could not be deleted goes at the next start; nobody is refused for it. */
  const orWarn = (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => ports.log.warn('spent-updates-kept', { reason: SequelaError.from(error).message }))
  loop.subscribe(({ event }) => {
    if (event.type !== 'weights-published' && event.type !== 'weights-chosen' && event.type !== 'run-cancelled') return
    const run = loop.federation().runs.get(event.studyDigest)
    const round = run && (event.type === 'run-cancelled' ? currentRound(run) : findRound(run, event))
    void orWarn(sweep(round && { studyDigest: event.studyDigest, round }))
  })
  void orWarn(sweep())

  /** The receipt of an update that counts; undefined while it does not. */
  const receiptOf = (update: UpdateAnnouncement): Receipt | undefined => {
    const index = loop.journalIndexOf(update)
    if (index === undefined) return undefined
    return {
      assignmentId: formatAssignmentId(update),
      updateDigest: update.updateDigest,
      journalIndex: BigInt(index),
    }
  }

  const studyOf = (key: AssignmentKey): Study => {
    const run = loop.federation().runs.get(key.studyDigest)
    if (run === undefined) throw new SequelaError('study_unknown', 'there is no such study at this coordinator')
    return run.study
  }

  /** Ends an attempt that is still open, perhaps on a line that died unnoticed, and waits until its bytes are stored. */
  const takeOver = async (place: string): Promise<void> => {
    const reception = receptions.get(place)
    reception?.giveUp()
    await reception?.ended
  }

  /** Checks stored bytes and counts them; a refusal for what they hold is recorded. */
  const count = async (update: UpdateAnnouncement): Promise<Receipt> => {
    const study = studyOf(update)
    const reader = await blobs.open(update.updateDigest)
    try {
      const norm = await admit(reader, update, study)
      await loop.handle({ type: 'count-update', ...update, norm })
    } catch (error) {
      if (error instanceof SequelaError && contentRefusals.has(error.code)) await recordRefusal(update, error)
      throw error
    } finally {
      await reader.close()
    }
    const receipt = receiptOf(update)
    if (receipt === undefined) throw new Error('an update was counted and is not in the journal')
    return receipt
  }

  /** @returns the norm of an update; 0 of an answer, which has none. */
  const admit = async (reader: BlobReader, update: UpdateAnnouncement, study: Study): Promise<number> => {
    const { maxUpdateNorm, minCell } = study.policy
    if (isAnswer(loop.federation(), update)) {
      await admitAnswer(reader, update, minCell)
      return 0
    }
    return (await admitUpdate({ reader, manifest: ports.manifestOf(study), maxUpdateNorm })).norm
  }

  const recordRefusal = async (update: UpdateAnnouncement, refusal: SequelaError): Promise<void> => {
    const { studyDigest, stage, round, site } = update
    const { code, message: reason } = refusal
    await loop.handle({ type: 'refuse-update', studyDigest, stage, round, site, code, reason })
  }

  const receive = async (
    update: UpdateAnnouncement,
    first: UploadUpdateRequest,
    rest: Inbox<UploadUpdateRequest>,
  ): Promise<Receipt> => {
    const leave = turns.begin(placeOf(update))
    try {
      if (!(await blobs.has(update.updateDigest))) await storeChunks(ports, update, first, rest)
      return await countOrDiscard(update)
    } finally {
      leave()
    }
  }

  /**
   * A stored update that does not come to count is deleted, unless the same bytes may count when the site asks again, as
   * after a full disk; so is one that counted in a round that is over by now.
   */
  const countOrDiscard = async (update: UpdateAnnouncement): Promise<Receipt> => {
    const place = placeOf(update)
    waiting.delete(place)
    try {
      return receiptOf(update) ?? (await count(update))
    } catch (error) {
      const isBad = error instanceof SequelaError && contentRefusals.has(error.code)
      if (!isBad && judge(loop.federation(), update, {}).kind === 'wanted') waiting.set(place, update.updateDigest)
      throw error
    } finally {
      if (!waiting.has(place)) await orWarn(discardSpent([update.updateDigest], update))
    }
  }

  return {
    begin: async (request, { peer, signal }) => {
      const update: UpdateAnnouncement = { ...announcedUpdateOf(request), site: peer.site }
      const study = studyOf(update)
      const place = placeOf(update)
      requireLargeCells(update.metrics, study)
      const expectedByteLength = encodedByteLength(ports.manifestOf(study))
      await loop.handle({ type: 'announce-update', ...update, expectedByteLength })
      const receipt = receiptOf(update)
      if (receipt !== undefined) return receipt
      await takeOver(place)
      // The attempt that was open may have been counted while it ended.
      const receiptSince = receiptOf(update)
      if (receiptSince !== undefined) return receiptSince
      await turns.reserve(place, signal)
      announced.set(place, update)
      if (waiting.get(place) !== update.updateDigest) await orWarn(discardSpent(takeWaiting(place)))
      if (await blobs.has(update.updateDigest)) return { continueAt: BigInt(update.byteLength) }
      await discardOthers(blobs, update)
      return { continueAt: BigInt(await blobs.partialOffset(partialKeyOf(update))) }
    },

    receive: async (requests, { peer }) => {
      const first = await requests.next()
      if (first === undefined) throw new SequelaError('message_malformed', 'the upload holds nothing')
      const place = placeOf({ ...parseAssignmentId(first.assignmentId), site: peer.site })
      const update = announced.get(place)
      if (update === undefined || update.updateDigest !== parseDigest(first.updateDigest)) {
        throw new SequelaError('offset_mismatch', 'this update was not announced to this process; begin it again')
      }
      await takeOver(place)
      const receiving = receive(update, first, requests)
      const reception = {
        giveUp: () => requests.giveUp(new SequelaError('too_busy', 'a later call has taken this upload over')),
        ended: receiving.catch(() => {}),
      }
      receptions.set(place, reception)
      try {
        return await receiving
      } finally {
        if (receptions.get(place) === reception) receptions.delete(place)
      }
    },
  }
}

/** What is found in the bytes themselves, so that the site settles as refused. */
const contentRefusals: ReadonlySet<string> = new Set([
  'weights_malformed',
  'manifest_invalid',
  'shape_mismatch',
  'not_finite',
  'norm_exceeded',
  'answer_malformed',
  'too_few_children',
])

/** Whether the round asks for an answer to a pass of an evaluation, not for a difference of weights. */
function isAnswer(federation: Federation, update: UpdateAnnouncement): boolean {
  const run = federation.runs.get(update.studyDigest)
  return run !== undefined && findRound(run, update)?.purpose === 'pass'
}
