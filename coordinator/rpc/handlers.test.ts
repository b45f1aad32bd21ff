// The wrapper around every handler, on a server with real TLS: whatever a handler does, the server goes on.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../shared/clock.ts'
import { type FederationServiceServer, FederationServiceService } from '../../shared/gen/sequela/v1/federation.ts'
import type { Log } from '../../shared/log.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { maxPeerTextLength, windowBytes } from '../../shared/protocol/limits.ts'
import { createKeyAndRequest } from '../../site-agent/identity.ts'
import { createAuthority } from '../authority/authority.ts'
import { decodeRequest } from '../authority/certificate-request.ts'
import { type GrpcServer, startGrpcServer } from './grpc-server.ts'
import { createHandlers } from './handlers.ts'
import { createLiveCalls } from './live-calls.ts'
import { createServerCredentials } from './server-credentials.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-handlers-'))
const { path: unary } = FederationServiceService.listStudies
const { path: serverStream } = FederationServiceService.downloadWeights
const { path: clientStream } = FederationServiceService.uploadUpdate

/** What the handlers of the server under test throw. */
let thrown: unknown
const logged: [string, unknown][] = []
const log: Log = {
  info: (event, fields) => void logged.push([event, fields]),
  warn: (event, fields) => void logged.push([event, fields]),
  error: (event, fields) => void logged.push([event, fields]),
}

let server: GrpcServer
let client: Client
beforeAll(async () => {
  const nowMs = systemClock.now()
  const options = { folder: join(folder, 'authority'), domain: 'plgg', hosts: ['localhost'], keyBits: 2048 }
  const authority = await createAuthority(options, nowMs)
  const { privateKeyPem, csrPem } = await createKeyAndRequest('a', 2048)
  const { chainPem } = authority.issueSite({ site: 'a', request: decodeRequest(csrPem), nowMs })
  const liveCalls = createLiveCalls()
  const handlers = createHandlers({ authenticate: () => {}, liveCalls, log })
  const fail = async (): Promise<never> => {
    throw thrown
  }
  const implementation: FederationServiceServer = {
    attend: handlers.serverStream('Attend', async (_, send) => {
      await send({ notice: { $case: 'heartbeat', value: { serverTimeMs: 1n } } })
      await fail()
    }),
    listStudies: handlers.unary('ListStudies', fail),
    downloadWeights: handlers.serverStream('DownloadWeights', fail),
    beginUpdate: handlers.unary('BeginUpdate', fail),
    uploadUpdate: handlers.clientStream('UploadUpdate', fail),
    reportEvaluation: handlers.unary('ReportEvaluation', fail),
    decline: handlers.unary('Decline', async () => ({})),
    report: handlers.unary('Report', fail),
    linkChildren: handlers.unary('LinkChildren', fail),
    renewCertificate: handlers.unary('RenewCertificate', fail),
  }
  const { credentials: serverCredentials } = createServerCredentials({
    identity: authority.serverIdentity(),
    clientCaPem: authority.rootPem,
    windowBytes,
  })
  server = await startGrpcServer({
    definition: FederationServiceService,
    implementation,
    credentials: serverCredentials,
    address: '127.0.0.1',
    port: 0,
    log,
  })
  client = new Client(
    `localhost:${server.port}`,
    credentials.createSsl(Buffer.from(authority.rootPem), Buffer.from(privateKeyPem), Buffer.from(chainPem)),
  )
})
afterAll(async () => {
  client.close()
  await server.close(0)
  rmSync(folder, { recursive: true, force: true })
})

interface Outcome {
  readonly failure: ServiceError | undefined
  readonly messages: number
}

