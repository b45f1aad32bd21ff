// The HTTP/2 servers inside a gRPC server. grpc-js keeps them to itself, but windows, caps and the end of floods are theirs.

import type { Http2SecureServer } from 'node:http2'
import type { Server } from '@grpc/grpc-js'
import { SequelaError } from '../../shared/protocol/errors.ts'

/** @throws SequelaError `internal` when they are not where the pinned version of the library keeps them. */
export function http2ServersOf(server: Server): readonly Http2SecureServer[] {
  const map: unknown = Reflect.get(server, 'http2Servers')
  const servers: unknown[] = map instanceof Map ? [...map.keys()] : []
  const found = servers.filter(isHttp2Server)
  if (found.length > 0) return found
  throw new SequelaError(
    'internal',
    'the gRPC library has changed where it keeps its HTTP/2 servers; install the version in package-lock.json',
  )
}

function isHttp2Server(value: unknown): value is Http2SecureServer {
  return typeof value === 'object' && value !== null && 'setSecureContext' in value && 'on' in value
}
