import { createPublicKey } from 'node:crypto'
import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeRequest } from '../coordinator/authority/certificate-request.ts'
import { makeCertificate } from '../coordinator/authority/x509.ts'
import { type LiveFederation, startLiveFederation } from '../coordinator/testsupport/live-federation.ts'
import { systemClock } from '../shared/clock.ts'
import { createKeyAndRequest } from './identity.ts'
import type { SiteIdentity } from './identity-file.ts'
import { explain, tryHandshake } from './tls-probe.ts'

const hourMs = 3_600_000

let live: LiveFederation
let identity: SiteIdentity
beforeAll(async () => {
  live = await startLiveFederation()
  identity = await live.enrol('a')
})
afterAll(() => live.close())

const probe = (as: Partial<SiteIdentity> = {}): Promise<string> =>
  tryHandshake({ ...identity, ...as }, 'localhost', live.listeners.federationPort, {})

describe('the probe', () => {
  test('says when all is well', async () => {
    expect(await probe()).toContain('TLSv1.3')
  })

  test('says that the site must enrol again when its certificate has ended', async () => {
    const { privateKeyPem, csrPem } = await createKeyAndRequest('a', 2048)
    const nowMs = systemClock.now() - 100 * hourMs
    const { chainPem } = live.authority.issueSite({ site: 'a', request: decodeRequest(csrPem), nowMs })
    await expect(probe({ privateKeyPem, certificateChainPem: chainPem })).rejects.toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('enrol with a new code'),
    })
  })

  test('says that the coordinator refused the certificate when it is of another authority', async () => {
    const own = selfSigned('strange', { kind: 'site', uri: 'spiffe://plgg/site/a' })
    await expect(probe({ certificateChainPem: own })).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('names who inspects TLS on the way', async () => {
    const server = createTlsServer({
      key: identity.privateKeyPem,
      cert: selfSigned('Hospital Proxy CA', { kind: 'server', hosts: ['localhost'] }),
      ALPNProtocols: ['h2'],
    })
    const port = await listening(server)
    await expect(tryHandshake(identity, 'localhost', port, {})).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/issued by "Hospital Proxy CA".*ask IT to exempt localhost/),
    })
    server.close()
  })

  test('says that nothing listens', async () => {
    const server = createServer()
    const port = await listening(server)
    await new Promise((resolve) => server.close(resolve))
    await expect(tryHandshake(identity, 'localhost', port, {})).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('nothing listens'),
    })
  })

  test('says when what listens is no TLS server', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const port = await listening(server)
    await expect(tryHandshake(identity, 'localhost', port, {})).rejects.toMatchObject({ code: 'unreachable' })
    server.close()
  })
})

test.each([
  ['ENOTFOUND', 'let this machine resolve it'],
  ['ETIMEDOUT', 'allow outgoing connections to TCP port 8443'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'for another name'],
  ['CERT_NOT_YET_VALID', 'ask IT to set the clock'],
  ['CERT_HAS_EXPIRED', 'whether the clock is right'],
  ['something new', 'something new'],
])('%s is explained by what to ask for', (reason, words) => {
  expect(explain(new Error(reason), 'c.example', 8443).message).toContain(words)
})

function selfSigned(commonName: string, use: Parameters<typeof makeCertificate>[0]['use']): string {
  const second = Math.floor(systemClock.now() / 1000) * 1000
  return makeCertificate({
    commonName,
    publicKeyPem: createPublicKey(identity.privateKeyPem).export({ type: 'spki', format: 'pem' }).toString(),
    use,
    lifetime: { notBeforeMs: second - hourMs, notAfterMs: second + hourMs },
    issuer: { privateKeyPem: identity.privateKeyPem },
  }).certificatePem
}

function listening(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.listen(0, 'localhost', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') return reject(new Error('no port'))
      resolve(address.port)
    })
  })
}
