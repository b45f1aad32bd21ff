// One plain TLS handshake with the coordinator, to hear in words why it fails: gRPC says only "unavailable" for an expired
// certificate, a foreign authority and a closed port alike.

import { connect, type TLSSocket } from 'node:tls'
import { type ErrorCode, SequelaError } from '../shared/protocol/errors.ts'
import type { SiteIdentity } from './identity-file.ts'
import { type Environment, routeTo } from './proxy.ts'
import { linePatienceMs, openLine } from './rpc/line.ts'

/** @returns what was found. @throws SequelaError `unreachable` or `unauthenticated` with what to ask IT for. */
export async function tryHandshake(
  identity: SiteIdentity,
  host: string,
  port: number,
  environment: Environment = process.env,
): Promise<string> {
  const explained = (error: unknown): SequelaError => explain(error, host, port)
  const line = await openLine(routeTo(host, environment), host, port).catch((error: unknown) => {
    throw explained(error)
  })
  const socket = connect({
    socket: line,
    servername: host,
    ca: identity.rootPem,
    key: identity.privateKeyPem,
    cert: identity.certificateChainPem,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
    // What the server shows is judged below, where its issuer can be named.
    rejectUnauthorized: false,
  })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  socket.setTimeout(linePatienceMs, () => reject(explained(new Error('ETIMEDOUT'))))
  socket.once('secureConnect', () => {
    const problem = problemOf(socket)
    if (problem !== undefined) reject(explain(problem, host, port, issuerOf(socket)))
    else socket.once('close', () => reject(explained(new Error('certificate refused'))))
  })
  // The server judges our certificate after the handshake is done for us: its first bytes say that it was accepted, and
  // a line that just ends says that it was not.
  socket.once('data', () => resolve(`${socket.getProtocol() ?? 'TLS'} to ${host}:${port}, both certificates accepted`))
  socket.once('error', (error) => reject(explained(error)))
  line.once('close', () => {
    if (!socket.authorized) reject(explained(new Error('the connection was closed')))
  })
  return promise.finally(() => socket.destroy())
}

/** What an error of a socket means for a person. `issuer` is who signed the certificate that was shown. */
export function explain(error: unknown, host: string, port: number, issuer = 'another authority'): SequelaError {
  if (error instanceof SequelaError) return error
  const where = `${host}:${port}`
  const reason = error instanceof Error ? error.message : 'no connection'
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const found = explanations.find(([pattern]) => pattern.test(`${code} ${reason}`))
  if (found === undefined) {
    return new SequelaError('unreachable', `the connection to ${where} failed: ${reason}`, { cause: error })
  }
  const [, kind, say] = found
  return new SequelaError(kind, say({ where, host, port, issuer }), { cause: error })
}

interface Facts {
  readonly where: string
  readonly host: string
  readonly port: number
  readonly issuer: string
}

/** What Node and OpenSSL say, and what it means; the first that fits. */
const explanations: readonly (readonly [RegExp, ErrorCode, (facts: Facts) => string])[] = [
  [
    /ECONNREFUSED/,
    'unreachable',
    ({ where }) => `nothing listens on ${where}; is the coordinator running, and is this its address?`,
  ],
  [
    /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/,
    'unreachable',
    ({ where, host, port }) =>
      `${where} does not answer; ask IT to allow outgoing connections to TCP port ${port} of ${host}`,
  ],
  [
    /ENOTFOUND|EAI_AGAIN/,
    'unreachable',
    ({ host }) => `the name ${host} is not known here; ask IT to let this machine resolve it`,
  ],
  [
    /SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ISSUER/,
    'unreachable',
    ({ where, issuer }) =>
      `${where} shows a certificate issued by ${issuer}, not by the coordinator's own authority; TLS is probably inspected on the way: ask IT to exempt ${where}`,
  ],
  [
    /ALTNAME/,
    'unreachable',
    ({ where }) => `the certificate of ${where} is for another name; ask the coordinator's operator`,
  ],
  [
    /CERT_NOT_YET_VALID/,
    'unreachable',
    ({ where }) => `the certificate of ${where} is not valid yet by this machine's clock; ask IT to set the clock`,
  ],
  [
    /CERT_HAS_EXPIRED/,
    'unreachable',
    ({ where }) =>
      `the certificate of ${where} has ended by this machine's clock; ask IT whether the clock is right, then the coordinator's operator`,
  ],
  [
    /alert|certificate refused/i,
    'unauthenticated',
    ({ where }) =>
      `${where} does not accept this site's certificate: it has ended, or is of another coordinator; check the clock, then enrol with a new code`,
  ],
]

function problemOf(socket: TLSSocket): Error | undefined {
  if (socket.authorized) return undefined
  // Node gives the name of the problem here, whatever its types say.
  return new Error(String(socket.authorizationError))
}

function issuerOf(socket: TLSSocket): string {
  const { CN, O } = socket.getPeerCertificate().issuer
  return `"${String(CN ?? O ?? 'nobody').slice(0, 80)}"`
}
