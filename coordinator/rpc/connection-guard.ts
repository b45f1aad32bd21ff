// What a connection may not do, whoever is at its other end: come in hundreds from one address, send compressed messages
// (1 MB may unfold to anything), go on sending after it has had its answer, or hold a call open without moving a byte.
// grpc-js minds none of these: after a refusal it reads and drops whatever comes, gigabytes if need be.

import { constants, type Http2SecureServer, type Http2Session, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Log } from '../../shared/log.ts'
import { maxBytesAfterAnswer, stalledTransferMs } from '../../shared/protocol/limits.ts'

export interface ConnectionLimits {
  readonly maxConnectionsPerAddress: number
  readonly log: Log
}

export function guardConnections(http2Servers: readonly Http2SecureServer[], limits: ConnectionLimits): void {
  const connections = new Map<string, number>()
  const unwanted = new WeakMap<Http2Session, number>()

  const admit = (socket: Socket): void => {
    const address = socket.remoteAddress ?? ''
    const open = connections.get(address) ?? 0
    if (open >= limits.maxConnectionsPerAddress) {
      limits.log.warn('connection-refused', { address, count: open })
      socket.destroy()
      return
    }
    connections.set(address, open + 1)
    socket.once('close', () => {
      const left = (connections.get(address) ?? 1) - 1
      if (left === 0) connections.delete(address)
      else connections.set(address, left)
    })
  }

  const cut = (stream: ServerHttp2Stream, reason: string): void => {
    const address = stream.session?.socket.remoteAddress
    limits.log.warn('connection-cut', { reason, ...(address === undefined ? {} : { address }) })
    stream.session?.destroy()
  }

  /** Counts what a caller sends after its answer; a good one stops when it has read it. */
  const countUnwanted = (stream: ServerHttp2Stream): void => {
    const { session } = stream
    if (session === undefined || stream.readableEnded || stream.destroyed) return
    stream.on('data', (bytes: Buffer) => {
      const sum = (unwanted.get(session) ?? 0) + bytes.byteLength
      unwanted.set(session, sum)
      if (sum > maxBytesAfterAnswer && !session.destroyed) cut(stream, 'it went on sending after it was answered')
    })
  }

  for (const http2Server of http2Servers) {
    http2Server.on('connection', admit)
    http2Server.on('stream', (stream, headers) => {
      const encoding = headers['grpc-encoding']
      if (encoding !== undefined && encoding !== 'identity') return cut(stream, 'it sends compressed messages')
      stream.setTimeout(stalledTransferMs, () => stream.close(constants.NGHTTP2_CANCEL))
      stream.once('finish', () => countUnwanted(stream))
    })
  }
}
