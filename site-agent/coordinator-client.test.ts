import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LiveFederation, startLiveFederation } from '../coordinator/testsupport/live-federation.ts'
import { spooledUpdate } from '../coordinator/testsupport/spooled-update.ts'
import { systemClock } from '../shared/clock.ts'
import { sha256 } from '../shared/digest.ts'
import { chunkBytes } from '../shared/protocol/limits.ts'
import { startTcpRelay } from '../test/support/tcp-relay.ts'
import { createCoordinatorClient } from './coordinator-client.ts'
import { createKeyAndRequest } from './identity.ts'
import type { SiteIdentity } from './identity-file.ts'

const quietly = () => ({ signal: new AbortController().signal, onProgress: () => {} })

/** TLS records, frames, handshake and calls around 10 MiB of weights. */
const framing = 64 * 1024

let live: LiveFederation
let identity: SiteIdentity
beforeAll(async () => {
  // 10 MiB: ten chunks.
  live = await startLiveFederation({ elements: (10 * chunkBytes) / 4 })
  identity = await live.enrol('a')
})
afterAll(() => live.close())

describe('a download', () => {
  test('brings the announced weights whole', async () => {
    const client = createCoordinatorClient(identity)
    // Into a folder that is made when it is gone.
    const file = join(live.folder, 'cache', 'whole')
    await client.downloadWeights({ digest: live.base.digest, byteLength: live.base.bytes.byteLength, file }, quietly())
    expect(sha256(await readFile(file))).toBe(live.base.digest)
    client.close()
  })

  test.each([10, 50, 90])('that is cut after %i percent goes on where it stopped', async (percent) => {
    const relay = await startTcpRelay({ port: live.listeners.federationPort })
    const client = createCoordinatorClient({ ...identity, federationAddress: `localhost:${relay.port}` })
    const { byteLength } = live.base.bytes
    const file = join(live.folder, `cut-${percent}`)
    const wanted = { digest: live.base.digest, byteLength, file }
    await client.listStudies()
    const cut = relay.cutAfter('down', Math.round((byteLength * percent) / 100))
    await expect(client.downloadWeights(wanted, quietly())).rejects.toMatchObject({ code: 'unreachable' })
    await cut
    await client.downloadWeights(wanted, quietly())
    expect(sha256(await readFile(file))).toBe(live.base.digest)
    expect(relay.passed.down).toBeLessThan(byteLength + chunkBytes + framing)
    client.close()
    await relay.close()
  })
})

describe('an upload', () => {
  test.each([10, 50, 90])('that is cut after %i percent goes on where it stopped', async (percent) => {
    const relay = await startTcpRelay({ port: live.listeners.federationPort })
    const site = ['a', 'b', 'c'][Math.floor(percent / 40)] ?? 'a'
    const client = createCoordinatorClient({
      ...(await live.enrol(site)),
      federationAddress: `localhost:${relay.port}`,
    })
    const update = await spooledUpdate(live, percent)
    await client.listStudies()
    const cut = relay.cutAfter('up', Math.round((update.byteLength * percent) / 100))
    let handedOver = 0
    const count = (bytes: number): void => {
      handedOver += bytes
    }
    const counting = { ...quietly(), onSent: count }
    await expect(client.deliver(update, counting)).rejects.toMatchObject({ code: 'unreachable' })
    await cut
    expect(handedOver).toBeGreaterThan((update.byteLength * percent) / 100 - chunkBytes)
    const { bytesSent, journalIndex } = await client.deliver(update, quietly())
    expect(bytesSent).toBeLessThan(update.byteLength * (1 - percent / 100) + chunkBytes + framing)
    expect(relay.passed.up).toBeLessThan(update.byteLength + chunkBytes + framing)
    expect(journalIndex).toBe(BigInt(live.loop.journalIndexOf({ ...update.assignment, site }) ?? -1))
    client.close()
    await relay.close()
  })
})

describe('a client', () => {
  const refused = (promise: Promise<unknown>, code: string) => expect(promise).rejects.toMatchObject({ code })

  test('fetches weights anew when what lies on its disk is not their beginning', async () => {
    const client = createCoordinatorClient(identity)
    const { byteLength } = live.base.bytes
    const file = join(live.folder, 'damaged')
    await writeFile(`${file}.partial`, Buffer.alloc(chunkBytes, 'x'))
    await client.downloadWeights({ digest: live.base.digest, byteLength, file }, quietly())
    expect(sha256(await readFile(file))).toBe(live.base.digest)
    await writeFile(`${file}.partial`, Buffer.alloc(byteLength + 1))
    await client.downloadWeights({ digest: live.base.digest, byteLength, file }, quietly())
    expect(sha256(await readFile(file))).toBe(live.base.digest)
    client.close()
  })

  test('stops a transfer when it is told to, and not with the word of a fault', async () => {
    const relay = await startTcpRelay({ port: live.listeners.federationPort, bytesPerSecond: chunkBytes })
    const client = createCoordinatorClient({ ...identity, federationAddress: `localhost:${relay.port}` })
    const stop = new AbortController()
    const file = join(live.folder, 'stopped')
    const wanted = { digest: live.base.digest, byteLength: live.base.bytes.byteLength, file }
    await refused(client.downloadWeights(wanted, { signal: stop.signal, onProgress: () => stop.abort() }), 'cancelled')
    client.close()
    await relay.close()
  })

  test('gives up a line on which nothing is said, though it is open', async () => {
    const waits: (() => void)[] = []
    const later = (_: number, callback: () => void): (() => void) => {
      waits.push(callback)
      return () => {}
    }
    const client = createCoordinatorClient(identity, { clock: systemClock, later, environment: {} })
    const welcomed = Promise.withResolvers<void>()
    const listening = client.attend([], () => welcomed.resolve(), new AbortController().signal)
    listening.catch(() => {})
    await welcomed.promise
    waits.at(-1)?.()
    await refused(listening, 'unreachable')
    client.close()
  })

  test('says that nobody is there', async () => {
    const client = createCoordinatorClient({ ...identity, federationAddress: 'localhost:1' })
    await refused(client.listStudies(), 'unreachable')
    client.close()
  })

  test('renews its certificate, and is let in with the new one', async () => {
    const client = createCoordinatorClient(identity)
    const { privateKeyPem, csrPem } = await createKeyAndRequest('a', 2048)
    const certificateChainPem = await client.renewCertificate(csrPem)
    await refused(client.renewCertificate('nonsense'), 'csr_invalid')
    client.close()
    const renewed = createCoordinatorClient({ ...identity, privateKeyPem, certificateChainPem })
    expect(await renewed.listStudies()).toHaveLength(1)
    renewed.close()
  })
})
