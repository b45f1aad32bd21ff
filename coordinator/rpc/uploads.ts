// Receiving updates: announced, resumed at the byte, made durable, admitted, counted. Blob, then event, then reply.

import { type Digest, parseDigest, sha256 } from '../../shared/digest.ts'
import type { BeginUpdateRequest, Receipt, UploadUpdateRequest } from '../../shared/gen/sequela/v1/federation.ts'
import { modelManifest } from '../../shared/model/parameters.ts'
import { type AssignmentKey, formatAssignmentId, parseAssignmentId } from '../../shared/protocol/assignment-id.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { maxConcurrentUploads, stalledTransferMs } from '../../shared/protocol/limits.ts'
import { announcedUpdateOf, byteCount } from '../../shared/protocol/wire.ts'
import type { Study } from '../../shared/study/study.ts'
import { encodedByteLength } from '../../shared/weights/safetensors.ts'
import { admitUpdate } from '../admission/admission.ts'
import type { UpdateAnnouncement } from '../run/run.ts'
import type { FederationPorts } from './federation-ports.ts'
import type { CallContext, MessageStream } from './handlers.ts'

export interface Uploads {
  begin(request: BeginUpdateRequest, context: CallContext): Promise<{ readonly continueAt: bigint } | Receipt>
  receive(requests: MessageStream<UploadUpdateRequest>, context: CallContext): Promise<Receipt>
}

export function createUploads(ports: FederationPorts): Uploads {
  /** Updates that were announced since this process started; an agent announces anew on every attempt. */
  const announced = new Map<string, UpdateAnnouncement>()
  let receiving = 0

  const receiptOf = (announcement: UpdateAnnouncement): Receipt => {
    const index = ports.loop.journalIndexOf(announcement)
    if (index === undefined) throw new Error('a counted update is not in the journal')
    return {
      assignmentId: formatAssignmentId(announcement),
      updateDigest: announcement.updateDigest,
      journalIndex: BigInt(index),
    }
  }

  const studyOf = (key: AssignmentKey): Study => {
    const run = ports.loop.federation().runs.get(key.studyDigest)
    if (run === undefined) throw new SequelaError('study_unknown', 'there is no such study at this coordinator')
    return run.study
  }

  const isCounted = (announcement: UpdateAnnouncement): boolean => ports.loop.journalIndexOf(announcement) !== undefined

  /** Checks stored bytes and counts them; a refusal for what they hold is recorded. */
  const count = async (announcement: UpdateAnnouncement): Promise<Receipt> => {
    const study = studyOf(announcement)
    const reader = await ports.blobs.open(announcement.updateDigest)
    let norm: number
    try {
      const admitted = await admitUpdate({
        reader,
        manifest: modelManifest(study.model.preset),
        maxUpdateNorm: study.policy.maxUpdateNorm,
      })
      norm = admitted.norm
    } catch (error) {
      if (error instanceof SequelaError) await refuse(announcement, error)
      throw error
    } finally {
      await reader.close()
    }
    await ports.loop.handle({ type: 'count-update', ...announcement, norm })
    announced.delete(keyOf(announcement))
    return receiptOf(announcement)
  }

  const refuse = async (announcement: UpdateAnnouncement, { code, message: reason }: SequelaError): Promise<void> => {
    const { studyDigest, stage, round, site } = announcement
    announced.delete(keyOf(announcement))
    await ports.loop.handle({ type: 'refuse-update', studyDigest, stage, round, site, code, reason })
  }

  return {
    begin: async (request, { peer }) => {
      const announcement: UpdateAnnouncement = { ...announcedUpdateOf(request), site: peer.site }
      const study = studyOf(announcement)
      requireLargeCells(announcement, study)
      const expectedByteLength = encodedByteLength(modelManifest(study.model.preset))
      await ports.loop.handle({ type: 'announce-update', ...announcement, expectedByteLength })
      if (isCounted(announcement)) return receiptOf(announcement)
      announced.set(keyOf(announcement), announcement)
      if (await ports.blobs.has(announcement.updateDigest)) return { continueAt: BigInt(announcement.byteLength) }
      return { continueAt: BigInt(await ports.blobs.partialOffset(keyOf(announcement))) }
    },

    receive: async (requests, { peer, signal }) => {
      if (receiving >= maxConcurrentUploads) {
        throw new SequelaError('too_busy', `${receiving} uploads are being received; try again in a moment`)
      }
      receiving++
      try {
        const announcement = await storeUpload(ports, announced, requests, { site: peer.site, signal })
        return isCounted(announcement) ? receiptOf(announcement) : await count(announcement)
      } finally {
        receiving--
      }
    },
  }
}

