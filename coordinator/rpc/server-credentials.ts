// TLS as this service wants it, which grpc-js's own credentials do not offer: TLS 1.3 only, no session tickets (a resumed
// session would outlive its certificate), a short time for the handshake, large HTTP/2 windows, and certificates that
// can be exchanged while serving.

import { constants } from 'node:crypto'
import type { SecureServerOptions } from 'node:http2'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { ServerCredentials } from '@grpc/grpc-js'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { maxCallsPerConnection } from '../../shared/protocol/limits.ts'

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
  /**
   * New connections get this certificate from now on; open ones stay as they are.
   * @throws SequelaError `config_invalid` when key and certificate do not belong together, and nothing has changed.
   */
  exchange(identity: ServerIdentity): void
}

/** @throws SequelaError `config_invalid` when key and certificate do not belong together. */
export function createServerCredentials(options: TlsOptions): ExchangeableCredentials {
  const credentials = new Tls13Credentials(options)
  return { credentials, exchange: (identity) => credentials.exchange(identity) }
}

/** A class because grpc-js asks for a subclass; the underscored method is the one that it calls. */
class Tls13Credentials extends ServerCredentials {
  readonly #options: TlsOptions

  constructor(options: TlsOptions) {
    super(serverOptions(options), usable(contextOptions(options, options.identity)))
    this.#options = options
  }

  exchange(identity: ServerIdentity): void {
    this.updateSecureContextOptions(usable(contextOptions(this.#options, identity)))
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
    // These replace grpc-js's own settings, so `grpc.max_concurrent_streams` would have no effect.
    settings: { initialWindowSize: windowBytes, maxConcurrentStreams: maxCallsPerConnection },
  }
}

/** The same options, tried out: a pair that does not fit would otherwise show as connections that fail. */
function usable(context: SecureContextOptions): SecureContextOptions {
  try {
    createSecureContext(context)
    return context
  } catch (error) {
    const message = "the server's key and certificate do not belong together; restore both from the same backup"
    throw new SequelaError('config_invalid', message, { cause: error })
  }
}

/** Revoked certificates will be one more entry here: `crl`, exchanged like the certificate. */
function contextOptions({ clientCaPem }: TlsOptions, { keyPem, chainPem }: ServerIdentity): SecureContextOptions {
  return {
    key: keyPem,
    cert: chainPem,
    minVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
    ...(clientCaPem === undefined ? {} : { ca: clientCaPem }),
  }
}
