// The coordinator put together: lock, store, authority, command loop, reactions, listeners, admin socket. Opened in this
// order and closed in the reverse one, at the end and when a start fails halfway; what is durable is in the journal and the
// blobs, so closing loses nothing.

import { type Clock, systemClock } from '../shared/clock.ts'
import { type Digest, parseDigest, sha256 } from '../shared/digest.ts'
import type { Log } from '../shared/log.ts'
import { initialWeights, modelManifest } from '../shared/model/parameters.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { modelOf } from '../shared/study/model-of.ts'
import { parseStudy, type Study } from '../shared/study/study.ts'
import { systemCode } from '../shared/system-code.ts'
import { programVersion } from '../shared/version.ts'
import { encodeSafetensors } from '../shared/weights/safetensors.ts'
import type { AdminRequest } from './admin/requests.ts'
import { serveAdminSocket } from './admin/socket.ts'
import { createRoundAverage } from './aggregation/round-average.ts'
import { authenticate } from './authority/authentication.ts'
import { type Authority, openAuthority } from './authority/authority.ts'
import { createEnrolment } from './authority/enrolment.ts'
import { membershipMachine } from './authority/membership-codec.ts'
import { createCommandLoop } from './command-loop.ts'
import { poolRound } from './evaluation/pool-round.ts'
import type { CoordinatorHome, CoordinatorSettings } from './home.ts'
import { startReactions } from './reactions.ts'
import { createAttendance } from './rpc/attendance.ts'
import { startListeners } from './rpc/listeners.ts'
import { neededBlobs } from './run/queries.ts'
import type { Federation } from './run/run.ts'
import { type CoordinatorStatus, coordinatorStatus } from './status.ts'
import type { Blobs } from './store/blobs.ts'
import { openFileBlobs } from './store/files.ts'
import type { Journal } from './store/journal.ts'
import { markJournal, requireMarkReached } from './store/journal-mark.ts'
import { openJournal } from './store/open-journal.ts'
import { lockStore } from './store/store-lock.ts'
import { createTimer } from './timer.ts'

export interface CoordinatorOptions {
  readonly home: CoordinatorHome
  readonly settings: CoordinatorSettings
  readonly log: Log
  /** Called once when the process must end: the journal failed, or the program has a fault. */
  readonly onFatal: (error: unknown) => void
  readonly clock?: Clock
  /** Stands between the coordinator and its store; tests of crashes watch and fail it here. */
  readonly storeSeam?: { journal(inner: Journal): Journal; blobs(inner: Blobs): Blobs }
}

export interface RunningCoordinator {
  readonly federationAddress: string
  readonly enrolmentAddress: string
  /** Answers a request of the operator. */
  admin(request: AdminRequest): Promise<unknown>
  status(): CoordinatorStatus
  /** Lets what is in flight end or park within `graceMs`, then closes everything. */
  close(graceMs: number): Promise<void>
}

/** How often certificates of our own are looked at, in ms. */
const renewalCheckMs = 24 * 3_600_000

/** @throws SequelaError `store_locked`, `store_corrupt`, `config_invalid`, `file_unreadable`; nothing is left open then. */
export async function startCoordinator(options: CoordinatorOptions): Promise<RunningCoordinator> {
  const opened = new AsyncDisposableStack()
  try {
    return await open(options, opened)
  } catch (error) {
    // A listener or a timer left behind would keep the process alive, and with it the lock.
    await opened.disposeAsync().catch((closing: unknown) => {
      options.log.error('closing-failed', { code: SequelaError.from(closing).code })
    })
    throw error
  }
}

