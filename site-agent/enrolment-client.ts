// First contact: the code names a coordinator, the fingerprint of its root, and a secret. The secret is sent only over a
// connection whose certificate leads to exactly that root.

import { connect, type DetailedPeerCertificate, type PeerCertificate } from 'node:tls'
import { credentials, type ServiceError } from '@grpc/grpc-js'
import { type Digest, sha256 } from '../shared/digest.ts'
import { EnrolmentServiceClient, type EnrolResponse } from '../shared/gen/sequela/v1/enrolment.ts'
import { decodeEnrolmentCode } from '../shared/protocol/enrolment-code.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { shortCallMs } from '../shared/protocol/limits.ts'
import { createKeyAndRequest } from './identity.ts'
import type { SiteIdentity } from './identity-file.ts'
import { type Environment, routeTo } from './proxy.ts'
import { hostOf, openClient, portOf } from './rpc/channel.ts'
import { linePatienceMs, openLine } from './rpc/line.ts'
import { refusalOf } from './rpc/refusal.ts'

/**
 * Redeems an enrolment code: makes a key, which stays here, and gets a certificate for it.
 * @throws SequelaError `invitation_invalid` when the code is refused or the coordinator shows another root, `unreachable`.
 */
export async function redeemCode(code: string, environment: Environment = process.env): Promise<SiteIdentity> {
  const { address, rootFingerprint, secret } = decodeEnrolmentCode(code)
  const rootPem = await pinnedRoot(address, rootFingerprint, environment)
  const { privateKeyPem, csrPem } = await createKeyAndRequest('site')
  const client = openClient(EnrolmentServiceClient, {
    address,
    credentials: credentials.createSsl(Buffer.from(rootPem)),
    environment,
  })
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
async function pinnedRoot(address: string, fingerprint: Digest, environment: Environment): Promise<string> {
  const chain = await shownChain(hostOf(address), portOf(address), environment)
  const root = chain.find((certificate) => sha256(certificate.raw) === fingerprint)
  if (root !== undefined) return pemOf(root)
  const issuer = chain.at(-1)?.issuer.CN ?? 'nobody'
  const message =
    `${address} shows a certificate issued by "${issuer}", not the root that the code names. Either the code is of another ` +
    'coordinator, or the connection is inspected on its way: ask IT to exempt this address. The secret was not sent'
  throw new SequelaError('invitation_invalid', message)
}

async function shownChain(
  host: string,
  port: number,
  environment: Environment,
): Promise<readonly DetailedPeerCertificate[]> {
  const line = await openLine(routeTo(host, environment), host, port).catch((error: unknown) => {
    throw unreachable(host, port, error)
  })
  return new Promise((resolve, reject) => {
    // Nothing is believed here: the fingerprint decides, and the call itself is made with that root alone.
    const socket = connect({
      socket: line,
      servername: host,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
    })
    socket.setTimeout(linePatienceMs, () => socket.destroy(new Error('no answer')))
    socket.once('error', (error) => reject(unreachable(host, port, error)))
    socket.once('secureConnect', () => {
      const chain: DetailedPeerCertificate[] = []
      let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
      while (certificate?.raw !== undefined && !chain.includes(certificate)) {
        chain.push(certificate)
        certificate = certificate.issuerCertificate
      }
      socket.destroy()
      resolve(chain)
    })
  })
}

function unreachable(host: string, port: number, error: unknown): SequelaError {
  if (error instanceof SequelaError) return error
  const reason = error instanceof Error ? error.message : 'no connection'
  const message = `${host}:${port} cannot be reached: ${reason}; ask IT whether outgoing TLS to this port is open`
  return new SequelaError('unreachable', message, { cause: error })
}

function pemOf(certificate: PeerCertificate): string {
  const lines = certificate.raw.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
