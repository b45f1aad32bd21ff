// A coordinator's listeners on free ports, with a real authority, real TLS and a small study whose model is as large as a
// test wants, and clients of its sites.

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../shared/clock.ts'
import type { Digest } from '../../shared/digest.ts'
import { type Log, silentLog } from '../../shared/log.ts'
import { decodeEnrolmentCode } from '../../shared/protocol/enrolment-code.ts'
import { encodeSafetensors } from '../../shared/weights/safetensors.ts'
import { elementCount, type Manifest, manifestOf, type Weights } from '../../shared/weights/weights.ts'
import { createKeyAndRequest, type KeyAndRequest } from '../../site-agent/identity.ts'
import type { SiteIdentity } from '../../site-agent/identity-file.ts'
import { authenticate } from '../authority/authentication.ts'
import { type Authority, createAuthority } from '../authority/authority.ts'
import { createEnrolment, type Enrolment } from '../authority/enrolment.ts'
import { membershipMachine } from '../authority/membership-codec.ts'
import { type CommandLoop, createCommandLoop } from '../command-loop.ts'
import { type Attendance, createAttendance } from '../rpc/attendance.ts'
import { type Listeners, startListeners } from '../rpc/listeners.ts'
import { type SmallStudy, smallStudy } from '../run/testsupport/small-study.ts'
import type { Blobs } from '../store/blobs.ts'
import { openFileBlobs } from '../store/files.ts'
import type { Journal } from '../store/journal.ts'
import { createMemoryJournal } from '../store/memory-journal.ts'
import { createTimer, type Timer } from '../timer.ts'

export interface LiveFederationOptions {
  /** Float32 values of the model; 3 MiB by default, so that an update is a few chunks. */
  readonly elements?: number
  readonly clock?: Clock
  readonly timer?: Timer
  readonly log?: Log
  /** What the study asks beside the usual. */
  readonly study?: Partial<SmallStudy>
  /** False: the study is proposed only. */
  readonly started?: boolean
  /** Name by which sites reach it; the certificate is for localhost and coordinator.test. */
  readonly host?: string
}

