// Updates on their way in, from a site's real client or from one that does it wrong, over real TLS.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { credentials, type ServiceError } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import {
  FederationServiceClient,
  type UploadUpdateRequest,
  type UploadUpdateResponse,
} from '../../shared/gen/sequela/v1/federation.ts'
import { formatAssignmentId } from '../../shared/protocol/assignment-id.ts'
import { chunkBytes, errorCodeKey } from '../../shared/protocol/limits.ts'
import { encodeSafetensors } from '../../shared/weights/safetensors.ts'
import { type CoordinatorClient, createCoordinatorClient } from '../../site-agent/coordinator-client.ts'
import type { SiteIdentity } from '../../site-agent/identity-file.ts'
import type { SpooledUpdate } from '../../site-agent/spool.ts'
import { startTcpRelay } from '../../test/support/tcp-relay.ts'
import { type LiveFederation, startLiveFederation, weightsOf } from '../testsupport/live-federation.ts'
import { spooledUpdate } from '../testsupport/spooled-update.ts'

const quietly = () => ({ signal: new AbortController().signal, onProgress: () => {} })

let live: LiveFederation
let identity: SiteIdentity
let client: CoordinatorClient
beforeEach(async () => {
  live = await startLiveFederation()
  identity = await live.enrol('a')
  client = createCoordinatorClient(identity)
})
afterEach(async () => {
  client.close()
  await live.close()
})

const settlement = () => {
  const run = live.loop.federation().runs.get(live.studyDigest)
  return run?.phase === 'running' ? run.current.sites.get('a') : undefined
}

const partials = () => readdir(join(live.folder, 'store', 'partial'))

/** Announces `update` and sends exactly these messages; resolves with the refusal's code, or `counted`. */
async function send(update: SpooledUpdate, messages: readonly Partial<UploadUpdateRequest>[]): Promise<string> {
  await announce(update)
  return sendOnly(messages)
}

function announce(update: SpooledUpdate): Promise<unknown> {
  const never = AbortSignal.abort()
  return client.deliver(update, { ...quietly(), signal: never }).catch(() => {})
}

function sendOnly(messages: readonly Partial<UploadUpdateRequest>[]): Promise<string> {
  const { rootPem, privateKeyPem, certificateChainPem, federationAddress } = identity
  const [root, key, chain] = [rootPem, privateKeyPem, certificateChainPem].map((pem) => Buffer.from(pem))
  const raw = new FederationServiceClient(federationAddress, credentials.createSsl(root, key, chain))
  return new Promise<string>((resolve) => {
    const call = raw.uploadUpdate((error: ServiceError | null, _: UploadUpdateResponse | undefined) =>
      resolve(error === null ? 'counted' : String(error.metadata.get(errorCodeKey)[0])),
    )
    for (const message of messages) call.write({ assignmentId: '', updateDigest: '', chunk: undefined, ...message })
    call.end()
  }).finally(() => raw.close())
}

const namesOf = (update: SpooledUpdate) => ({
  assignmentId: formatAssignmentId(update.assignment),
  updateDigest: update.updateDigest,
})

const chunk = (offset: number, byteLength: number) => ({
  chunk: { offset: BigInt(offset), data: new Uint8Array(byteLength) },
})