/** Makes any call, with `requests` empty messages. */
function callOf(path: string, requests = 1): Promise<Outcome> {
  return new Promise((resolve) => {
    const empty = (): Buffer => Buffer.alloc(0)
    const call = client.makeBidiStreamRequest(path, empty, (bytes) => bytes, new Metadata(), {})
    let messages = 0
    call.on('data', () => messages++)
    call.on('error', (failure: ServiceError) => resolve({ failure, messages }))
    call.on('end', () => resolve({ failure: undefined, messages }))
    for (let i = 0; i < requests; i++) call.write({})
    call.end()
  })
}

const kinds: [string, string][] = [
  ['a unary call', unary],
  ['a call that streams down', serverStream],
  ['a call that streams up', clientStream],
]

describe.each(kinds)('%s', (_, path) => {
  test('that is refused carries code and sentence', async () => {
    thrown = new SequelaError('round_closed', 'the round is over')
    const { failure } = await callOf(path)
    expect(failure?.code).toBe(status.FAILED_PRECONDITION)
    expect(failure?.metadata.get('sequela-code')).toEqual(['round_closed'])
    expect(failure?.details).toBe('the round is over')
  })

  test.each<[string, unknown]>([
    ['a fault', new TypeError('a secret path /x/y')],
    ['nothing', undefined],
    ['a text', 'secret'],
  ])('whose handler throws %s says only that, and the log says more', async (_title, what) => {
    thrown = what
    logged.length = 0
    const { failure } = await callOf(path)
    expect(failure?.code).toBe(status.INTERNAL)
    expect(failure?.metadata.get('sequela-code')).toEqual(['internal'])
    expect(failure?.details).not.toContain('secret')
    expect(logged.map(([event]) => event)).toEqual(['call-failed'])
  })

  test.each<[string, unknown]>([
    ['is damaged', new SequelaError('store_corrupt', 'blob abc does not have its hash any more; restore it')],
    ['is gone', new SequelaError('file_unreadable', 'there is no blob abc in the store')],
    [
      'the disk does not give back',
      Object.assign(new Error('EIO: i/o error, read abc'), { code: 'EIO', syscall: 'read' }),
    ],
  ])('that needs what %s of the store says whose loss that is, and the log says more', async (_title, what) => {
    thrown = what
    logged.length = 0
    const { failure } = await callOf(path)
    expect(failure?.code).toBe(status.DATA_LOSS)
    expect(failure?.metadata.get('sequela-code')).toEqual(['store_corrupt'])
    expect(failure?.details).toContain('nothing is to be done at the site')
    expect(failure?.details).not.toContain('abc')
    expect(logged.map(([event]) => event)).toEqual(['call-failed'])
  })

  test.each([
    ['half a surrogate pair', 'reason \ud800 and \udc00'],
    ['no end', 'x'.repeat(100_000)],
    ['control characters', 'a\r\nb\u0000c'],
    ['letters of every kind', 'Zürich 東京 🧠 %zz'],
  ])('may be refused in words with %s', async (_title, words) => {
    thrown = new SequelaError('forbidden', words)
    const { failure } = await callOf(path)
    expect(failure?.code).toBe(status.PERMISSION_DENIED)
    expect(failure?.details.length).toBeLessThanOrEqual(maxPeerTextLength)
    expect(failure?.details.isWellFormed()).toBe(true)
  })
})

describe('a server', () => {
  test('still answers after all that', async () => {
    expect((await callOf(FederationServiceService.decline.path)).failure).toBeUndefined()
  })

  test('has sent what came before a handler failed', async () => {
    thrown = new SequelaError('certificate_expired', 'it is over')
    const { failure, messages } = await callOf(FederationServiceService.attend.path)
    expect([messages, failure?.code]).toEqual([1, status.UNAUTHENTICATED])
  })

  test('refuses calls that it does not have, and messages that are none', async () => {
    expect((await callOf('/sequela.v1.FederationService/Nothing')).failure?.code).toBe(status.UNIMPLEMENTED)
    expect((await callOf(unary, 0)).failure?.code).toBe(status.UNIMPLEMENTED)
    expect((await callOf(unary, 2)).failure?.code).toBe(status.UNIMPLEMENTED)
  })
})
