// HTTP/2 windows on the server. grpc-js lets only clients raise the window of a connection (grpc-node#3058); without it an
// upload over 40 ms runs at 1 MiB/s. So each session is raised through grpc-js's private map of its HTTP/2 servers, and a
// self-test at start says so if an update of the library has moved that map.

import type { Http2SecureServer, ServerHttp2Session } from 'node:http2'
import type { Server } from '@grpc/grpc-js'
import { SequelaError } from '../../shared/protocol/errors.ts'

/** Raises every future session's window; returns how to ask what the last session's window became. */
export function raiseWindows(server: Server, windowBytes: number): { lastWindowBytes(): number | undefined } {
  let last: ServerHttp2Session | undefined
  for (const http2Server of http2ServersOf(server)) {
    http2Server.on('session', (session) => {
      session.setLocalWindowSize(windowBytes)
      last = session
    })
    http2Server.on('stream', (stream, headers) => {
      const encoding = headers['grpc-encoding']
      // A compressed message of 1 MB may unfold to anything; none of our clients compresses.
      if (encoding !== undefined && encoding !== 'identity') stream.session?.destroy()
    })
  }
  return { lastWindowBytes: () => last?.state.effectiveLocalWindowSize }
}

/**
 * grpc-js's private HTTP/2 servers.
 * @throws SequelaError `internal` when they are not where this version of the library keeps them.
 */
function http2ServersOf(server: Server): readonly Http2SecureServer[] {
  const map: unknown = Reflect.get(server, 'http2Servers')
  const servers: unknown[] = map instanceof Map ? [...map.keys()] : []
  const found = servers.filter(isHttp2Server)
  if (found.length > 0) return found
  throw new SequelaError(
    'internal',
    'the gRPC library has changed where it keeps its HTTP/2 servers; windows cannot be raised',
  )
}

function isHttp2Server(value: unknown): value is Http2SecureServer {
  return typeof value === 'object' && value !== null && 'setTimeout' in value && 'on' in value
}
