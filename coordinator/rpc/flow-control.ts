// HTTP/2 windows on the server. grpc-js lets only clients raise the window of a connection (grpc-node#3058); without it an
// upload over 40 ms runs at 1 MiB/s. So each session is raised as it begins, and for the length of an upload over a long
// line once more: how much must be under way grows with the time that an answer takes.

import type { Http2SecureServer, ServerHttp2Session } from 'node:http2'
import { longLineMs, longLineWindowBytes, maxLongLineUploads, windowBytes } from '../../shared/protocol/limits.ts'

export interface WindowOptions {
  /** Path of the call that uploads; absent where there is none. */
  readonly uploadPath?: string
}

/** Raises every future session's window; returns how to ask what the last session's window is, in bytes. */
export function raiseWindows(
  http2Servers: readonly Http2SecureServer[],
  { uploadPath }: WindowOptions,
): { lastWindowBytes(): number | undefined } {
  const roundTripsMs = new WeakMap<ServerHttp2Session, number>()
  let last: WeakRef<ServerHttp2Session> | undefined
  let longUploads = 0

  const widen = (session: ServerHttp2Session): (() => void) => {
    const isLong = (roundTripsMs.get(session) ?? 0) >= longLineMs
    if (!isLong || longUploads >= maxLongLineUploads) return () => {}
    longUploads++
    setWindows(session, longLineWindowBytes)
    return () => {
      longUploads--
      setWindows(session, windowBytes)
    }
  }

  for (const http2Server of http2Servers) {
    http2Server.on('session', (session) => {
      session.setLocalWindowSize(windowBytes)
      last = new WeakRef(session)
      session.ping((error, durationMs) => {
        if (error === null) roundTripsMs.set(session, durationMs)
      })
    })
    http2Server.on('stream', (stream, headers) => {
      const { session } = stream
      if (headers[':path'] !== uploadPath || !isServerSession(session)) return
      stream.once('close', widen(session))
    })
  }
  return { lastWindowBytes: () => last?.deref()?.state.effectiveLocalWindowSize }
}

/** Of the connection, and of its streams, those that are open included. */
function setWindows(session: ServerHttp2Session, bytes: number): void {
  if (session.destroyed || session.closed) return
  session.setLocalWindowSize(bytes)
  session.settings({ initialWindowSize: bytes })
}

function isServerSession(session: object | undefined): session is ServerHttp2Session {
  return session !== undefined
}
