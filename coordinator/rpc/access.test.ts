// Who gets in: every certificate that is not a site's own good one, against every call of the service.

import { createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../shared/clock.ts'
import { FederationServiceService } from '../../shared/gen/sequela/v1/federation.ts'
import { createCoordinatorClient } from '../../site-agent/coordinator-client.ts'
import { createKeyAndRequest } from '../../site-agent/identity.ts'
import type { SiteIdentity } from '../../site-agent/identity-file.ts'
import { createAuthority } from '../authority/authority.ts'
import { decodeRequest } from '../authority/certificate-request.ts'
import { makeCertificate } from '../authority/x509.ts'
import { type LiveFederation, startLiveFederation } from '../testsupport/live-federation.ts'
import { createManualTime, type ManualTime } from '../testsupport/manual-time.ts'

const hourMs = 3_600_000

interface Shown {
  readonly key: string
  readonly chain: string
}

let live: LiveFederation
let time: ManualTime
let good: SiteIdentity
const shown = new Map<string, Shown>()

beforeAll(async () => {
  time = createManualTime(systemClock.now())
  live = await startLiveFederation({ clock: time, timer: time })
  good = await live.enrol('a')
  const { privateKeyPem: key, csrPem } = await createKeyAndRequest('a', 2048)
  const request = decodeRequest(csrPem)
  const nowMs = time.now()
  const at = (atMs: number): Shown => ({
    key,
    chain: live.authority.issueSite({ site: 'a', request, nowMs: atMs }).chainPem,
  })
  const options = { folder: `${live.folder}/stranger`, domain: 'plgg', hosts: ['localhost'], keyBits: 2048 }
  const stranger = await createAuthority(options, nowMs)
  const publicKeyPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
  const second = Math.floor(nowMs / 1000) * 1000
  const selfSigned = makeCertificate({
    commonName: 'a',
    publicKeyPem,
    use: { kind: 'site', uri: 'spiffe://plgg/site/a' },
    lifetime: { notBeforeMs: second - hourMs, notAfterMs: second + hourMs },
    issuer: { privateKeyPem: key },
  })
  const server = live.authority.serverIdentity()
  shown.set('one of another authority with the same names', {
    key,
    chain: stranger.issueSite({ site: 'a', request, nowMs }).chainPem,
  })
  shown.set('one that has ended', at(nowMs - 96 * hourMs))
  shown.set('one that has not begun', at(nowMs + 24 * hourMs))
  shown.set('one it signed itself', { key, chain: selfSigned.certificatePem })
  shown.set("the server's own", { key: server.keyPem, chain: server.chainPem })
  shown.set('one that is not in the journal', at(nowMs))
})
afterAll(() => live.close())

/** Any call of the service with an empty message; resolves with how it failed, undefined if it did not. */
function callWith(client: Client, path: string): Promise<ServiceError | undefined> {
  return new Promise((resolve) => {
    const call = client.makeServerStreamRequest(path, () => Buffer.alloc(0), String, {}, new Metadata())
    call.on('data', () => {})
    call.on('error', (error: ServiceError) => resolve(error))
    call.on('end', () => resolve(undefined))
  })
}

function clientShowing(certificate: Shown | undefined): Client {
  const root = Buffer.from(live.authority.rootPem)
  const ssl =
    certificate === undefined
      ? credentials.createSsl(root)
      : credentials.createSsl(root, Buffer.from(certificate.key), Buffer.from(certificate.chain))
  return new Client(`localhost:${live.listeners.federationPort}`, ssl)
}

const paths = Object.values(FederationServiceService).map(({ path }) => path)

describe('a caller that shows', () => {
  test.each([
    'one of another authority with the same names',
    'one that has ended',
    'one that has not begun',
    'one it signed itself',
    "the server's own",
    'one that is not in the journal',
  ])('%s is refused by every call', async (which) => {
    const certificate = shown.get(which)
    expect(certificate).toBeDefined()
    const client = clientShowing(certificate)
    for (const path of paths) {
      const failure = await callWith(client, path)
      expect([path, failure?.code === status.UNAVAILABLE || failure?.code === status.UNAUTHENTICATED]).toEqual([
        path,
        true,
      ])
    }
    client.close()
    expect(live.attendance.of('a').connected).toBe(false)
  })

  test('no certificate is refused by every call', async () => {
    const client = clientShowing(undefined)
    for (const path of paths) expect((await callWith(client, path))?.code).toBe(status.UNAVAILABLE)
    client.close()
  })

  test('a certificate that is not in the journal hears why', async () => {
    const client = clientShowing(shown.get('one that is not in the journal'))
    const failure = await callWith(client, FederationServiceService.listStudies.path)
    expect(failure?.metadata.get('sequela-code')).toEqual(['unauthenticated'])
    expect(failure?.details).toContain('enrol with a new code')
    client.close()
  })

  test('its own is let in', async () => {
    const client = createCoordinatorClient(good)
    expect((await client.listStudies()).map(({ studyDigest }) => studyDigest)).toEqual([live.studyDigest])
    client.close()
  })

  test('its own, and is a site of no study, gets no weights and cannot announce', async () => {
    const client = createCoordinatorClient(await live.enrol('elsewhere'))
    expect(await client.listStudies()).toEqual([])
    const wanted = { digest: live.base.digest, byteLength: 1e9, file: `${live.folder}/not-mine` }
    const options = { signal: new AbortController().signal, onProgress: () => {} }
    await expect(client.downloadWeights(wanted, options)).rejects.toMatchObject({ code: 'forbidden' })
    client.close()
  })
})

describe('the listener', () => {
  const dial = (options: object): TLSSocket =>
    connectTls({
      port: live.listeners.federationPort,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: live.authority.rootPem,
      key: good.privateKeyPem,
      cert: good.certificateChainPem,
      ALPNProtocols: ['h2'],
      ...options,
    })

  test('speaks nothing older than TLS 1.3', async () => {
    const [error] = await once(dial({ maxVersion: 'TLSv1.2' }), 'error')
    expect(String(error.code)).toMatch(/ALERT_PROTOCOL_VERSION/)
  })

  test('resumes no session, by which an ended certificate could come back', async () => {
    const first = dial({})
    const [session] = await once(first, 'session')
    first.destroy()
    const second = dial({ session })
    await once(second, 'data')
    expect(second.isSessionReused()).toBe(false)
    second.destroy()
  })

  test('shows an exchanged certificate to who comes next, and keeps the old one when the new one does not fit', async () => {
    const serialSeen = async (): Promise<string> => {
      const socket = dial({})
      await once(socket, 'secureConnect')
      const { serialNumber } = socket.getPeerCertificate()
      socket.destroy()
      return serialNumber
    }
    const { keyPem, chainPem } = live.authority.serverIdentity()
    const before = await serialSeen()
    const wrong = { keyPem: good.privateKeyPem, chainPem }
    expect(() => live.listeners.exchange(wrong)).toThrow(expect.objectContaining({ code: 'config_invalid' }))
    expect(await serialSeen()).toBe(before)
    const other = await createAuthority(
      { folder: `${live.folder}/other`, domain: 'plgg', hosts: ['localhost'], keyBits: 2048 },
      time.now(),
    )
    live.listeners.exchange(other.serverIdentity())
    const [error] = await once(dial({}), 'error')
    expect(String(error.code)).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY')
    live.listeners.exchange({ keyPem, chainPem })
    expect(await serialSeen()).toBe(before)
    await expect(once(dial({ maxVersion: 'TLSv1.2' }), 'secureConnect')).rejects.toThrow()
  })
})

describe('an open connection', () => {
  const silently = (): void => {}

  test('is of no use once its certificate has ended, and the call that listens ends', async () => {
    const client = createCoordinatorClient(good)
    const welcomed = Promise.withResolvers<void>()
    const listening = client.attend([], () => welcomed.resolve(), new AbortController().signal)
    listening.catch(silently)
    await welcomed.promise
    time.advance(73 * hourMs)
    await expect(listening).rejects.toMatchObject({ code: 'certificate_expired' })
    await expect(client.listStudies()).rejects.toMatchObject({ code: 'certificate_expired' })
    client.close()
    time.advance(-73 * hourMs)
  })

  test('loses its calls when its site is shut out', async () => {
    const client = createCoordinatorClient(good)
    const welcomed = Promise.withResolvers<void>()
    const listening = client.attend([], () => welcomed.resolve(), new AbortController().signal)
    listening.catch(silently)
    await welcomed.promise
    expect(live.attendance.of('a').connected).toBe(true)
    live.listeners.endSite('b')
    expect(live.attendance.of('a').connected).toBe(true)
    live.listeners.endSite('a')
    await expect(listening).rejects.toMatchObject({ code: 'unreachable' })
    expect(live.attendance.of('a').connected).toBe(false)
    client.close()
  })
})
