// The listeners as a whole: what the open call says, how they stop, how windows follow the line.

import { once } from 'node:events'
import { connect } from 'node:http2'
import { createServer } from 'node:net'
import { credentials, type ServiceError } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../shared/clock.ts'
import { FederationServiceClient, FederationServiceService } from '../../shared/gen/sequela/v1/federation.ts'
import { silentLog } from '../../shared/log.ts'
import { formatAssignmentId } from '../../shared/protocol/assignment-id.ts'
import { chunkBytes, heartbeatMs, longLineWindowBytes, windowBytes } from '../../shared/protocol/limits.ts'
import { protocolVersion } from '../../shared/version.ts'
import type { Notice } from '../../site-agent/agent.ts'
import { type CoordinatorClient, createCoordinatorClient } from '../../site-agent/coordinator-client.ts'
import type { SiteIdentity } from '../../site-agent/identity-file.ts'
import { startTcpRelay } from '../../test/support/tcp-relay.ts'
import { createAuthority } from '../authority/authority.ts'
import { type LiveFederation, startLiveFederation } from '../testsupport/live-federation.ts'
import { createManualTime, type ManualTime } from '../testsupport/manual-time.ts'
import { spooledUpdate } from '../testsupport/spooled-update.ts'
import { startListeners } from './listeners.ts'

const quietly = () => ({ signal: new AbortController().signal, onProgress: () => {} })

let live: LiveFederation
let time: ManualTime
let identity: SiteIdentity
let client: CoordinatorClient
beforeEach(async () => {
  time = createManualTime(systemClock.now())
  live = await startLiveFederation({ clock: time, timer: time })
  identity = await live.enrol('a')
  client = createCoordinatorClient(identity)
})
afterEach(async () => {
  client.close()
  await live.close()
})

