// An upload's bytes on their way to disk: each chunk exactly where the one before ended, and at the end the whole blob
// under its hash, durable. What came before a line broke stays for the next attempt.

import type { UploadUpdateRequest } from '../../shared/gen/sequela/v1/federation.ts'
import type { Chunk } from '../../shared/gen/sequela/v1/weights.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { Inbox } from '../../shared/protocol/inbox.ts'
import { stalledTransferMs } from '../../shared/protocol/limits.ts'
import { byteCount } from '../../shared/protocol/wire.ts'
import type { UpdateAnnouncement } from '../run/run.ts'
import { createBatchWriter } from './batch-writer.ts'
import type { FederationPorts } from './federation-ports.ts'
import { partialKeyOf } from './partial-uploads.ts'

/**
 * Stores the update's chunks from `first` on.
 * @throws SequelaError `offset_mismatch`, `update_too_large`, `digest_mismatch`, `deadline_exceeded`, `disk_full`,
 *   `too_busy`, `cancelled`.
 */
export async function storeChunks(
  { blobs, clock, timer }: Pick<FederationPorts, 'blobs' | 'clock' | 'timer'>,
  update: UpdateAnnouncement,
  first: UploadUpdateRequest,
  rest: Inbox<UploadUpdateRequest>,
): Promise<void> {
  const { byteLength } = update
  const partial = await blobs.openPartial(partialKeyOf(update), byteLength)
  const startedAt = partial.offset
  const writer = createBatchWriter((chunks) => partial.write(...chunks))
  let held = startedAt
  let finishing = false
  try {
    for (let message: UploadUpdateRequest | undefined = first; message !== undefined; ) {
      if (message.chunk !== undefined) {
        requireNext(message.chunk, held, byteLength)
        held += message.chunk.data.byteLength
        await writer.add(message.chunk.data)
      }
      const callOff = timer.callAt(clock.now() + stalledTransferMs, () => rest.giveUp(stalled()))
      message = await rest.next().finally(callOff)
    }
    if (held < byteLength) {
      throw new SequelaError('offset_mismatch', `the upload ended at byte ${held} of ${byteLength}`)
    }
    await writer.flush()
    finishing = true
    await partial.finish(update.updateDigest, byteLength)
  } catch (error) {
    if (startedAt > 0 && error instanceof SequelaError && error.code === 'digest_mismatch') {
      const message = 'the bytes held from an earlier attempt were damaged and are gone; send the update again'
      throw new SequelaError('offset_mismatch', message, { cause: error })
    }
    throw error
  } finally {
    if (!finishing) {
      await writer.flush().catch(() => {})
      await partial.close()
    }
  }
}

function requireNext(chunk: Chunk, held: number, byteLength: number): void {
  const offset = byteCount(chunk.offset)
  if (offset !== held) {
    throw new SequelaError('offset_mismatch', `a chunk begins at byte ${offset} and ${held} bytes are held`)
  }
  if (offset + chunk.data.byteLength > byteLength) {
    throw new SequelaError('update_too_large', `more than the ${byteLength} bytes that were announced`)
  }
}

function stalled(): SequelaError {
  return new SequelaError('deadline_exceeded', 'nothing came for two minutes; continue where it stopped')
}
