// The agent's life: stay connected, take assignments one at a time, and give up on nothing that a network can cause.
// Two loops run side by side. `listen` keeps the call to the coordinator open and reconnects with growing pauses;
// `work` performs what came in (assignment.ts). A line that goes down does not disturb training.

import type { Clock } from '../shared/clock.ts'
import type { Digest } from '../shared/digest.ts'
import type { Log } from '../shared/log.ts'
import { type AssignmentKey, formatAssignmentId } from '../shared/protocol/assignment-id.ts'
import { type ErrorCode, SequelaError } from '../shared/protocol/errors.ts'
import type { Random } from '../shared/random.ts'
import {
  type Activity,
  type Assignment,
  type AssignmentClient,
  type AssignmentDeps,
  performAssignment,
} from './assignment.ts'
import { createAssignmentQueue } from './assignment-queue.ts'
import { backoffMs } from './backoff.ts'
import { type Connections, createConnections } from './connections.ts'
import { orDiskFull } from './disk-full.ts'
import { clearLeftovers } from './leftovers.ts'
import { isLossOfCoordinator, isRetryable } from './retryable.ts'
import type { StatusBoard } from './status-board.ts'

/** What the coordinator says on the open call. */
export type Notice =
  | { readonly kind: 'welcome'; readonly serverTimeMs: number; readonly programVersion: string }
  | { readonly kind: 'assignment'; readonly assignment: Assignment }
  | { readonly kind: 'cancellation'; readonly assignment: AssignmentKey }
  | { readonly kind: 'study-offer'; readonly studyDigest: Digest; readonly name: string }
  | { readonly kind: 'renewal' }
  | { readonly kind: 'heartbeat'; readonly serverTimeMs: number }

/** A connection to the coordinator under one certificate. */
export interface AgentClient extends AssignmentClient {
  /** Listens until the call ends; resolves when the coordinator closes it, rejects with why it broke. */
  attend(approvedStudies: readonly string[], onNotice: (notice: Notice) => void, signal: AbortSignal): Promise<void>
  decline(assignmentId: string, code: ErrorCode, reason: string): Promise<void>
  /** Progress and heartbeat; false when the assignment is not wanted any more. */
  report(assignmentId: string, activity: Activity, done: number, total: number): Promise<boolean>
  close(): void
}

export interface AgentDeps extends AssignmentDeps {
  /** A client under the certificate that is in force now, renewed first when that is due. */
  readonly connect: (signal: AbortSignal) => Promise<AgentClient>
  /** Milliseconds until the certificate is to be renewed. */
  readonly renewalInMs: () => Promise<number>
  /** Resolves when a person approves another study, or when `signal` aborts. */
  readonly approvalsChanged: (signal: AbortSignal) => Promise<void>
  readonly status: StatusBoard
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Resolves after `ms`, or at once when `signal` aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
}

/** A clock that differs by more than this from the coordinator's is worth a warning. */
const clockWarningMs = 60_000

/** Progress goes to the coordinator at most this often. */
const reportIntervalMs = 2_000

/**
 * A renewal that is due at once, as near the end of the issuing certificate or with a clock that is ahead, is looked at
 * again only after so long: hanging up for it would end every call before it is answered.
 */
const soonestRenewalMs = 10 * 60_000

/** A call that ends sooner is a failure, however it ends: a coordinator or a proxy that hangs up each time would be called without a pause. */
const lastingCallMs = 10_000

/** Runs until `signal` aborts. */
export async function runAgent(deps: AgentDeps, signal: AbortSignal): Promise<void> {
  const queue = createAssignmentQueue(signal)
  const connections = createConnections<AgentClient>()
  const offers = new Map<string, string>()
  /** Whether the coordinator has named all that it asks for, which it does at the beginning of a call. */
  let isTold = false
  let clearing: Promise<void> = Promise.resolve()
  const clearUp = (): void => {
    if (!isTold) return
    clearing = clearing
      .then(() => clearLeftovers({ ...deps, asked: queue.asked, use: connections.use }, signal))
      .catch((error: unknown) => deps.log.warn('leftovers-kept', { code: SequelaError.from(error).code }))
  }

  const onNotice = (notice: Notice): void => {
    switch (notice.kind) {
      case 'welcome': {
        const clockDifferenceMs = notice.serverTimeMs - deps.clock.now()
        if (Math.abs(clockDifferenceMs) > clockWarningMs) deps.log.warn('clock-differs', { waitMs: clockDifferenceMs })
        const since = new Date(deps.clock.now()).toISOString()
        deps.status.update({ connection: { state: 'connected', since, clockDifferenceMs } })
        deps.log.info('connected', { site: deps.site, version: notice.programVersion })
        return
      }
      case 'assignment':
        queue.add(notice.assignment)
        return
      case 'cancellation':
        deps.log.info('assignment-cancelled', placeOf(notice.assignment))
        queue.cancel(formatAssignmentId(notice.assignment))
        clearUp()
        return
      case 'study-offer':
        offers.set(notice.studyDigest, notice.name)
        deps.status.update({ offers: [...offers].map(([digest, name]) => ({ digest, name })) })
        deps.log.info('study-offered', { digest: notice.studyDigest })
        return
      case 'heartbeat':
        if (isTold) return
        isTold = true
        clearUp()
        return
      case 'renewal':
    }
  }

  const listen = async (): Promise<void> => {
    let failures = 0
    while (!signal.aborted) {
      deps.status.update({ connection: { state: 'connecting' } })
      try {
        connections.replace(await deps.connect(signal))
        isTold = false
        const hangUp = new AbortController()
        const untilThen = AbortSignal.any([signal, hangUp.signal])
        const { studies: approved, unreadable } = await deps.approvals.list()
        for (const { digest, code } of unreadable) deps.log.warn('approval-unreadable', { digest, code })
        const renewalInMs = Math.max(await deps.renewalInMs(), soonestRenewalMs)
        const digests = approved.map(({ digest }) => digest)
        const beganMs = deps.clock.now()
        const isLasting = (): boolean => deps.clock.now() - beganMs >= lastingCallMs
        // From here to the race nothing may be awaited: a call that fails in between would fail unheard.
        const listening = connections
          .use((client) => client.attend(digests, onNotice, untilThen))
          .finally(() => {
            if (isLasting()) failures = 0
          })
        void connections.use((client) => deps.linkage.announce(approved, client))
        const renewal = deps.wait(renewalInMs, untilThen)
        const approval = deps.approvalsChanged(untilThen)
        const ended = listening.then(() => {
          if (isLasting() || untilThen.aborted) return
          throw new SequelaError('unreachable', 'the coordinator, or a proxy on the way, ended the call at once')
        })
        await Promise.race([ended, renewal, approval]).finally(() => hangUp.abort())
        await ended.catch(ignoreCancelled)
      } catch (error) {
        if (signal.aborted) break
        const refusal = SequelaError.from(error, 'unreachable')
        const waitMs = backoffMs(failures++, deps.random)
        deps.log.warn('disconnected', { code: refusal.code, waitMs })
        const retryAt = new Date(deps.clock.now() + waitMs).toISOString()
        deps.status.update({ connection: { state: 'waiting', reason: refusal.message, retryAt } })
        await deps.wait(waitMs, signal)
      }
    }
  }

  const work = async (): Promise<void> => {
    for (let next = await queue.next(); next !== undefined; next = await queue.next()) {
      const outcome = await workOn(deps, connections, next.assignment, next.signal)
      queue.done()
      if (outcome === 'cancelled') clearUp()
    }
  }

  await deps.spool.removeTorn()
  await Promise.all([listen(), work()])
  await clearing
  connections.close()
  await deps.trainer.close()
  deps.status.update({ connection: { state: 'stopped' }, work: null })
  await deps.status.settled()
}

