// The self-test at start: a connection to a listener of our own, over TLS on loopback, to see whether the HTTP/2 windows
// are as large as they should be. They rest on internals of grpc-js, so an update could undo them without a word.

import { once } from 'node:events'
import { connect } from 'node:http2'
import { silentLog } from '../../shared/log.ts'
import { windowBytes } from '../../shared/protocol/limits.ts'
import { startGrpcServer } from './grpc-server.ts'
import { createServerCredentials, type ServerIdentity } from './server-credentials.ts'

/** What is wrong with the windows, in words; undefined when nothing is. */
export async function windowFault(server: {
  readonly identity: ServerIdentity
  readonly rootPem: string
}): Promise<string | undefined> {
  const { credentials } = createServerCredentials({ identity: server.identity, windowBytes })
  const listener = await startGrpcServer({
    definition: {},
    implementation: {},
    credentials,
    address: '127.0.0.1',
    port: 0,
    log: silentLog,
  })
  // The name in the certificate is for sites; here we know whom we call.
  const client = connect(`https://127.0.0.1:${listener.port}`, {
    ca: server.rootPem,
    servername: 'localhost',
    checkServerIdentity: () => undefined,
  })
  try {
    await once(client, 'remoteSettings')
    const ofStreams = client.remoteSettings.initialWindowSize
    const ofConnection = listener.lastWindowBytes()
    if (ofStreams === windowBytes && ofConnection === windowBytes) return undefined
    return `windows should be ${windowBytes} bytes and are ${ofStreams} a stream, ${ofConnection} a connection; uploads over long lines will be slow`
  } finally {
    client.destroy()
    await listener.close(0)
  }
}
