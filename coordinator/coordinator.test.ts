// Starts of a coordinator. Of one that fails nothing is left open, and the program ends.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { systemClock } from '../shared/clock.ts'
import { sha256 } from '../shared/digest.ts'
import { silentLog } from '../shared/log.ts'
import { initialWeights } from '../shared/model/parameters.ts'
import nodeFlags from '../shared/node-flags.json' with { type: 'json' }
import { modelOf } from '../shared/study/model-of.ts'
import type { Study, StudyFile } from '../shared/study/study.ts'
import { encodeSafetensors } from '../shared/weights/safetensors.ts'
import { createAuthority } from './authority/authority.ts'
import { membershipMachine } from './authority/membership-codec.ts'
import { createCommandLoop } from './command-loop.ts'
import { type CoordinatorOptions, startCoordinator } from './coordinator.ts'
import { type CoordinatorHome, type CoordinatorSettings, coordinatorHome, createHome } from './home.ts'
import { smallStudy } from './run/testsupport/small-study.ts'
import { openFileBlobs } from './store/files.ts'
import type { Journal } from './store/journal.ts'
import { openJournal } from './store/open-journal.ts'
import { lockStore } from './store/store-lock.ts'

const root = mkdtempSync(join(tmpdir(), 'sequela-start-'))
const home = coordinatorHome(join(root, 'home'))
let taken: Server
let options: CoordinatorOptions

/** A home whose study runs, so that its deadline is waited for. */
beforeAll(async () => {
  taken = createServer()
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const domain = 'plgg'
  const listener = { address: '127.0.0.1', port: 0 }
  const settings = await createHome(home, {
    ...{ domain, host: 'localhost', federation: listener, enrolment: listener, minFreeDiskMb: 1 },
  })
  const onFatal = (error: unknown): never => {
    throw error
  }
  options = { home, settings, log: silentLog, onFatal }
  const authority = { folder: home.authorityFolder, domain, hosts: ['localhost'], keyBits: 2048 }
  await createAuthority(authority, systemClock.now())
  const study = smallStudy({ sites: ['a', 'b'], quorum: 2, stages: [1] })
  const coordinator = await startCoordinator(options)
  await coordinator.admin({ type: 'propose', text: study.text })
  await coordinator.admin({ type: 'start', studyDigest: study.digest })
  await coordinator.close(0)
})
afterAll(() => {
  taken.close()
  rmSync(root, { recursive: true, force: true })
})

/** Settings whose second port belongs to somebody else. */
function withoutPort(): CoordinatorSettings {
  const { port } = taken.address() as AddressInfo
  return { ...options.settings, enrolment: { address: '127.0.0.1', port } }
}

/** Runs `coordinator serve` until it ends by itself. */
async function serveUntilItEnds(settings: CoordinatorSettings) {
  await writeFile(home.settingsFile, stringify(settings))
  const args = [...nodeFlags, join(import.meta.dirname, 'main.ts'), '--home', home.folder, 'serve']
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    let said = ''
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString()
    })
    const [status] = await once(child, 'close')
    return { status, said }
  } finally {
    child.kill('SIGKILL')
  }
}

/** Weights are as good as a difference of weights here. */
function updateOf(study: Study, site: string): Uint8Array {
  return encodeSafetensors(initialWeights(modelOf(study), 2 + study.sites.indexOf(site)))
}

/** Has both sites deliver in the open first round of a coordinator that is not running; nobody has averaged it yet. */
async function sealFirstRound({ storeFolder }: CoordinatorHome, { study, digest: studyDigest }: StudyFile) {
  const blobs = await openFileBlobs({ folder: storeFolder, minFreeBytes: 0 })
  const journal = await openJournal(storeFolder, blobs)
  const loop = createCommandLoop({
    journal,
    clock: systemClock,
    membership: membershipMachine,
    onFatal: options.onFatal,
  })
  const base = encodeSafetensors(initialWeights(modelOf(study), study.seed))
  for (const site of study.sites) {
    const update = updateOf(study, site)
    await loop.handle({
      ...{ type: 'count-update', studyDigest, site, stage: 0, round: 0, children: 10, metrics: [], norm: 1 },
      ...{ baseDigest: sha256(base), updateDigest: await blobs.put(update), byteLength: update.byteLength },
    })
  }
  journal.close()
}

