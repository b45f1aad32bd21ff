// Sending weights from any byte on, a chunk at a time, no faster than the site takes them.

import { type Digest, parseDigest } from '../../shared/digest.ts'
import type { DownloadWeightsRequest, DownloadWeightsResponse } from '../../shared/gen/sequela/v1/federation.ts'
import { allocateChunk } from '../../shared/protocol/chunk-codec.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { chunkBytes, maxConcurrentDownloads, stalledTransferMs } from '../../shared/protocol/limits.ts'
import { byteCount } from '../../shared/protocol/wire.ts'
import { mayDownload } from '../run/queries.ts'
import type { FederationPorts } from './federation-ports.ts'
import type { CallContext, Send } from './handlers.ts'
import { createTurns } from './turns.ts'

export type Download = (
  request: DownloadWeightsRequest,
  send: Send<DownloadWeightsResponse>,
  context: CallContext,
) => Promise<void>

/** How to serve downloads, a limited number at a time; the others wait. */
export function createDownload(ports: FederationPorts): Download {
  const turns = createTurns({ places: maxConcurrentDownloads, patienceMs: stalledTransferMs, ...ports })
  let started = 0
  const verified = createVerified(ports)
  return async (request, send, context) => {
    const name = String(started++)
    await turns.reserve(name, context.signal)
    const leave = turns.begin(name)
    try {
      await download({ ...ports, verified }, request, send, context)
    } finally {
      leave()
    }
  }
}

/** Resolves once a blob has been hashed, which is done once in the life of the process. */
type Verified = (digest: Digest) => Promise<void>

function createVerified({ blobs, log }: Pick<FederationPorts, 'blobs' | 'log'>): Verified {
  const known = new Map<Digest, Promise<void>>()
  const verify = async (digest: Digest): Promise<void> => {
    try {
      await blobs.verify(digest)
    } catch (error) {
      known.delete(digest)
      log.error('blob-not-served', { digest, code: SequelaError.from(error).code })
      throw error
    }
  }
  return (digest) => {
    const before = known.get(digest) ?? verify(digest)
    known.set(digest, before)
    return before
  }
}

/**
 * @throws SequelaError `forbidden` for weights of no study of the site, `offset_mismatch` beyond their end,
 *   `store_corrupt` when they have changed on disk.
 */
async function download(
  ports: FederationPorts & { readonly verified: Verified },
  request: DownloadWeightsRequest,
  send: Send<DownloadWeightsResponse>,
  { peer, signal }: CallContext,
): Promise<void> {
  const digest = parseDigest(request.digest)
  if (!mayDownload(ports.loop.federation(), peer.site, digest)) {
    throw new SequelaError('forbidden', 'these weights belong to no study of this site')
  }
  await ports.verified(digest)
  const reader = await ports.blobs.open(digest)
  try {
    const start = byteCount(request.offset)
    if (start > reader.byteLength) {
      throw new SequelaError(
        'offset_mismatch',
        `the weights have ${reader.byteLength} bytes and byte ${start} was asked for`,
      )
    }
    for (let offset = start; offset < reader.byteLength && !signal.aborted; offset += chunkBytes) {
      const data = allocateChunk(Math.min(chunkBytes, reader.byteLength - offset))
      await reader.read(offset, data)
      await send({ chunk: { offset: BigInt(offset), data } })
    }
  } finally {
    await reader.close()
  }
}
