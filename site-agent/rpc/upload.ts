// Sending a spooled update from where the coordinator's copy ends, no faster than it is taken.

import { type FileHandle, open } from 'node:fs/promises'
import type { ServiceError } from '@grpc/grpc-js'
import {
  type FederationServiceClient,
  FederationServiceService,
  type UploadUpdateRequest,
  type UploadUpdateResponse,
} from '../../shared/gen/sequela/v1/federation.ts'
import { formatAssignmentId } from '../../shared/protocol/assignment-id.ts'
import { allocateChunk, encodeUploadRequest } from '../../shared/protocol/chunk-codec.ts'
import { drained } from '../../shared/protocol/drained.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { chunkBytes, stalledTransferMs } from '../../shared/protocol/limits.ts'
import type { SpooledUpdate } from '../spool.ts'
import { refusalOf } from './refusal.ts'
import { type Later, watchSilence } from './silence.ts'

export interface TransferOptions {
  readonly signal: AbortSignal
  /** Bytes of the whole, those of earlier attempts included. */
  readonly onProgress: (done: number, total: number) => void
}

export interface UploadOptions extends TransferOptions {
  /** Bytes of the update that have just been handed to the network. */
  readonly onSent?: (bytes: number) => void
}

/** @throws SequelaError the coordinator's refusal, `unreachable`, `cancelled`, `file_unreadable`. */
export async function uploadUpdate(
  client: FederationServiceClient,
  update: SpooledUpdate,
  from: number,
  { signal, onProgress, onSent, later }: UploadOptions & { readonly later: Later },
): Promise<UploadUpdateResponse> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<UploadUpdateResponse>()
  const over = new AbortController()
  const { path, responseDeserialize } = FederationServiceService.uploadUpdate
  const call = client.makeClientStreamRequest(
    path,
    encodeUploadRequest,
    responseDeserialize,
    (error: ServiceError | null, response?: UploadUpdateResponse) => {
      over.abort()
      if (error !== null) reject(refusalOf(error, signal))
      else if (response !== undefined) resolve(response)
      else reject(new SequelaError('message_malformed', 'the coordinator answered nothing'))
    },
  )
  const cancel = (): void => call.cancel()
  const silence = watchSilence(later, stalledTransferMs, cancel)
  signal.addEventListener('abort', cancel, { once: true })
  const send = async (): Promise<void> => {
    for await (const message of messagesOf(update, from)) {
      if (over.signal.aborted) return
      const isTaken = call.write(message)
      onSent?.(message.chunk?.data.byteLength ?? 0)
      if (!isTaken) await drained(call, over.signal)
      silence.heard()
      if (message.chunk !== undefined) onProgress(Number(message.chunk.offset), update.byteLength)
    }
    call.end()
  }
  try {
    const sent = send().catch((error: unknown) => {
      call.cancel()
      throw SequelaError.from(error, 'file_unreadable')
    })
    const [response] = await Promise.all([promise, sent])
    onProgress(update.byteLength, update.byteLength)
    return response
  } finally {
    over.abort()
    silence.stop()
    signal.removeEventListener('abort', cancel)
  }
}

/** The first message names the update; when all bytes are held already, it is the only one. */
async function* messagesOf(update: SpooledUpdate, from: number): AsyncIterable<UploadUpdateRequest> {
  const named = { assignmentId: formatAssignmentId(update.assignment), updateDigest: update.updateDigest }
  if (from >= update.byteLength) return yield { ...named, chunk: undefined }
  const file = await open(update.file, 'r')
  try {
    for (let offset = from; offset < update.byteLength; offset += chunkBytes) {
      const data = allocateChunk(Math.min(chunkBytes, update.byteLength - offset))
      await readWhole(file, offset, data)
      const names = offset === from ? named : { assignmentId: '', updateDigest: '' }
      yield { ...names, chunk: { offset: BigInt(offset), data } }
    }
  } finally {
    await file.close()
  }
}

async function readWhole(file: FileHandle, offset: number, into: Uint8Array): Promise<void> {
  for (let done = 0; done < into.byteLength; ) {
    const { bytesRead } = await file.read(into, done, into.byteLength - done, offset + done)
    if (bytesRead === 0) throw new SequelaError('file_unreadable', 'a spooled update is shorter than it was')
    done += bytesRead
  }
}