export interface LiveFederation {
  readonly folder: string
  readonly authority: Authority
  readonly enrolment: Enrolment
  readonly listeners: Listeners
  readonly loop: Pick<CommandLoop<never>, 'federation' | 'handle' | 'subscribe' | 'journalIndexOf'>
  readonly blobs: Blobs
  readonly attendance: Attendance
  readonly journal: Journal
  readonly studyDigest: Digest
  /** Opens the first round, where that was not done already. */
  startRun(): Promise<void>
  readonly manifest: Manifest
  /** The running study's first weights; made anew when asked for, as they may be large. */
  readonly base: { readonly digest: Digest; readonly bytes: Uint8Array }
  /** A certificate from an enrolment code, under a key that all sites of the test share. */
  enrol(site: string): Promise<SiteIdentity>
  /** Whether the store's disk has no room. */
  fillDisk(full: boolean): void
  /** The same listeners again, as after a restart of the process: nothing is remembered but journal and blobs. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** Shorter keys than in production, which take seconds to make. */
const keyBits = 2048

/** Keys take a while to make, so all federations of a process share theirs. The authority is only held in memory. */
let keys: Promise<KeyAndRequest & { readonly authority: Authority }> | undefined

function sharedKeys(): NonNullable<typeof keys> {
  const make = async (): NonNullable<typeof keys> => {
    const folder = await mkdtemp(join(tmpdir(), 'sequela-keys-'))
    const options = {
      folder: join(folder, 'authority'),
      domain: 'plgg',
      hosts: ['localhost', 'coordinator.test'],
      keyBits,
    }
    const authority = await createAuthority(options, systemClock.now())
    await rm(folder, { recursive: true })
    return { authority, ...(await createKeyAndRequest('any', keyBits)) }
  }
  keys ??= make()
  return keys
}

/** Sites a, b and c, quorum 2; the study runs and its first round is open. */
export async function startLiveFederation(options: LiveFederationOptions = {}): Promise<LiveFederation> {
  const {
    elements = 768 * 1024,
    clock = systemClock,
    timer = createTimer(clock),
    log = silentLog,
    host = 'localhost',
    started = true,
  } = options
  const folder = await mkdtemp(join(tmpdir(), 'sequela-live-'))
  await mkdir(join(folder, 'store'))
  const { authority, privateKeyPem, csrPem } = await sharedKeys()
  let freeBytes = Number.MAX_SAFE_INTEGER
  const blobs = await openFileBlobs({
    folder: join(folder, 'store'),
    minFreeBytes: 0,
    freeBytes: async () => freeBytes,
  })
  const fail = (error: unknown): never => {
    throw error
  }
  const journal = createMemoryJournal()
  const loop = createCommandLoop({
    journal,
    clock,
    membership: membershipMachine,
    onFatal: fail,
  })
  const attendance = createAttendance(clock)
  const addresses = { enrolment: '' }
  const enrolment = createEnrolment({
    authority,
    membership: loop.membership,
    clock,
    address: () => addresses.enrolment,
  })
  const manifest = manifestOf([{ name: 'w', shape: [elements] }])
  const start = (federationPort: number, enrolmentPort: number): Promise<Listeners> =>
    startListeners({
      ports: {
        ...{ loop, blobs, attendance, clock, timer, log },
        manifestOf: () => manifest,
        renew: async (peer, csrPem) => (await enrolment.renew(peer, csrPem)).chainPem,
      },
      authenticate: (peer) => void authenticate(loop.membership.state(), peer, clock.now()),
      enrol: (secret, csrPem) => enrolment.enrol(secret, csrPem),
      identity: authority.serverIdentity(),
      rootPem: authority.rootPem,
      host,
      federation: { address: '127.0.0.1', port: federationPort },
      enrolment: { address: '127.0.0.1', port: enrolmentPort },
    })
  let listeners = await start(0, 0)
  addresses.enrolment = `${host}:${listeners.enrolmentPort}`

  const study = smallStudy({ sites: ['a', 'b', 'c'], quorum: 2, stages: [2], maxUpdateNorm: 1e6, ...options.study })
  const baseBytes = (): Uint8Array => encodeSafetensors(weightsOf(manifest, 0))
  const digest = await blobs.put(baseBytes())
  await loop.handle({ type: 'propose-study', studyDigest: study.digest, text: study.text })
  const startRun = async (): Promise<void> => {
    await loop.handle({ type: 'start-run', studyDigest: study.digest, initialWeights: digest })
  }
  if (started) await startRun()
  return {
    ...{
      folder,
      authority,
      enrolment,
      loop,
      blobs,
      journal,
      attendance,
      manifest,
      studyDigest: study.digest,
      startRun,
    },
    get listeners() {
      return listeners
    },
    base: {
      digest,
      get bytes() {
        return baseBytes()
      },
    },
    enrol: async (site) => {
      const { secret } = decodeEnrolmentCode(await enrolment.invite(site))
      const { chainPem } = await enrolment.enrol(secret, csrPem)
      return {
        site,
        federationAddress: `${host}:${listeners.federationPort}`,
        privateKeyPem,
        certificateChainPem: chainPem,
        rootPem: authority.rootPem,
      }
    },
    fillDisk: (full) => {
      freeBytes = full ? 0 : Number.MAX_SAFE_INTEGER
    },
    restart: async () => {
      const { federationPort, enrolmentPort } = listeners
      await listeners.close(0)
      listeners = await start(federationPort, enrolmentPort)
    },
    close: async () => {
      await listeners.close(0)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Weights that differ by `seed`, all finite. */
export function weightsOf(manifest: Manifest, seed: number): Weights {
  const values = new Float32Array(elementCount(manifest))
  for (let i = 0; i < values.length; i++) values[i] = ((i * 31 + seed) % 1000) / 1e6
  return { manifest, values }
}
