import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { type Log, silentLog } from '../../shared/log.ts'
import type { Blobs } from '../store/blobs.ts'
import { openFileBlobs } from '../store/files.ts'
import { createSmallFederation } from '../testsupport/small-federation.ts'
import { createAttendance } from './attendance.ts'
import { createDownload } from './downloads.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-downloads-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A running study whose first weights are stored, and how its site downloads them. */
async function serving(name: string) {
  const federation = createSmallFederation()
  await federation.start()
  const { loop, time } = federation
  const inner = await openFileBlobs({ folder: join(folder, name), minFreeBytes: 0 })
  const digest = await inner.put(Buffer.from('w0'))
  let hashed = 0
  const blobs: Blobs = {
    ...inner,
    verify: (wanted) => {
      hashed++
      return inner.verify(wanted)
    },
  }
  const logged: string[] = []
  const log: Log = { ...silentLog, error: (event, fields) => logged.push(`${event} ${fields?.code}`) }
  const download = createDownload({
    ...{ loop, blobs, log, clock: time, timer: time, attendance: createAttendance(time) },
    manifestOf: () => [],
    renew: () => Promise.reject(new Error('nobody renews')),
  })
  return {
    ...{ digest, logged },
    file: inner.pathOf(digest) ?? '',
    timesHashed: () => hashed,
    fetch: async (site: string): Promise<string> => {
      const sent: Uint8Array[] = []
      await download({ digest, offset: 0n }, async ({ chunk }) => void sent.push(Uint8Array.from(chunk?.data ?? [])), {
        peer: { site, domain: 'plgg', serial: '1' },
        signal: new AbortController().signal,
        authenticateAgain: () => {},
      })
      return Buffer.concat(sent).toString()
    },
  }
}

describe('stored weights', () => {
  test('are hashed once before they are served, whoever asks how often', async () => {
    const { fetch, timesHashed } = await serving('good')
    expect(await Promise.all(['a', 'b'].map(fetch))).toEqual(['w0', 'w0'])
    expect(await fetch('c')).toBe('w0')
    expect(timesHashed()).toBe(1)
  })

  test('are not served when they have changed on disk, and the log says so; they are when they are restored', async () => {
    const { fetch, file, digest, logged } = await serving('changed')
    const whole = readFileSync(file)
    writeFileSync(file, 'w1')
    expect(sha256('w1')).not.toBe(digest)
    await expect(fetch('a')).rejects.toMatchObject({ code: 'store_corrupt' })
    expect(logged).toEqual(['blob-not-served store_corrupt'])
    writeFileSync(file, whole)
    expect(await fetch('a')).toBe('w0')
  })
})
