// First contact: the code names a coordinator, the fingerprint of its root, and a secret. The secret is sent only over a
// connection whose certificate leads to exactly that root.

import { connect, type DetailedPeerCertificate, type PeerCertificate } from 'node:tls'
import { credentials, type ServiceError } from '@grpc/grpc-js'
import { type Digest, sha256 } from '../shared/digest.ts'
import { EnrolmentServiceClient, type EnrolResponse } from '../shared/gen/sequela/v1/enrolment.ts'
import { decodeEnrolmentCode } from '../shared/protocol/enrolment-code.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { shortCallMs } from '../shared/protocol/limits.ts'
import { refusalOf } from './coordinator-client.ts'
import { createKeyAndRequest } from './identity.ts'
import type { SiteIdentity } from './identity-file.ts'

/**
 * Redeems an enrolment code: makes a key, which stays here, and gets a certificate for it.
 * @throws SequelaError `invitation_invalid` when the code is refused or the coordinator shows another root, `unreachable`.
 */
export async function redeemCode(code: string): Promise<SiteIdentity> {
  const { address, rootFingerprint, secret } = decodeEnrolmentCode(code)
  const rootPem = await pinnedRoot(address, rootFingerprint)
  const { privateKeyPem, csrPem } = await createKeyAndRequest('site')
  const client = new EnrolmentServiceClient(address, credentials.createSsl(Buffer.from(rootPem)))
  try {
    const answer = await new Promise<EnrolResponse>((resolve, reject) => {
      client.waitForReady(Date.now() + shortCallMs, (notReady) => {
        if (notReady !== undefined) return reject(new SequelaError('unreachable', `${address} does not answer`))
        client.enrol({ secret, csrPem }, (error: ServiceError | null, response: EnrolResponse) =>
          error === null ? resolve(response) : reject(refusalOf(error)),
        )
      })
    })
    const { site, certificateChainPem, federationAddress } = answer
    return { site, federationAddress, privateKeyPem, certificateChainPem, rootPem }
  } finally {
    client.close()
  }
}

/** Fetches the chain that the server shows and takes from it the root of that fingerprint. */
async function pinnedRoot(address: string, fingerprint: Digest): Promise<string> {
  const { hostname, port } = new URL(`https://${address}`)
  const chain = await shownChain(hostname, Number(port))
  const root = chain.find((certificate) => sha256(certificate.raw) === fingerprint)
  if (root !== undefined) return pemOf(root)
  const issuer = chain.at(-1)?.issuer.CN ?? 'nobody'
  const message =
    `${address} shows a certificate issued by "${issuer}", not the root that the code names. Either the code is of another ` +
    'coordinator, or the connection is inspected on its way: ask IT to exempt this address. The secret was not sent'
  throw new SequelaError('invitation_invalid', message)
}

function shownChain(host: string, port: number): Promise<readonly DetailedPeerCertificate[]> {
  return new Promise((resolve, reject) => {
    // Nothing is believed here: the fingerprint decides, and the call itself is made with that root alone.
    const socket = connect({
      host,
      port,
      servername: host,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
    })
    const timer = setTimeout(() => socket.destroy(new Error('no answer')), shortCallMs)
    socket.once('secureConnect', () => {
      const chain: DetailedPeerCertificate[] = []
      let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
      while (certificate?.raw !== undefined && !chain.includes(certificate)) {
        chain.push(certificate)
        certificate = certificate.issuerCertificate
      }
      clearTimeout(timer)
      socket.destroy()
      resolve(chain)
    })
    socket.once('error', (error) => {
      clearTimeout(timer)
      const message = `${host}:${port} cannot be reached: ${error.message}; ask IT whether outgoing TLS to this port is open`
      reject(new SequelaError('unreachable', message, { cause: error }))
    })
  })
}

function pemOf(certificate: PeerCertificate): string {
  const lines = certificate.raw.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