/** Performs one assignment, trying again as long as only the way to the coordinator is in question. Returns how it ended. */
async function workOn(
  deps: AgentDeps,
  connections: Connections<AgentClient>,
  assignment: Assignment,
  signal: AbortSignal,
): Promise<string> {
  const id = formatAssignmentId(assignment)
  const { studyDigest: study, stage, round } = assignment
  const ended = (outcome: string): string => {
    deps.status.update({ work: null, last: { study, stage, round, outcome } })
    return outcome
  }
  const report = createReporter(deps, connections, assignment)
  deps.log.info('assignment-started', { digest: study, stage, round })
  for (let failures = 0; ; failures++) {
    try {
      const options = { signal: AbortSignal.any([signal, report.unwanted]), onProgress: report.progress }
      await connections.use((client) => performAssignment(deps, client, assignment, options))
      deps.log.info('update-delivered', { digest: study, stage, round })
      return ended('delivered')
    } catch (thrown) {
      if (signal.aborted || report.unwanted.aborted) return ended('cancelled')
      const error = orDiskFull(thrown)
      const refusal = SequelaError.from(error)
      deps.log.warn('assignment-failed', { digest: study, stage, round, code: refusal.code })
      if (isRetryable(error)) {
        await deps.wait(backoffMs(failures, deps.random), signal)
        if (signal.aborted) return ended('cancelled')
        continue
      }
      const outcome = ended(`${refusal.code}: ${refusal.message}`)
      await forget(deps, connections, assignment, id, refusal)
      return outcome
    }
  }
}

/**
 * A refusal by the coordinator ends the matter; a failure of our own is told to it, in a fixed sentence. Never rejects: what
 * cannot be written down before it is said is not said, and the coordinator asks again or goes on without this site.
 */
async function forget(
  deps: AgentDeps,
  connections: Connections<AgentClient>,
  assignment: Assignment,
  id: string,
  refusal: SequelaError,
): Promise<void> {
  try {
    const spooled = await deps.spool.find(assignment, assignment.baseDigest)
    if (spooled !== undefined && isLossOfCoordinator(refusal)) return
    if (spooled !== undefined) return await deps.spool.remove(spooled)
    const reason = await deps.egress.sealReason(assignment, refusal.code)
    await connections.use((client) => client.decline(id, refusal.code, reason))
  } catch (error) {
    deps.log.warn('decline-failed', { code: SequelaError.from(orDiskFull(error)).code })
  }
}

function createReporter(
  deps: AgentDeps,
  connections: Connections<AgentClient>,
  assignment: Assignment,
): { readonly unwanted: AbortSignal; readonly progress: (activity: Activity, done: number, total: number) => void } {
  const unwanted = new AbortController()
  const { studyDigest: study, stage, round } = assignment
  let lastReportMs = Number.NEGATIVE_INFINITY
  return {
    unwanted: unwanted.signal,
    progress: (activity, done, total) => {
      deps.status.update({ work: { study, stage, round, activity, done, total } })
      const nowMs = deps.clock.now()
      if (nowMs - lastReportMs < reportIntervalMs) return
      lastReportMs = nowMs
      connections
        .use((client) => client.report(formatAssignmentId(assignment), activity, done, total))
        .then(
          (wanted) => wanted || unwanted.abort(),
          () => {
            // A heartbeat that did not get through is no reason to stop training.
          },
        )
    },
  }
}

function placeOf({ studyDigest: digest, stage, round }: AssignmentKey) {
  return { digest, stage, round }
}

function ignoreCancelled(error: unknown): void {
  if (error instanceof SequelaError && error.code === 'cancelled') return
  throw error
}
