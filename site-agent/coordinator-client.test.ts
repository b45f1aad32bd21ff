import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LiveFederation, startLiveFederation } from '../coordinator/testsupport/live-federation.ts'
import { spooledUpdate } from '../coordinator/testsupport/spooled-update.ts'
import { sha256 } from '../shared/digest.ts'
import { chunkBytes } from '../shared/protocol/limits.ts'
import { startTcpRelay } from '../test/support/tcp-relay.ts'
import { createCoordinatorClient } from './coordinator-client.ts'
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
    const file = join(live.folder, 'whole')
    await client.downloadWeights({ digest: live.base.digest, byteLength: live.base.bytes.byteLength, file }, quietly())
    expect(sha256(await readFile(file))).toBe(live.base.digest)
    client.close()
  })

  test.each([10, 50, 90])('that is cut after %i %% goes on where it stopped', async (percent) => {
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