/** Runs a coordinator until the average of a sealed round is recorded. */
async function startUntilPublished(how: CoordinatorOptions): Promise<void> {
  const published = Promise.withResolvers<void>()
  const journal = (inner: Journal): Journal => ({
    ...inner,
    append: (records) => {
      const entries = inner.append(records)
      if (records.some(({ type }) => type === 'weights-published')) published.resolve()
      return entries
    },
  })
  const coordinator = await startCoordinator({
    ...how,
    storeSeam: { journal, blobs: (inner) => inner },
    onFatal: published.reject,
  })
  await published.promise
  await coordinator.close(0)
}

describe('a coordinator that cannot start', () => {
  test('for want of a port lets go of the store and of the port that it had, and can start when there is one', async () => {
    await expect(startCoordinator({ ...options, settings: withoutPort() })).rejects.toMatchObject({
      code: 'config_invalid',
    })
    lockStore(home.storeFolder).release()
    const coordinator = await startCoordinator(options)
    await coordinator.close(0)
  })

  test('for want of a port ends with the reason, also while a study runs', async () => {
    const { status, said } = await serveUntilItEnds(withoutPort())
    expect(said).toContain('config_invalid: cannot listen on 127.0.0.1')
    expect(status).toBe(1)
  })

  test('for want of an admin socket ends too, as nobody could operate it', async () => {
    chmodSync(home.socketFolder, 0o755)
    const { status, said } = await serveUntilItEnds(options.settings)
    chmodSync(home.socketFolder, 0o700)
    expect(said).toContain('file_unreadable')
    expect(status).toBe(1)
  })

  test('because its journal is gone keeps the weights, and goes on when the journal is back', async () => {
    const journal = join(home.storeFolder, 'journal.db')
    const weights = (): readonly string[] =>
      readdirSync(join(home.storeFolder, 'blobs'), { recursive: true }).map(String)
    const before = weights()
    renameSync(journal, `${journal}.backup`)
    await expect(startCoordinator(options)).rejects.toMatchObject({ code: 'store_corrupt' })
    expect(weights()).toEqual(before)
    renameSync(`${journal}.backup`, journal)
    const coordinator = await startCoordinator(options)
    expect(coordinator.status().runs.map(({ phase }) => phase)).toEqual(['running'])
    await coordinator.close(0)
  })
})