/** Opens everything; `opened` holds how each part is closed. */
async function open(options: CoordinatorOptions, opened: AsyncDisposableStack): Promise<RunningCoordinator> {
  const { home, settings, log, onFatal, clock = systemClock } = options
  /** What transfers are given when the listeners close; nothing when a start fails. */
  let closingGraceMs = 0
  const lock = lockStore(home.storeFolder)
  opened.defer(() => lock.release())
  const timer = createTimer(clock)
  const minFreeBytes = settings.minFreeDiskMb * 1e6
  const seam = options.storeSeam ?? { journal: (inner: Journal) => inner, blobs: (inner: Blobs) => inner }
  const blobs = seam.blobs(await openFileBlobs({ folder: home.storeFolder, minFreeBytes, onFatal }))
  const journal = seam.journal(await openJournal(home.storeFolder, blobs))
  opened.defer(() => journal.close())
  const authority = await openAuthority({
    folder: home.authorityFolder,
    domain: settings.domain,
    hosts: [settings.host, 'localhost'],
  })
  let certificateWarning: string | undefined
  /** Returns whether listeners must show another certificate than before. */
  const renewCertificates = async (): Promise<boolean> => {
    const { serverChanged, warning } = await authority.renewDue(clock.now())
    certificateWarning = warning
    if (warning !== undefined) log.warn('certificate-warning', { reason: warning })
    return serverChanged
  }
  await renewCertificates()
  const loop = createCommandLoop({ journal, clock, onFatal, membership: membershipMachine })
  opened.defer(() => loop.close())
  requireMarkReached(home.storeFolder, journal)
  await discardLeftovers(blobs, loop.federation())
  /** A mark that stays behind for want of room guards less, and refuses nothing that it should not. */
  const mark = (): void => {
    try {
      markJournal(home.storeFolder, journal.head())
    } catch (error) {
      log.warn('journal-not-marked', { code: systemCode(error) })
    }
  }
  mark()
  loop.subscribe(({ event }) => {
    if (event.type === 'weights-published' || event.type === 'weights-chosen') mark()
  })
  const average = createRoundAverage({ blobs })
  const reactions = startReactions({
    loop,
    aggregate: (run, round, signal) =>
      round.purpose === 'pass' ? poolRound(blobs, run, round) : average(run, round, signal),
    timer,
    clock,
    log,
    onFatal,
  })
  opened.defer(() => reactions.close())
  const attendance = createAttendance(clock)
  const ports = { enrolment: 0 }
  const enrolment = createEnrolment({
    authority,
    membership: loop.membership,
    clock,
    address: () => `${settings.host}:${ports.enrolment}`,
  })
  const listeners = await startListeners({
    ports: {
      loop,
      blobs,
      attendance,
      manifestOf: (study) => modelManifest(modelOf(study)),
      renew: async (peer, csrPem) => (await enrolment.renew(peer, csrPem)).chainPem,
      clock,
      timer,
      log,
    },
    authenticate: (peer) => {
      if (peer.domain !== settings.domain) {
        throw new SequelaError('forbidden', `the certificate is of ${peer.domain}, not of ${settings.domain}`)
      }
      authenticate(loop.membership.state(), peer, clock.now())
    },
    enrol: async (secret, csrPem) => enrolment.enrol(secret, csrPem),
    identity: shownIdentity(authority),
    rootPem: authority.rootPem,
    host: settings.host,
    federation: settings.federation,
    enrolment: settings.enrolment,
  })
  opened.defer(() => listeners.close(closingGraceMs))
  ports.enrolment = listeners.enrolmentPort
  const federationAddress = `${settings.host}:${listeners.federationPort}`
  const enrolmentAddress = `${settings.host}:${listeners.enrolmentPort}`

  const lookAtCertificates = async (): Promise<void> => {
    if (await renewCertificates()) listeners.exchange(shownIdentity(authority))
  }
  const renewals = setInterval(() => {
    lookAtCertificates().catch((error: unknown) => {
      const { code, message } = SequelaError.from(error)
      certificateWarning = message
      log.error('certificate-renewal-failed', { code })
    })
  }, renewalCheckMs)
  opened.defer(() => clearInterval(renewals))

  const status = (): CoordinatorStatus => {
    const membership = loop.membership.state()
    const invited = [...membership.invitations.values()].map(({ site }) => site)
    const sites = [...new Set([...invited, ...membership.latest.keys()])].sort()
    const facts = {
      programVersion,
      domain: settings.domain,
      federationAddress,
      enrolmentAddress,
      rootFingerprint: authority.rootFingerprint,
      ...(certificateWarning !== undefined && { certificateWarning }),
      journal: journal.head(),
      sites: sites.map((site) => ({
        site,
        certificateNotAfterMs: membership.certificates.get(membership.latest.get(site) ?? '')?.notAfterMs ?? null,
        ...attendance.of(site),
      })),
    }
    return coordinatorStatus(facts, loop.federation(), { clock, heldBack: reactions.heldBack })
  }

  /** Drawn from the seed, or of a study that judges finished weights those, which the store keeps as long as their own study. */
  const firstWeights = async ({ from, seed, ...study }: Study): Promise<Digest> => {
    if (from === undefined) return blobs.put(encodeSafetensors(initialWeights(modelOf(study), seed)))
    await blobs.verify(from.weights)
    return from.weights
  }

  const startRun = async (studyDigest: Digest): Promise<void> => {
    const run = loop.federation().runs.get(studyDigest)
    if (run === undefined) throw new SequelaError('study_unknown', 'there is no such study; propose it first')
    await loop.handle({ type: 'start-run', studyDigest, initialWeights: await firstWeights(run.study) })
  }

  const admin = async (request: AdminRequest): Promise<unknown> => {
    switch (request.type) {
      case 'invite':
        return enrolment.invite(request.site)
      case 'propose': {
        const { digest } = parseStudy(request.text)
        await loop.handle({ type: 'propose-study', studyDigest: digest, text: request.text })
        return digest
      }
      case 'start':
        return startRun(parseDigest(request.studyDigest))
      case 'pause':
        return void (await loop.handle({ type: 'pause-run', studyDigest: parseDigest(request.studyDigest) }))
      case 'resume':
        return void (await loop.handle({ type: 'resume-run', studyDigest: parseDigest(request.studyDigest) }))
      case 'cancel': {
        const { reason } = request
        return void (await loop.handle({ type: 'cancel-run', studyDigest: parseDigest(request.studyDigest), reason }))
      }
      case 'status':
        return status()
    }
  }

  const adminSocket = await serveAdminSocket(home, admin)
  opened.defer(() => adminSocket.close())
  log.info('serving', { address: federationAddress, version: programVersion, digest: sha256(authority.rootPem) })
  return {
    federationAddress,
    enrolmentAddress,
    admin,
    status,
    close: async (graceMs) => {
      closingGraceMs = graceMs
      await opened.disposeAsync()
    },
  }
}

/** Deletes what a crash left behind in the store. To be called before anything is written to it. */
async function discardLeftovers(blobs: Blobs, federation: Federation): Promise<void> {
  const needed = neededBlobs(federation)
  for (const digest of await blobs.list()) if (!needed.has(digest)) await blobs.delete(digest)
}

/** The root goes along with the chain, so that a site that knows only its fingerprint can pin it. */
function shownIdentity(authority: Authority): ReturnType<Authority['serverIdentity']> {
  const { keyPem, chainPem } = authority.serverIdentity()
  return { keyPem, chainPem: `${chainPem}${authority.rootPem}` }
}