/** Appends chunks to the partial blob, each exactly where the one before ended; returns what was announced. */
async function storeUpload(
  ports: FederationPorts,
  announced: ReadonlyMap<string, UpdateAnnouncement>,
  requests: MessageStream<UploadUpdateRequest>,
  { site, signal }: { readonly site: string; readonly signal: AbortSignal },
): Promise<UpdateAnnouncement> {
  const messages = withStallLimit(requests, signal)[Symbol.asyncIterator]()
  const first = await messages.next()
  if (first.done) throw new SequelaError('message_malformed', 'the upload holds nothing')
  const key = keyOf({
    ...parseAssignmentId(first.value.assignmentId),
    site,
    updateDigest: parseDigest(first.value.updateDigest),
  })
  const announcement = announced.get(key)
  if (announcement === undefined) {
    throw new SequelaError('offset_mismatch', 'this update was not announced to this process; begin it again')
  }
  if (await ports.blobs.has(announcement.updateDigest)) return announcement
  const partial = await ports.blobs.openPartial(key, announcement.byteLength)
  let whole = false
  try {
    let message: IteratorResult<UploadUpdateRequest, unknown> = first
    for (; !message.done; message = await messages.next()) {
      const { chunk } = message.value
      if (chunk === undefined || chunk.data.byteLength === 0) continue
      const offset = byteCount(chunk.offset)
      if (offset !== partial.offset) {
        throw new SequelaError(
          'offset_mismatch',
          `a chunk begins at byte ${offset} and ${partial.offset} bytes are held`,
        )
      }
      if (offset + chunk.data.byteLength > announcement.byteLength) {
        throw new SequelaError('update_too_large', `more than the ${announcement.byteLength} bytes that were announced`)
      }
      await partial.write(chunk.data)
    }
    if (partial.offset < announcement.byteLength) {
      throw new SequelaError(
        'offset_mismatch',
        `the upload ended at byte ${partial.offset} of ${announcement.byteLength}`,
      )
    }
    whole = true
    await partial.finish(announcement.updateDigest, announcement.byteLength)
  } finally {
    if (!whole) await partial.close()
  }
  return announcement
}

/** Messages of a stream, ending with `deadline_exceeded` when none comes for too long, and with `cancelled` at the signal. */
async function* withStallLimit<Message>(stream: MessageStream<Message>, signal: AbortSignal): AsyncIterable<Message> {
  const messages = stream[Symbol.asyncIterator]()
  for (;;) {
    const { promise: stopped, reject } = Promise.withResolvers<never>()
    stopped.catch(() => {})
    const stalled = setTimeout(
      () => reject(new SequelaError('deadline_exceeded', 'nothing came for two minutes; continue where it stopped')),
      stalledTransferMs,
    )
    const cancel = (): void => reject(new SequelaError('cancelled', 'the caller has gone'))
    if (signal.aborted) cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      const next = await Promise.race([messages.next(), stopped])
      if (next.done) return
      yield next.value
    } finally {
      clearTimeout(stalled)
      signal.removeEventListener('abort', cancel)
    }
  }
}

/** A number over too few children may point at one of them; a site of ours withholds it, a changed one is refused. */
function requireLargeCells(announcement: UpdateAnnouncement, { policy }: Study): void {
  const small = announcement.metrics.find((metric) => metric.children < policy.minCell)
  if (small === undefined) return
  const message = `${small.name} rests on ${small.children} children and the study asks for ${policy.minCell}`
  throw new SequelaError('too_few_children', `${message}; it should have been withheld at the site`)
}

/** Name of the partial blob: one for each site, round and content. */
function keyOf(update: AssignmentKey & { readonly site: string; readonly updateDigest: Digest }): string {
  return sha256(`${formatAssignmentId(update)}\n${update.site}\n${update.updateDigest}`)
}
