// Updates whose round goes on without them while they are received: told their place, and not kept.

import { describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { silentLog } from '../../shared/log.ts'
import { formatAssignmentId } from '../../shared/protocol/assignment-id.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { encodeSafetensors } from '../../shared/weights/safetensors.ts'
import { manifestOf } from '../../shared/weights/weights.ts'
import type { Blobs } from '../store/blobs.ts'
import { createMemoryBlobs } from '../store/memory-blobs.ts'
import { createMemoryJournal } from '../store/memory-journal.ts'
import { weightsOf } from '../testsupport/live-federation.ts'
import { createSmallFederation } from '../testsupport/small-federation.ts'
import { createAttendance } from './attendance.ts'
import type { CallContext } from './handlers.ts'
import { createUploads } from './uploads.ts'

const manifest = manifestOf([{ name: 'w', shape: [100] }])
const contents = (seed: number): Uint8Array => encodeSafetensors(weightsOf(manifest, seed))

/** A running study of sites a, b and c with quorum 2, and what a site does to deliver an update of its first round. */
async function underWay(deps: { readonly blobs?: Blobs } = {}) {
  const journal = createMemoryJournal()
  let full = false
  const federation = createSmallFederation(
    {},
    {
      journal: {
        ...journal,
        append: (records) => {
          if (full) throw new SequelaError('disk_full', 'no room')
          return journal.append(records)
        },
      },
    },
  )
  const { loop, time, study } = federation
  const { blobs = createMemoryBlobs() } = deps
  await federation.start()
  const uploads = createUploads({
    ...{ loop, blobs, clock: time, timer: time, log: silentLog, attendance: createAttendance(time) },
    manifestOf: () => manifest,
    renew: () => Promise.reject(new Error('nobody renews')),
  })
  const assignmentId = formatAssignmentId({ studyDigest: study.digest, stage: 0, round: 0 })
  const contextOf = (site: string): CallContext => ({
    peer: { site, domain: 'plgg', serial: '1' },
    signal: new AbortController().signal,
    authenticateAgain: () => {},
  })
  return {
    ...{ ...federation, blobs },
    fillJournal: (isFull: boolean) => {
      full = isFull
    },
    begin: (site: string, bytes: Uint8Array) =>
      uploads.begin(
        {
          ...{ assignmentId, studyDigest: study.digest, stage: 0, round: 0, children: 10, updateNorm: 1, metrics: [] },
          ...{ baseDigest: sha256('w0'), updateDigest: sha256(bytes), byteLength: BigInt(bytes.byteLength) },
        },
        contextOf(site),
      ),
    /** Sends all bytes, and ends the upload when `ending` resolves. */
    send: (site: string, bytes: Uint8Array, ending: Promise<void> = Promise.resolve()) => {
      const messages = [{ assignmentId, updateDigest: sha256(bytes), chunk: { offset: 0n, data: Buffer.from(bytes) } }]
      const next = async () => messages.shift() ?? (await ending.then(() => undefined))
      return uploads.receive({ next, giveUp: () => {} }, contextOf(site))
    },
    /** The round is sealed at its deadline with the updates of a and b. */
    seal: async () => {
      for (const site of ['a', 'b']) await loop.handle(federation.update(site))
      time.advance(3_600_001)
      await loop.handle({ type: 'look-at-clock' })
    },
    publish: () =>
      loop.handle({
        ...{ type: 'publish-weights', studyDigest: study.digest, stage: 0, round: 0 },
        ...{ weightsDigest: sha256('w1'), clipped: new Map() },
      }),
  }
}

describe('an update that is on its way when its round closes', () => {
  test('is refused as late and not kept', async () => {
    const { blobs, begin, send, seal, run } = await underWay()
    await begin('c', contents(1))
    const ending = Promise.withResolvers<void>()
    const sent = send('c', contents(1), ending.promise)
    await seal()
    ending.resolve()
    await expect(sent).rejects.toMatchObject({ code: 'round_closed' })
    expect(run()).toMatchObject({ current: { status: 'sealed', late: ['c'] } })
    expect(await blobs.list()).toEqual([])
  })

  test('is not kept when the average is published before its last byte either', async () => {
    const { blobs, begin, send, seal, publish } = await underWay()
    await begin('c', contents(1))
    const ending = Promise.withResolvers<void>()
    const sent = send('c', contents(1), ending.promise)
    await seal()
    await publish()
    ending.resolve()
    await expect(sent).rejects.toMatchObject({ code: 'round_closed' })
    expect(await blobs.list()).toEqual([])
  })
})

describe('an update that could not be recorded for want of room', () => {
  test('counts without being sent again, and stays while it counts', async () => {
    const { blobs, begin, send, fillJournal, run } = await underWay()
    await begin('c', contents(1))
    fillJournal(true)
    await expect(send('c', contents(1))).rejects.toMatchObject({ code: 'disk_full' })
    fillJournal(false)
    expect(await begin('c', contents(1))).toEqual({ continueAt: BigInt(contents(1).byteLength) })
    await send('c', contents(1))
    expect(run()).toMatchObject({ current: { status: 'open' } })
    expect(await blobs.list()).toEqual([sha256(contents(1))])
  })

  test('is not kept when its round goes on without it', async () => {
    const { blobs, begin, send, fillJournal, seal, publish } = await underWay()
    await begin('c', contents(1))
    fillJournal(true)
    await expect(send('c', contents(1))).rejects.toMatchObject({ code: 'disk_full' })
    fillJournal(false)
    await seal()
    await publish()
    await expect(begin('c', contents(1))).rejects.toMatchObject({ code: 'round_closed' })
    expect(await blobs.list()).toEqual([])
  })

  test('is not kept when the site announces another one', async () => {
    const { blobs, begin, send, fillJournal } = await underWay()
    await begin('c', contents(1))
    fillJournal(true)
    await expect(send('c', contents(1))).rejects.toMatchObject({ code: 'disk_full' })
    fillJournal(false)
    await begin('c', contents(2))
    expect(await blobs.list()).toEqual([])
    await send('c', contents(2))
    expect(await blobs.list()).toEqual([sha256(contents(2))])
  })
})

test('a site that announces an update while its earlier attempt is being counted hears the receipt', async () => {
  const inner = createMemoryBlobs()
  const looking = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  const blobs: Blobs = {
    ...inner,
    open: async (digest) => {
      opened.resolve()
      await looking.promise
      return inner.open(digest)
    },
  }
  const { begin, send } = await underWay({ blobs })
  await begin('c', contents(1))
  const counted = send('c', contents(1))
  await opened.promise
  const again = begin('c', contents(1))
  // The announcement is decided by now and finds the round open; what is left is to wait for the earlier attempt.
  await new Promise((resolve) => setImmediate(resolve))
  looking.resolve()
  expect(await again).toEqual(await counted)
})
