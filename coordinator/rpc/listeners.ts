// The coordinator's two listeners: the federation service, for sites with a certificate, and the enrolment service, for
// those that come for one. Whoever starts the coordinator wires its parts into this and nothing else of this folder.

import { windowBytes } from '../../shared/protocol/limits.ts'
import { createEnrolmentService, type EnrolmentPorts, enrolmentDefinition } from './enrolment.ts'
import { createFederationService, federationDefinition } from './federation.ts'
import type { FederationPorts } from './federation-ports.ts'
import { startGrpcServer } from './grpc-server.ts'
import { createHandlers } from './handlers.ts'
import { createLiveCalls } from './live-calls.ts'
import type { Peer } from './peer.ts'
import { createServerCredentials, type ServerIdentity } from './server-credentials.ts'
import { windowFault } from './window-check.ts'

interface Listening {
  readonly address: string
  /** 0 takes a free one. */
  readonly port: number
}

export interface ListenersOptions {
  readonly ports: FederationPorts
  /** Throws SequelaError unless the certificate is good for that site now. Asked at every call. */
  readonly authenticate: (peer: Peer) => void
  readonly enrol: EnrolmentPorts['enrol']
  readonly identity: ServerIdentity
  readonly rootPem: string
  /** Name by which sites reach this machine. */
  readonly host: string
  readonly federation: Listening
  readonly enrolment: Listening
}

export interface Listeners {
  /** The ports in use. */
  readonly federationPort: number
  readonly enrolmentPort: number
  /** Both listeners show this certificate from now on. @throws SequelaError `config_invalid`, and nothing has changed. */
  exchange(identity: ServerIdentity): void
  /** Ends a site's open calls, when it has been shut out. */
  endSite(site: string): void
  /** Ends the calls that only listen, lets transfers end within `graceMs`, then closes. */
  close(graceMs: number): Promise<void>
}

/**
 * Nothing is left listening when it throws.
 * @throws SequelaError `config_invalid` when an address cannot be listened on or key and certificate do not fit.
 */
export async function startListeners(options: ListenersOptions): Promise<Listeners> {
  const { ports, identity, rootPem, host } = options
  const { log, clock } = ports
  const liveCalls = createLiveCalls()
  const mutual = createServerCredentials({ identity, clientCaPem: rootPem, windowBytes })
  const anonymous = createServerCredentials({ identity: withRoot(identity, rootPem), windowBytes })
  const federation = await startGrpcServer({
    ...options.federation,
    definition: federationDefinition,
    implementation: createFederationService(
      ports,
      createHandlers({ authenticate: options.authenticate, liveCalls, log }),
    ),
    credentials: mutual.credentials,
    uploadPath: federationDefinition.uploadUpdate.path,
    log,
  })
  const enrolment = await startGrpcServer({
    ...options.enrolment,
    definition: enrolmentDefinition,
    implementation: createEnrolmentService({
      enrol: options.enrol,
      rootPem,
      federationAddress: () => `${host}:${federation.port}`,
      clock,
      log,
    }),
    credentials: anonymous.credentials,
    log,
  }).catch(async (error: unknown) => {
    await federation.close(0)
    throw error
  })
  const closeBoth = async (graceMs: number): Promise<void> => {
    await Promise.all([federation.close(graceMs), enrolment.close(graceMs)])
  }
  const fault = await windowFault({ identity, rootPem }).catch(async (error: unknown) => {
    await closeBoth(0)
    throw error
  })
  if (fault !== undefined) log.error('windows-not-raised', { reason: fault })
  return {
    federationPort: federation.port,
    enrolmentPort: enrolment.port,
    exchange: (next) => {
      mutual.exchange(next)
      anonymous.exchange(withRoot(next, rootPem))
    },
    endSite: (site) => liveCalls.end((call) => call.site === site),
    close: async (graceMs) => {
      liveCalls.end((call) => call.method === 'Attend')
      await closeBoth(graceMs)
    },
  }
}

/** Who enrols knows only the root's fingerprint, so it must see the root itself. */
function withRoot({ keyPem, chainPem }: ServerIdentity, rootPem: string): ServerIdentity {
  return { keyPem, chainPem: chainPem + rootPem }
}