describe('a coordinator whose journal was restored from a backup', () => {
  const restored = coordinatorHome(join(root, 'restored'))
  const blobsFolder = join(restored.storeFolder, 'blobs')
  const journalFile = join(restored.storeFolder, 'journal.db')
  const copyOf = (when: 'proposed' | 'sealed' | 'published'): string => join(root, `journal-${when}.db`)
  const study = smallStudy({ sites: ['a', 'b'], quorum: 2, stages: [2] })
  let ofRestored: CoordinatorOptions
  const stored = (): readonly string[] =>
    readdirSync(blobsFolder, { recursive: true })
      .map(String)
      .filter((name) => name.length > 64)
      .sort()

  /** Copies of its journal: when a study was proposed, when its first round was sealed, when that was published. */
  beforeAll(async () => {
    ofRestored = { ...options, home: restored }
    cpSync(home.authorityFolder, restored.authorityFolder, { recursive: true })
    const first = await startCoordinator(ofRestored)
    await first.admin({ type: 'propose', text: study.text })
    await first.close(0)
    cpSync(journalFile, copyOf('proposed'))
    const second = await startCoordinator(ofRestored)
    await second.admin({ type: 'start', studyDigest: study.digest })
    await second.close(0)
    await sealFirstRound(restored, study)
    cpSync(journalFile, copyOf('sealed'))
    await startUntilPublished(ofRestored)
    cpSync(journalFile, copyOf('published'))
  })

  test.each(['proposed', 'sealed'] as const)(
    'of before its weights (%s) does not start, and deletes none',
    async (when) => {
      const before = stored()
      expect(before).toHaveLength(2)
      cpSync(copyOf(when), journalFile)
      await expect(startCoordinator(ofRestored)).rejects.toMatchObject({
        code: 'store_corrupt',
        message: expect.stringContaining('restore the newest backup'),
      })
      expect(stored()).toEqual(before)
    },
  )

  test('goes on with the newest one, and with an older one once somebody has said so', async () => {
    cpSync(copyOf('published'), journalFile)
    const coordinator = await startCoordinator(ofRestored)
    expect(coordinator.status().runs.map(({ rounds }) => rounds.length)).toEqual([2])
    await coordinator.close(0)
    cpSync(copyOf('proposed'), journalFile)
    rmSync(join(blobsFolder, 'journal-mark.json'))
    const older = await startCoordinator(ofRestored)
    expect(older.status().runs.map(({ phase }) => phase)).toEqual(['proposed'])
    await older.close(0)
  })
})

describe('a coordinator that finds weights of a sealed round damaged', () => {
  test('holds that study back and serves the others, and goes on with it when they are restored', async () => {
    const damaged = coordinatorHome(join(root, 'damaged'))
    const ofDamaged = { ...options, home: damaged }
    cpSync(home.authorityFolder, damaged.authorityFolder, { recursive: true })
    const study = smallStudy({ sites: ['a', 'b'], quorum: 2, stages: [2] })
    const before = await startCoordinator(ofDamaged)
    await before.admin({ type: 'propose', text: study.text })
    await before.admin({ type: 'start', studyDigest: study.digest })
    await before.close(0)
    await sealFirstRound(damaged, study)
    const update = sha256(updateOf(study.study, 'b'))
    const file = join(damaged.storeFolder, 'blobs', update.slice(0, 2), update)
    const whole = readFileSync(file)
    writeFileSync(file, whole.with(whole.length - 1, 1))

    const heldBack = Promise.withResolvers<void>()
    const log = { ...silentLog, error: () => heldBack.resolve() }
    const coordinator = await startCoordinator({ ...ofDamaged, log, onFatal: heldBack.reject })
    await heldBack.promise
    const reason = `blob ${update} does not have its hash any more; restore that file of the store from a backup`
    expect(coordinator.status().runs).toMatchObject([{ heldBack: { code: 'store_corrupt', reason } }])
    const other = smallStudy({ sites: ['a', 'b'], quorum: 2, stages: [1] })
    await coordinator.admin({ type: 'propose', text: other.text })
    await coordinator.admin({ type: 'start', studyDigest: other.digest })
    await coordinator.close(0)

    writeFileSync(file, whole)
    await startUntilPublished(ofDamaged)
  })
})

describe('a coordinator whose issuing key ends soon, and whose root key is elsewhere', () => {
  test('says so in the log when it starts, and in its status', async () => {
    const dayMs = 86_400_000
    const old = coordinatorHome(join(root, 'old'))
    const authority = { folder: old.authorityFolder, domain: 'plgg', hosts: ['localhost'], keyBits: 2048 }
    await createAuthority(authority, systemClock.now() - 80 * dayMs)
    rmSync(join(old.authorityFolder, 'root-key.pem'))
    const warnings: unknown[] = []
    const log = { ...silentLog, warn: (event: string) => void warnings.push(event) }
    const coordinator = await startCoordinator({ ...options, home: old, log })
    expect(warnings).toEqual(['certificate-warning'])
    expect(coordinator.status().certificateWarning).toContain('the issuing key ends on')
    await coordinator.close(0)
  })
})
