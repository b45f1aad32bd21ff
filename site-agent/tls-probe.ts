// One plain TLS handshake with the coordinator, to hear in words why it fails: gRPC says only "unavailable" for an expired
// certificate, a foreign authority and a closed port alike.

import { connect } from 'node:tls'
import { SequelaError } from '../shared/protocol/errors.ts'
import type { SiteIdentity } from './identity-file.ts'

/** How long one attempt may take. */
const patienceMs = 15_000

/** @returns what was found. @throws SequelaError `unreachable` or `unauthenticated` with what to ask IT for. */
export function tryHandshake(identity: SiteIdentity, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      servername: host,
      ca: identity.rootPem,
      key: identity.privateKeyPem,
      cert: identity.certificateChainPem,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
    })
    const timer = setTimeout(() => socket.destroy(new Error('ETIMEDOUT')), patienceMs)
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      socket.destroy()
      settle()
    }
    // The server judges our certificate after the handshake is done for us; its first bytes say that it was accepted.
    socket.once('data', () =>
      finish(() => resolve(`${socket.getProtocol() ?? 'TLS'} to ${host}:${port}, both certificates accepted`)),
    )
    socket.once('error', (error: NodeJS.ErrnoException) => finish(() => reject(explain(error, host, port))))
    socket.once('close', () => finish(() => reject(explain(new Error('the connection was closed'), host, port))))
  })
}

/** What an error of the socket means for a person. */
export function explain(error: NodeJS.ErrnoException, host: string, port: number): SequelaError {
  const where = `${host}:${port}`
  const text = `${error.code ?? ''} ${error.message}`
  const say = (
    sentence: string,
    code: 'unreachable' | 'unauthenticated' | 'certificate_expired' = 'unreachable',
  ): SequelaError => new SequelaError(code, sentence, { cause: error })
  if (text.includes('ECONNREFUSED'))
    return say(`nothing listens on ${where}; is the coordinator running, and is this its address?`)
  if (text.includes('ETIMEDOUT') || text.includes('EHOSTUNREACH') || text.includes('ENETUNREACH')) {
    return say(`${where} does not answer; ask IT to allow outgoing connections to TCP port ${port} of ${host}`)
  }
  if (text.includes('ENOTFOUND'))
    return say(`the name ${host} is not known here; ask IT to let this machine resolve it`)
  if (/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ISSUER/.test(text)) {
    return say(
      `${where} shows a certificate of another authority; if TLS is inspected on the way, ask IT to exempt ${where}`,
    )
  }
  if (text.includes('ALTNAME'))
    return say(`the certificate of ${where} is for another name; ask the coordinator's operator`)
  if (/expired|CERT_HAS_EXPIRED/i.test(text))
    return say('a certificate has expired; check the clock, then enrol with a new code', 'certificate_expired')
  if (/alert|bad certificate|unknown ca/i.test(text)) {
    return say(
      `the coordinator refused this site's certificate (${error.message}); enrol with a new code`,
      'unauthenticated',
    )
  }
  return say(`the connection to ${where} failed: ${error.message}`)
}