/** What the coordinator says on the open call, one notice after the other. */
function listen(approved: readonly string[], by = client) {
  const notices: Notice[] = []
  let wake = (): void => {}
  const hangUp = new AbortController()
  const ended = by.attend(
    approved,
    (notice) => {
      notices.push(notice)
      wake()
    },
    hangUp.signal,
  )
  ended.catch(() => {})
  const next = async (): Promise<Notice> => {
    for (;;) {
      const notice = notices.shift()
      if (notice !== undefined) return notice
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { next, ended, hangUp: () => hangUp.abort() }
}

describe('the open call', () => {
  test('welcomes the site, which it knows by the name in its certificate, offers what it has not approved, and says when it is alive', async () => {
    const call = listen([])
    const serverTimeMs = time.now()
    expect(await call.next()).toMatchObject({ kind: 'welcome', serverTimeMs })
    expect(await call.next()).toEqual({ kind: 'study-offer', studyDigest: live.studyDigest, name: 'small' })
    expect(live.attendance.of('a')).toMatchObject({ connected: true })
    time.advance(heartbeatMs)
    expect(await call.next()).toEqual({ kind: 'heartbeat', serverTimeMs: serverTimeMs + heartbeatMs })
    time.advance(heartbeatMs)
    expect(await call.next()).toMatchObject({ kind: 'heartbeat' })
    call.hangUp()
    await expect(call.ended).rejects.toMatchObject({ code: 'cancelled' })
  })

  test('brings work at once to who has approved it, the next round when it opens, and word when nobody wants it any more', async () => {
    const call = listen([live.studyDigest])
    await call.next()
    const expected = { studyDigest: live.studyDigest, stage: 0, baseByteLength: live.base.bytes.byteLength }
    expect(await call.next()).toMatchObject({
      kind: 'assignment',
      assignment: { ...expected, round: 0, baseDigest: live.base.digest },
    })
    await client.deliver(await spooledUpdate(live, 5), quietly())
    for (const site of ['b', 'c']) {
      const other = createCoordinatorClient(await live.enrol(site))
      await other.deliver(await spooledUpdate(live, site.charCodeAt(0)), quietly())
      other.close()
    }
    const at = { studyDigest: live.studyDigest, stage: 0, round: 0 }
    await live.loop.handle({ type: 'publish-weights', ...at, weightsDigest: live.base.digest, clipped: new Map() })
    expect(await call.next()).toMatchObject({ kind: 'assignment', assignment: { ...expected, round: 1 } })
    await live.loop.handle({ type: 'cancel-run', studyDigest: live.studyDigest, reason: 'over' })
    expect(await call.next()).toEqual({ kind: 'cancellation', assignment: { ...at, round: 1 } })
    call.hangUp()
  })

  test('asks a site again that declined, when the round falls short without it', async () => {
    const call = listen([live.studyDigest])
    await call.next()
    const first = await call.next()
    const at = { studyDigest: live.studyDigest, stage: 0, round: 0 }
    await client.decline(formatAssignmentId(at), 'cohort_empty', 'no children')
    time.advance(3_600_000)
    await live.loop.handle({ type: 'look-at-clock' })
    let again = await call.next()
    while (again.kind === 'heartbeat') again = await call.next()
    expect(again).toEqual(first)
    call.hangUp()
  })

  test('refuses an agent of another protocol, and says who is to be updated', async () => {
    const { rootPem, privateKeyPem, certificateChainPem, federationAddress } = identity
    const [root, key, chain] = [rootPem, privateKeyPem, certificateChainPem].map((pem) => Buffer.from(pem))
    const raw = new FederationServiceClient(federationAddress, credentials.createSsl(root, key, chain))
    for (const [version, who] of [
      [protocolVersion - 1, 'update the site agent'],
      [protocolVersion + 1, 'update the coordinator'],
    ] as const) {
      const greeting = { protocolVersion: version, programVersion: '9', capabilities: [], approvedStudies: [] }
      const call = raw.attend(greeting)
      call.on('data', () => {})
      const failure = await new Promise<ServiceError>((resolve) => call.on('error', resolve))
      expect(failure.metadata.get('sequela-code')).toEqual(['version_incompatible'])
      expect(failure.details).toContain(who)
    }
    raw.close()
  })

  test('shows the newest line when a site calls twice, and progress as it is reported', async () => {
    const first = listen([])
    await first.next()
    const second = listen([])
    await second.next()
    first.hangUp()
    await expect(first.ended).rejects.toThrow()
    const assignmentId = formatAssignmentId({ studyDigest: live.studyDigest, stage: 0, round: 0 })
    expect(await client.report(assignmentId, 'training', 3, 10)).toBe(true)
    expect(live.attendance.of('a')).toMatchObject({
      connected: true,
      work: { assignmentId, activity: 'training', done: 3, total: 10 },
    })
    await live.loop.handle({ type: 'cancel-run', studyDigest: live.studyDigest, reason: 'over' })
    expect(await client.report(assignmentId, 'training', 4, 10)).toBe(false)
    second.hangUp()
  })
})

describe('stopping', () => {
  test('ends the calls that listen, lets a transfer end, and takes no new ones', async () => {
    const relay = await startTcpRelay({ port: live.listeners.federationPort, bytesPerSecond: 8 * chunkBytes })
    const slow = createCoordinatorClient({ ...(await live.enrol('b')), federationAddress: `localhost:${relay.port}` })
    const call = listen([])
    await call.next()
    const delivering = slow.deliver(await spooledUpdate(live, 5), quietly())
    while ((await live.blobs.partialKeys()).length === 0) await new Promise((resolve) => setImmediate(resolve))
    const stopping = live.listeners.close(60_000)
    await expect(call.ended).rejects.toMatchObject({ code: 'unreachable' })
    expect(await delivering).toMatchObject({ journalIndex: expect.any(BigInt) })
    await stopping
    await expect(client.listStudies()).rejects.toMatchObject({ code: 'unreachable' })
    slow.close()
    await relay.close()
  })

  test('does not wait for a transfer that does not move', async () => {
    const relay = await startTcpRelay({ port: live.listeners.federationPort })
    const dead = createCoordinatorClient({ ...(await live.enrol('b')), federationAddress: `localhost:${relay.port}` })
    await dead.listStudies()
    const muted = relay.muteAfter('up', 1.5 * chunkBytes)
    const stop = new AbortController()
    const delivering = dead.deliver(await spooledUpdate(live, 5), { ...quietly(), signal: stop.signal })
    delivering.catch(() => {})
    await muted
    await live.listeners.close(50)
    stop.abort()
    await expect(delivering).rejects.toThrow()
    dead.close()
    await relay.close()
  })
})

describe('starting', () => {
  test('leaves nothing listening when the connection to itself fails', async () => {
    const { federationPort: port } = live.listeners
    await live.listeners.close(0)
    const { loop, blobs, attendance, authority, manifest } = live
    const strangers = { folder: `${live.folder}/stranger`, domain: 'plgg', hosts: ['localhost'], keyBits: 2048 }
    const refuse = async (): Promise<never> => {
      throw new Error('nobody calls')
    }
    const starting = startListeners({
      ports: {
        ...{ loop, blobs, attendance, clock: time, timer: time, log: silentLog, renew: refuse },
        manifestOf: () => manifest,
      },
      ...{ authenticate: refuse, enrol: refuse, host: 'localhost', identity: authority.serverIdentity() },
      rootPem: (await createAuthority(strangers, time.now())).rootPem,
      federation: { address: '127.0.0.1', port },
      enrolment: { address: '127.0.0.1', port: 0 },
    })
    await expect(starting).rejects.toThrow()
    const next = createServer().listen(port, '127.0.0.1')
    await once(next, 'listening')
    next.close()
  })
})

describe('windows', () => {
  test('are wide for an upload over a long line, and only for as long as it takes', async () => {
    const relay = await startTcpRelay({ port: live.listeners.federationPort, delayMs: 10 })
    const session = connect(`https://localhost:${relay.port}`, {
      ca: identity.rootPem,
      key: identity.privateKeyPem,
      cert: identity.certificateChainPem,
    })
    await once(session, 'remoteSettings')
    expect(session.remoteSettings.initialWindowSize).toBe(windowBytes)
    // The server's own ping has come back when ours, sent later, has.
    await new Promise<void>((resolve) => session.ping(() => resolve()))
    await new Promise<void>((resolve) => session.ping(() => resolve()))
    const upload = session.request({
      ':method': 'POST',
      ':path': FederationServiceService.uploadUpdate.path,
      'content-type': 'application/grpc',
    })
    upload.on('error', () => {})
    const [wide] = await once(session, 'remoteSettings')
    expect(wide.initialWindowSize).toBe(longLineWindowBytes)
    upload.close()
    const [narrow] = await once(session, 'remoteSettings')
    expect(narrow.initialWindowSize).toBe(windowBytes)
    session.destroy()
    await relay.close()
  })
})
