// Who calls: read from the certificate of the connection at every call, never from a message.

import type { AuthContext } from '@grpc/grpc-js/build/src/auth-context.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { siteOfAltNames } from '../../shared/protocol/identity.ts'

/** A caller whose certificate TLS has accepted. `serial` in lower-case hexadecimal digits. */
export interface Peer {
  readonly domain: string
  readonly site: string
  readonly serial: string
}

/**
 * The caller of a call.
 * @throws SequelaError `unauthenticated` when no certificate was shown, or one that names no site.
 */
export function peerOf(call: { getAuthContext(): AuthContext }): Peer {
  const certificate = call.getAuthContext().sslPeerCertificate
  if (certificate?.serialNumber === undefined) {
    throw new SequelaError('unauthenticated', 'the call came without a certificate')
  }
  return { ...siteOfAltNames(certificate.subjectaltname), serial: certificate.serialNumber.toLowerCase() }
}
