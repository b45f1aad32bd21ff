// What a TLS 1.3 server that trusts only this authority's root makes of each certificate, over loopback.

import { createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../shared/clock.ts'
import { siteOfAltNames } from '../../shared/protocol/identity.ts'
import { createKeyAndRequest, type KeyAndRequest } from '../../site-agent/identity.ts'
import { type Authority, createAuthority } from './authority.ts'
import { decodeRequest } from './certificate-request.ts'
import { makeCertificate } from './x509.ts'

const day = 86_400_000
const nowMs = systemClock.now()
const folder = mkdtempSync(join(tmpdir(), 'sequela-tls-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let authority: Authority
let stranger: Authority
let key: KeyAndRequest
beforeAll(async () => {
  const options = { domain: 'plgg', hosts: ['localhost'], keyBits: 2048 }
  authority = await createAuthority({ ...options, folder: join(folder, 'ours') }, nowMs)
  stranger = await createAuthority({ ...options, folder: join(folder, 'strange') }, nowMs)
  key = await createKeyAndRequest('boston', 2048)
})

interface Shown {
  readonly key: string
  readonly cert: string
}

/** The site whose certificate the server accepted, or the reason why it accepted none. */
function seenByServer(shown: Shown | undefined): Promise<string> {
  const { keyPem, chainPem } = authority.serverIdentity()
  const server = createServer({
    key: keyPem,
    cert: chainPem,
    ca: authority.rootPem,
    minVersion: 'TLSv1.3',
    requestCert: true,
    rejectUnauthorized: true,
  })
  return new Promise((resolve, reject) => {
    let client: TLSSocket | undefined
    const end = (answer: string): void => {
      client?.destroy()
      server.close(() => resolve(answer))
    }
    server.on('error', reject)
    server.on('secureConnection', (socket) => {
      socket.on('error', () => {})
      end(siteOfAltNames(socket.getPeerCertificate().subjectaltname).site)
    })
    server.on('tlsClientError', (error, socket) => {
      const reason: unknown = socket.authorizationError ?? ('code' in error ? error.code : error.message)
      end(`refused: ${reason}`)
    })
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') return reject(new Error('no port'))
      client = connect({
        port: address.port,
        host: '127.0.0.1',
        servername: 'localhost',
        ca: authority.rootPem,
        ...shown,
      })
      client.on('error', () => {})
    })
  })
}

const siteAt = (issuer: Authority, atMs: number): Shown => ({
  key: key.privateKeyPem,
  cert: issuer.issueSite({ site: 'boston', request: decodeRequest(key.csrPem), nowMs: atMs }).chainPem,
})

/** A certificate that the site's own key signed, for another site. */
function leafSigned(): Shown {
  const own = siteAt(authority, nowMs)
  const { certificatePem } = makeCertificate({
    commonName: 'toronto',
    publicKeyPem: publicKeyPem(),
    use: { kind: 'site', uri: 'spiffe://plgg/site/toronto' },
    lifetime: secondsAround(nowMs),
    issuer: { privateKeyPem: own.key, chainPem: own.cert },
  })
  return { key: own.key, cert: certificatePem + own.cert }
}

function selfSigned(): Shown {
  const { certificatePem } = makeCertificate({
    commonName: 'boston',
    publicKeyPem: publicKeyPem(),
    use: { kind: 'site', uri: 'spiffe://plgg/site/boston' },
    lifetime: secondsAround(nowMs),
    issuer: { privateKeyPem: key.privateKeyPem },
  })
  return { key: key.privateKeyPem, cert: certificatePem }
}

describe('a server that trusts the root', () => {
  test('sees which site it is from a certificate of its own authority', async () => {
    expect(await seenByServer(siteAt(authority, nowMs))).toBe('boston')
  })

  test.each<[string, () => Shown | undefined, string]>([
    ['no certificate', () => undefined, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
    [
      'one of another authority with the same names',
      () => siteAt(stranger, nowMs),
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    ],
    ['one that has ended', () => siteAt(authority, nowMs - 4 * day), 'CERT_HAS_EXPIRED'],
    ['one that has not begun', () => siteAt(authority, nowMs + day), 'CERT_NOT_YET_VALID'],
    ['one it signed itself', selfSigned, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    // OpenSSL's reason is "invalid CA certificate", for which Node has no name.
    ['one signed by a site', leafSigned, 'UNSPECIFIED'],
    ["the server's own", serverAsClient, 'INVALID_PURPOSE'],
  ])('refuses a client that shows %s', async (_, shown, reason) => {
    expect(await seenByServer(shown())).toBe(`refused: ${reason}`)
  })
})

function publicKeyPem(): string {
  return createPublicKey(key.privateKeyPem).export({ type: 'spki', format: 'pem' }).toString()
}

function secondsAround(atMs: number): { notBeforeMs: number; notAfterMs: number } {
  const second = Math.floor(atMs / 1000) * 1000
  return { notBeforeMs: second - day, notAfterMs: second + day }
}

function serverAsClient(): Shown {
  const { keyPem, chainPem } = authority.serverIdentity()
  return { key: keyPem, cert: chainPem }
}
