// A gRPC server as both listeners use it: limits, windows, guard, and a shutdown in the one order that works.

import { setDefaultHighWaterMark } from 'node:stream'
import {
  Server,
  type ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { Log } from '../../shared/log.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { maxConnectionsPerAddress, maxMessageBytes, messagesAhead } from '../../shared/protocol/limits.ts'
import { guardConnections } from './connection-guard.ts'
import { raiseWindows } from './flow-control.ts'
import { http2ServersOf } from './http2-servers.ts'

export interface GrpcService {
  readonly definition: ServiceDefinition
  readonly implementation: UntypedServiceImplementation
  readonly credentials: ServerCredentials
  readonly address: string
  /** 0 takes a free one. */
  readonly port: number
  readonly log: Log
  readonly maxConnectionsPerAddress?: number
  /** Path of the call that uploads; absent where there is none. */
  readonly uploadPath?: string
}

export interface GrpcServer {
  /** The port in use. */
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

/** What has not ended by the end of the grace is cut; what then still hangs is left behind after this. */
const forceAfterMs = 1_000

const options = {
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_connection_age_ms': maxConnectionAgeMs,
  'grpc.max_connection_age_grace_ms': maxConnectionAgeGraceMs,
  'grpc.enable_channelz': 0,
}

/** @throws SequelaError `config_invalid` when the address cannot be listened on. */
export async function startGrpcServer(service: GrpcService): Promise<GrpcServer> {
  setDefaultHighWaterMark(true, messagesAhead)
  const server = new Server(options)
  // grpc-js refuses a service without methods; the self-test of the windows needs none.
  if (Object.keys(service.definition).length > 0) server.addService(service.definition, service.implementation)
  const port = await bind(server, service)
  const http2Servers = http2ServersOf(server)
  const windows = raiseWindows(http2Servers, service)
  guardConnections(http2Servers, { maxConnectionsPerAddress, ...service })
  return {
    port,
    lastWindowBytes: windows.lastWindowBytes,
    close: async (graceMs) => {
      // `drain` after `tryShutdown` does nothing, and `tryShutdown` alone waits for ever on open streams.
      server.drain(`${service.address}:${port}`, graceMs)
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => {
          server.forceShutdown()
          resolve()
        }, graceMs + forceAfterMs)
        server.tryShutdown(() => {
          clearTimeout(force)
          resolve()
        })
      })
    },
  }
}

function bind(server: Server, { credentials, address, port }: GrpcService): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${address}:${port}`, credentials, (error, bound) => {
      if (error === null) return resolve(bound)
      const message = `cannot listen on ${address}:${port}; is the port taken, or does the address belong to another machine?`
      reject(new SequelaError('config_invalid', message, { cause: error }))
    })
  })
}
