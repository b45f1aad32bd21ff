// Fetching weights into a file, from the byte where an earlier attempt ended, also one before a restart of the agent.

import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Digest } from '../../shared/digest.ts'
import type { DownloadWeightsResponse, FederationServiceClient } from '../../shared/gen/sequela/v1/federation.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { createInbox } from '../../shared/protocol/inbox.ts'
import { stalledTransferMs } from '../../shared/protocol/limits.ts'
import { byteCount } from '../../shared/protocol/wire.ts'
import { digestOfFile } from '../file-digest.ts'
import { callFailure } from './refusal.ts'
import { type Later, watchSilence } from './silence.ts'
import type { TransferOptions } from './upload.ts'

export interface WantedWeights {
  readonly digest: Digest
  readonly byteLength: number
  /** Where they go, whole and checked or not at all; beside it lies what has come so far. */
  readonly file: string
}

/** @throws SequelaError the coordinator's refusal, `unreachable`, `cancelled`, `digest_mismatch`. */
export async function downloadWeights(
  client: FederationServiceClient,
  wanted: WantedWeights,
  options: TransferOptions & { readonly later: Later },
): Promise<void> {
  const { digest, byteLength, file } = wanted
  const partial = `${file}.partial`
  if (((await sizeOf(partial)) ?? 0) > byteLength) await rm(partial)
  const from = await goOn(client, wanted, partial, options)
  if ((await digestOfFile(partial)) === digest) return rename(partial, file)
  await rm(partial)
  // What lay here from an earlier attempt was damaged; then all of it is fetched once more.
  if (from > 0) return downloadWeights(client, wanted, options)
  throw new SequelaError('digest_mismatch', 'the weights that came are not the ones that were announced')
}

/** Fetches what is missing, durably. Returns how many bytes lay there before. */
async function goOn(
  client: FederationServiceClient,
  { digest, byteLength }: WantedWeights,
  partial: string,
  options: TransferOptions & { readonly later: Later },
): Promise<number> {
  // The cache may be deleted at any time.
  await mkdir(dirname(partial), { recursive: true, mode: 0o700 })
  const handle = await open(partial, 'a', 0o600)
  try {
    const { size } = await handle.stat()
    await receive(client, { digest, byteLength, from: size }, handle, options)
    await handle.sync()
    return size
  } finally {
    await handle.close()
  }
}

async function receive(
  client: FederationServiceClient,
  { digest, byteLength, from }: { readonly digest: Digest; readonly byteLength: number; readonly from: number },
  file: FileHandle,
  { signal, onProgress, later }: TransferOptions & { readonly later: Later },
): Promise<void> {
  if (from === byteLength) return
  signal.throwIfAborted()
  const call = client.downloadWeights({ digest, offset: BigInt(from) })
  const cancel = (): void => call.cancel()
  const silence = watchSilence(later, stalledTransferMs, cancel)
  signal.addEventListener('abort', cancel, { once: true })
  const closed = (): SequelaError => new SequelaError('unreachable', 'the download ended without a word')
  const inbox = createInbox<DownloadWeightsResponse>(call, closed)
  let offset = from
  try {
    for (let message = await inbox.next(); message !== undefined; message = await inbox.next()) {
      silence.heard()
      const { chunk } = message
      if (chunk === undefined) continue
      if (byteCount(chunk.offset) !== offset || offset + chunk.data.byteLength > byteLength) {
        throw new SequelaError('offset_mismatch', 'the coordinator sent other bytes than were asked for')
      }
      await writeWhole(file, chunk.data)
      offset += chunk.data.byteLength
      onProgress(offset, byteLength)
    }
  } catch (error) {
    throw callFailure(error, signal)
  } finally {
    call.cancel()
    silence.stop()
    signal.removeEventListener('abort', cancel)
  }
  if (offset !== byteLength)
    throw new SequelaError('unreachable', `the weights ended at byte ${offset}; they go on later`)
}

async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, done)
    done += bytesWritten
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    (info) => info.size,
    () => undefined,
  )
}
