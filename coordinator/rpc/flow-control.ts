// HTTP/2 windows on the server. grpc-js lets only clients raise the window of a connection (grpc-node#3058); without it an
// upload over 40 ms runs at 1 MiB/s. So each session is raised as it begins, and window-check.ts looks at start whether
// that still works.

import type { Http2SecureServer, ServerHttp2Session } from 'node:http2'

/** Raises every future session's window; returns how to ask what the last session's window became, in bytes. */
export function raiseWindows(
  http2Servers: readonly Http2SecureServer[],
  windowBytes: number,
): { lastWindowBytes(): number | undefined } {
  let last: WeakRef<ServerHttp2Session> | undefined
  for (const http2Server of http2Servers) {
    http2Server.on('session', (session) => {
      session.setLocalWindowSize(windowBytes)
      last = new WeakRef(session)
    })
  }
  return { lastWindowBytes: () => last?.deref()?.state.effectiveLocalWindowSize }
}
