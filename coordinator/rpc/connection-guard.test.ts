// Connections that misbehave, over real mutual TLS with a plain HTTP/2 client that does what ours never would.

import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FederationServiceService } from '../../shared/gen/sequela/v1/federation.ts'
import { maxBytesAfterAnswer, maxCallsPerConnection, windowBytes } from '../../shared/protocol/limits.ts'
import { seededRandom } from '../../shared/random.ts'
import { createCoordinatorClient } from '../../site-agent/coordinator-client.ts'
import type { SiteIdentity } from '../../site-agent/identity-file.ts'
import { startTcpRelay } from '../../test/support/tcp-relay.ts'
import { type LiveFederation, startLiveFederation } from '../testsupport/live-federation.ts'

let live: LiveFederation
let identity: SiteIdentity
beforeAll(async () => {
  live = await startLiveFederation()
  identity = await live.enrol('a')
})
afterAll(() => live.close())

function session(port = live.listeners.federationPort): ClientHttp2Session {
  const client = connect(`https://localhost:${port}`, {
    ca: identity.rootPem,
    key: identity.privateKeyPem,
    cert: identity.certificateChainPem,
  })
  client.on('error', () => {})
  return client
}

function open(client: ClientHttp2Session, path: string, headers: object = {}): ClientHttp2Stream {
  const stream = client.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
  stream.on('error', () => {})
  return stream
}

/** A gRPC frame: flag, length, bytes. `announced` may lie. */
function frame(bytes: Buffer, announced = bytes.byteLength): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(announced, 1)
  return Buffer.concat([head, bytes])
}

const upload = FederationServiceService.uploadUpdate.path

async function expectOthersServed(): Promise<void> {
  const other = createCoordinatorClient(await live.enrol('b'))
  expect(await other.listStudies()).toHaveLength(1)
  other.close()
}

describe('a connection', () => {
  test('is cut when it goes on sending after it was refused', async () => {
    const relay = await startTcpRelay({ port: live.listeners.federationPort })
    const client = session(relay.port)
    const stream = open(client, upload)
    stream.resume()
    stream.write(frame(Buffer.from('not a message')))
    const junk = Buffer.alloc(1024 * 1024)
    const closed = once(client, 'close')
    while (!client.destroyed) {
      const drained = new Promise((resolve) => stream.once('drain', resolve))
      if (!stream.write(junk)) await Promise.race([drained, closed])
    }
    expect(relay.passed.up).toBeGreaterThan(maxBytesAfterAnswer)
    expect(relay.passed.up).toBeLessThan(2 * maxBytesAfterAnswer)
    await relay.close()
    await expectOthersServed()
  })

  test('is cut when its messages are compressed', async () => {
    const client = session()
    open(client, upload, { 'grpc-encoding': 'gzip' })
    await once(client, 'close')
    await expectOthersServed()
  })

  test('may announce a message of 4 GB and is refused before it comes', async () => {
    const client = session()
    const stream = open(client, upload)
    stream.write(frame(Buffer.alloc(10), 2 ** 32 - 1))
    const [headers] = await once(stream, 'response')
    expect(headers['grpc-status']).toBe('8')
    client.destroy()
  })

  test('may send any bytes to any call, whole or torn, and nobody else notices', async () => {
    const random = seededRandom('garbage')
    const paths = Object.values(FederationServiceService).map(({ path }) => path)
    const client = session()
    for (let i = 0; i < 400; i++) {
      const stream = open(client, paths[i % paths.length] ?? upload)
      stream.resume()
      const bytes = Buffer.from(Array.from({ length: random.integer(60) }, () => random.integer(256)))
      stream.write(random.integer(4) === 0 ? bytes : frame(bytes))
      if (random.integer(3) === 0) stream.close()
      else stream.end()
      await new Promise((resolve) => stream.once('close', resolve))
    }
    expect(client.destroyed).toBe(false)
    client.destroy()
    await expectOthersServed()
  })

  test('has a limited number of calls open at once', async () => {
    const client = session()
    await once(client, 'remoteSettings')
    expect(client.remoteSettings.maxConcurrentStreams).toBe(maxCallsPerConnection)
    client.destroy()
  })

  test('is one of a limited number from one address', async () => {
    const sockets = Array.from({ length: 80 }, () => {
      const socket = connectTls({
        port: live.listeners.federationPort,
        host: '127.0.0.1',
        servername: 'localhost',
        ca: identity.rootPem,
        key: identity.privateKeyPem,
        cert: identity.certificateChainPem,
        ALPNProtocols: ['h2'],
      })
      return new Promise<boolean>((resolve) => {
        socket.on('error', () => resolve(false))
        socket.on('close', () => resolve(false))
        socket.on('data', () => resolve(true))
      }).then((served) => ({ served, socket }))
    })
    const all = await Promise.all(sockets)
    const served = all.filter((each) => each.served)
    expect(served.length).toBeLessThanOrEqual(64)
    expect(served.length).toBeGreaterThan(50)
    const gone = served.map(({ socket }) => once(socket, 'close'))
    for (const { socket } of all) socket.destroy()
    await Promise.all(gone)
  })
})

describe('windows', () => {
  test('are raised for streams and connection over mutual TLS', async () => {
    const client = session()
    await once(client, 'remoteSettings')
    expect(client.remoteSettings.initialWindowSize).toBe(windowBytes)
    client.destroy()
  })
})