describe('an update', () => {
  test('is durable and in the journal when its receipt comes, and delivering it again changes nothing', async () => {
    const update = await spooledUpdate(live, 7)
    const receipt = await client.deliver(update, quietly())
    expect(settlement()).toMatchObject({ kind: 'counted', updateDigest: update.updateDigest })
    await live.blobs.verify(update.updateDigest)
    expect(await partials()).toEqual([])
    expect(await client.deliver(update, quietly())).toEqual({ journalIndex: receipt.journalIndex, bytesSent: 0 })
  })

  test('is deleted when the average it is part of is published, and its site still gets its receipt', async () => {
    const updates = [await spooledUpdate(live, 7), await spooledUpdate(live, 8), await spooledUpdate(live, 9)]
    const clients = [client, ...['b', 'c'].map(async (site) => createCoordinatorClient(await live.enrol(site)))]
    for (const [i, update] of updates.entries()) await (await clients[i])?.deliver(update, quietly())
    expect(await live.blobs.list()).toHaveLength(4)
    const weightsDigest = await live.blobs.put(Buffer.from('the average'))
    const at = { studyDigest: live.studyDigest, stage: 0, round: 0 }
    await live.loop.handle({ type: 'publish-weights', ...at, weightsDigest, clipped: new Map() })
    while ((await live.blobs.list()).length > 2) await new Promise((resolve) => setImmediate(resolve))
    expect(await live.blobs.list()).toEqual([live.base.digest, weightsDigest].sort())
    for (const [i, update] of updates.entries()) {
      const one = await clients[i]
      expect(await one?.deliver(update, quietly())).toMatchObject({ bytesSent: 0 })
      one?.close()
    }
  })

  test('stays as it is when the site sends another one for the same round', async () => {
    const update = await spooledUpdate(live, 7)
    await client.deliver(update, quietly())
    await expect(client.deliver(await spooledUpdate(live, 8), quietly())).rejects.toMatchObject({
      code: 'duplicate_update',
    })
    expect(settlement()).toMatchObject({ kind: 'counted', updateDigest: update.updateDigest })
  })

  test.each<[string, string, (live: LiveFederation) => Promise<SpooledUpdate>]>([
    [
      'holds NaN',
      'not_finite',
      (federation) => {
        const weights = weightsOf(federation.manifest, 1)
        weights.values[weights.values.length - 1] = Number.NaN
        return spooledUpdate(federation, 1, encodeSafetensors(weights))
      },
    ],
    [
      'has other parameters',
      'shape_mismatch',
      (federation) => {
        const [only] = federation.manifest
        const manifest = [{ name: 'v', shape: only?.shape ?? [] }]
        return spooledUpdate(federation, 1, encodeSafetensors({ ...weightsOf(federation.manifest, 1), manifest }))
      },
    ],
    [
      'is no weights file',
      'weights_malformed',
      (federation) => spooledUpdate(federation, 1, Buffer.alloc(federation.base.bytes.byteLength, 'x')),
    ],
    [
      'has another length',
      'update_too_large',
      (federation) => spooledUpdate(federation, 1, Buffer.alloc(federation.base.bytes.byteLength + 1)),
    ],
    [
      'starts from other weights',
      'base_mismatch',
      async (federation) => ({ ...(await spooledUpdate(federation, 1)), baseDigest: sha256('other') }),
    ],
    [
      'rests on too few children',
      'too_few_children',
      async (federation) => ({ ...(await spooledUpdate(federation, 1)), children: 1 }),
    ],
  ])('that %s is refused, and the round knows why', async (_, code, make) => {
    const update = await make(live)
    await expect(client.deliver(update, quietly())).rejects.toMatchObject({ code })
    expect(settlement()).toMatchObject({ kind: 'refused', code })
    expect(await live.blobs.list()).toEqual([live.base.digest])
    await expect(client.deliver(update, quietly())).rejects.toMatchObject({ code })
  })

  test('whose bytes are not those that were announced is refused, and nothing of it is kept', async () => {
    const update = { ...(await spooledUpdate(live, 1)), updateDigest: sha256('something else') }
    await expect(client.deliver(update, quietly())).rejects.toMatchObject({ code: 'digest_mismatch' })
    expect(await partials()).toEqual([])
    expect(settlement()).toEqual({ kind: 'awaited' })
    expect(await client.deliver(await spooledUpdate(live, 2), quietly())).toMatchObject({
      bytesSent: update.byteLength,
    })
  })
})

