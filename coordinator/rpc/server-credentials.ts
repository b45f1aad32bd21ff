// TLS as this service wants it, which grpc-js's own credentials do not offer: TLS 1.3 only, no session tickets (a resumed
// session would outlive its certificate), a short time for the handshake, large HTTP/2 windows, and certificates that
// can be exchanged while serving.

import { constants } from 'node:crypto'
import type { SecureServerOptions } from 'node:http2'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { ServerCredentials } from '@grpc/grpc-js'

export interface ServerIdentity {
  readonly keyPem: string
  /** The server's certificate and the issuing one. */
  readonly chainPem: string
}

export interface TlsOptions {
  readonly identity: ServerIdentity
  /** Root and issuing certificates that clients' certificates must lead to; absent where clients have none yet. */
  readonly clientCaPem?: string
  /** HTTP/2 window of each stream in bytes. */
  readonly windowBytes: number
}

/** A TLS handshake takes a round trip or two; silent connections are closed after this. */
const handshakeTimeoutMs = 10_000

/** Credentials whose certificate can be exchanged. */
export interface ExchangeableCredentials {
  readonly credentials: ServerCredentials
  /** New connections get this certificate from now on. Throws when key and certificate do not belong together. */
  exchange(identity: ServerIdentity): void
}

export function createServerCredentials(options: TlsOptions): ExchangeableCredentials {
  const credentials = new Tls13Credentials(options)
  return { credentials, exchange: (identity) => credentials.exchange(identity) }
}

/** A class because grpc-js asks for a subclass; the underscored method is the one that it calls. */
class Tls13Credentials extends ServerCredentials {
  readonly #options: TlsOptions

  constructor(options: TlsOptions) {
    super(serverOptions(options), contextOptions(options, options.identity))
    this.#options = options
  }

  exchange(identity: ServerIdentity): void {
    const context = contextOptions(this.#options, identity)
    createSecureContext(context)
    this.updateSecureContextOptions(context)
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other
  }
}

function serverOptions({ clientCaPem, windowBytes }: TlsOptions): SecureServerOptions {
  const mutual = clientCaPem !== undefined
  return {
    requestCert: mutual,
    rejectUnauthorized: mutual,
    handshakeTimeout: handshakeTimeoutMs,
    settings: { initialWindowSize: windowBytes },
  }
}

function contextOptions({ clientCaPem }: TlsOptions, { keyPem, chainPem }: ServerIdentity): SecureContextOptions {
  return {
    key: keyPem,
    cert: chainPem,
    minVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
    ...(clientCaPem === undefined ? {} : { ca: clientCaPem }),
  }
}
