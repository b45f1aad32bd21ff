// A gRPC server as both listeners use it: limits, windows, and a shutdown in the one order that works.

import {
  Server,
  type ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { maxCallsPerConnection, maxMessageBytes, windowBytes } from '../../shared/protocol/limits.ts'
import { raiseWindows } from './flow-control.ts'

export interface GrpcServer {
  /** The port in use; the system's choice where 0 was asked for. */
  readonly port: number
  /** HTTP/2 window of the last connection in bytes; undefined before the first. */
  lastWindowBytes(): number | undefined
  /** Takes no new calls, lets those that are open end within `graceMs`, then closes. */
  close(graceMs: number): Promise<void>
}

/** Connections older than this are asked to reconnect, so that a certificate is looked at anew (±10 % in the library). */
const maxConnectionAgeMs = 15 * 60_000
/** A transfer that is under way then may go on for this long. */
const maxConnectionAgeGraceMs = 6 * 3_600_000

const options = {
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
  'grpc.max_concurrent_streams': maxCallsPerConnection,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_connection_age_ms': maxConnectionAgeMs,
  'grpc.max_connection_age_grace_ms': maxConnectionAgeGraceMs,
}

/** @throws SequelaError `config_invalid` when the address cannot be listened on. */
export async function startGrpcServer(service: {
  readonly definition: ServiceDefinition
  readonly implementation: UntypedServiceImplementation
  readonly credentials: ServerCredentials
  readonly address: string
  readonly port: number
}): Promise<GrpcServer> {
  const server = new Server(options)
  server.addService(service.definition, service.implementation)
  const port = await bind(server, service)
  const windows = raiseWindows(server, windowBytes)
  return {
    port,
    lastWindowBytes: windows.lastWindowBytes,
    close: async (graceMs) => {
      // `drain` after `tryShutdown` does nothing, and `tryShutdown` alone waits for ever on open streams.
      server.drain(`${service.address}:${port}`, graceMs)
      const force = setTimeout(() => server.forceShutdown(), graceMs + 1000)
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()))
      clearTimeout(force)
    },
  }
}

function bind(
  server: Server,
  { credentials, address, port }: { credentials: ServerCredentials; address: string; port: number },
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${address}:${port}`, credentials, (error, bound) => {
      if (error === null) return resolve(bound)
      const message = `cannot listen on ${address}:${port}; is the port taken, or does the address belong to another machine?`
      reject(new SequelaError('config_invalid', message, { cause: error }))
    })
  })
}