describe('an upload', () => {
  test.each<[string, string, (update: SpooledUpdate) => Partial<UploadUpdateRequest>[]]>([
    ['that begins in the middle', 'offset_mismatch', (update) => [{ ...namesOf(update), ...chunk(5, 5) }]],
    ['with a gap', 'offset_mismatch', (update) => [{ ...namesOf(update), ...chunk(0, 5) }, chunk(10, 5)]],
    ['that repeats itself', 'offset_mismatch', (update) => [{ ...namesOf(update), ...chunk(0, 5) }, chunk(0, 5)]],
    [
      'that says where it belongs as no number can',
      'message_malformed',
      (update) => [{ ...namesOf(update), chunk: { offset: 2n ** 60n, data: new Uint8Array(1) } }],
    ],
    ['that ends early', 'offset_mismatch', (update) => [{ ...namesOf(update), ...chunk(0, 5) }]],
    [
      'longer than announced',
      'update_too_large',
      (update) => [
        { ...namesOf(update), ...chunk(0, chunkBytes) },
        ...[1, 2].map((i) => chunk(i * chunkBytes, chunkBytes)),
        chunk(3 * chunkBytes, chunkBytes),
      ],
    ],
    ['without a message', 'message_malformed', () => []],
    ['of nobody knows what', 'message_malformed', () => [{ assignmentId: 'x', updateDigest: 'y' }]],
    [
      'of another update than was announced',
      'offset_mismatch',
      (update) => [{ ...namesOf(update), updateDigest: sha256('other'), ...chunk(0, 5) }],
    ],
  ])('%s is refused with %s, and the right one is taken afterwards', async (_, code, messages) => {
    const update = await spooledUpdate(live, 3)
    expect(await send(update, messages(update))).toBe(code)
    expect(settlement()).toEqual({ kind: 'awaited' })
    const { bytesSent } = await client.deliver(await spooledUpdate(live, 4), quietly())
    expect(bytesSent).toBe(update.byteLength)
    expect(await partials()).toEqual([])
  })

  test('goes on after a restart of the coordinator where it stopped', async () => {
    const update = await spooledUpdate(live, 3)
    const bytes = Buffer.from(encodeSafetensors(weightsOf(live.manifest, 3)))
    const first = { offset: 0n, data: bytes.subarray(0, chunkBytes) }
    expect(await send(update, [{ ...namesOf(update), chunk: first }])).toBe('offset_mismatch')
    await live.restart()
    expect(await sendOnly([{ ...namesOf(update), ...chunk(chunkBytes, 5) }])).toBe('offset_mismatch')
    const { bytesSent } = await client.deliver(update, quietly())
    expect(bytesSent).toBe(update.byteLength - chunkBytes)
  })

  test('is asked for again from the start when what was held of it has been damaged', async () => {
    const update = await spooledUpdate(live, 3)
    expect(await send(update, [{ ...namesOf(update), ...chunk(0, chunkBytes) }])).toBe('offset_mismatch')
    await expect(client.deliver(update, quietly())).rejects.toMatchObject({ code: 'offset_mismatch' })
    expect(await client.deliver(update, quietly())).toMatchObject({ bytesSent: update.byteLength })
  })

  test('over a line that died without a word is taken over by the next attempt', async () => {
    const relay = await startTcpRelay({ port: live.listeners.federationPort })
    const dying = createCoordinatorClient({ ...identity, federationAddress: `localhost:${relay.port}` })
    await dying.listStudies()
    const update = await spooledUpdate(live, 3)
    const stopped = new AbortController()
    const muted = relay.muteAfter('up', 1.5 * chunkBytes)
    const lost = dying.deliver(update, { ...quietly(), signal: stopped.signal })
    lost.catch(() => {})
    await muted
    while ((await partials()).length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(await client.deliver(update, quietly())).toMatchObject({ journalIndex: expect.any(BigInt) })
    stopped.abort()
    await expect(lost).rejects.toMatchObject({ code: 'cancelled' })
    dying.close()
    await relay.close()
  })

  test('that a site gave up for other content leaves nothing behind', async () => {
    const abandoned = await spooledUpdate(live, 3)
    await send(abandoned, [{ ...namesOf(abandoned), ...chunk(0, 5) }])
    expect(await partials()).toHaveLength(1)
    const other = await spooledUpdate(live, 4)
    await send(other, [{ ...namesOf(other), ...chunk(0, 5) }])
    expect(await partials()).toHaveLength(1)
    await live.loop.handle({ type: 'cancel-run', studyDigest: live.studyDigest, reason: 'over' })
    while ((await partials()).length > 0) await new Promise((resolve) => setImmediate(resolve))
  })

  test('that is refused for a full disk is taken when there is room', async () => {
    const update = await spooledUpdate(live, 3)
    live.fillDisk(true)
    await expect(client.deliver(update, quietly())).rejects.toMatchObject({ code: 'disk_full' })
    expect(settlement()).toEqual({ kind: 'awaited' })
    live.fillDisk(false)
    await client.deliver(update, quietly())
    expect(settlement()).toMatchObject({ kind: 'counted' })
  })
})
