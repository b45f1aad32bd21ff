// What the coordinator does of its own accord: it looks at the clock when a deadline comes, and computes the average of
// every sealed round. Both follow from the state alone, so after a restart they go on where they were.

import type { Clock } from '../shared/clock.ts'
import type { Digest } from '../shared/digest.ts'
import type { Log } from '../shared/log.ts'
import { type ErrorCode, isErrorCode, SequelaError } from '../shared/protocol/errors.ts'
import { systemCode } from '../shared/system-code.ts'
import type { CommandLoop } from './command-loop.ts'
import { nextDeadline } from './run/queries.ts'
import { isActive, sameRound } from './run/rounds.ts'
import type { ActiveRun, MomentDigests, PooledBlob, RoundId, SealedRound } from './run/run.ts'
import { unmeasured } from './run/validation.ts'
import { isDamage } from './store/blobs.ts'
import type { Timer } from './timer.ts'
import { unmeasuredText } from './unmeasured-text.ts'

/** The average of a round: in the blob store, durable. `clipped` as in PublishedRound. */
export interface Average {
  readonly weightsDigest: Digest
  readonly clipped: ReadonlyMap<string, number>
  readonly moments?: MomentDigests
  /** Of a pass of an evaluation: what the answers came to. */
  readonly pooled?: PooledBlob
}

export interface ReactionsDeps {
  readonly loop: Pick<CommandLoop<never>, 'federation' | 'handle' | 'subscribe'>
  /**
   * Gives the same average every time it is asked for the same round. One is computed at a time; `signal` aborts when
   * nobody wants it any more.
   */
  readonly aggregate: (run: ActiveRun, round: SealedRound, signal: AbortSignal) => Promise<Average>
  readonly timer: Timer
  readonly clock: Clock
  readonly log: Log
  /** The disk of the store fails, or the journal does: the process must end. */
  readonly onFatal: (error: unknown) => void
}

/** Why the sealed round of a study is not averaged. */
export interface HeldBack {
  readonly code: ErrorCode
  readonly reason: string
}

export interface Reactions {
  /** Of a study whose round waits because its average failed; it is tried again when the coordinator starts. */
  heldBack(studyDigest: Digest): HeldBack | undefined
  /** Starts nothing more and calls the average off that is being computed; it is computed again after a restart. */
  close(): Promise<void>
}

/** After this long, what a full disk prevented is tried again. */
const retryAfterMs = 5_000

export function startReactions({ loop, aggregate, timer, clock, log, onFatal }: ReactionsDeps): Reactions {
  const calls = new Set<() => void>()
  let closed = false
  let last: Promise<unknown> = Promise.resolve()
  const held = new Map<Digest, { readonly id: RoundId; readonly why: HeldBack }>()
  let averaging: { readonly studyDigest: Digest; readonly abort: AbortController } | undefined
  let watched: { readonly atMs: number; readonly callOff: () => void } | undefined

  const callAt = (atMs: number, callback: () => void): (() => void) => {
    const callOff = timer.callAt(atMs, () => {
      calls.delete(callOff)
      if (!closed) callback()
    })
    calls.add(callOff)
    return callOff
  }

  /** Runs `attempt`; if the disk is full, `again` later. */
  const insist = async (attempt: () => Promise<void>, again: () => void): Promise<void> => {
    if (closed) return
    try {
      await attempt()
    } catch (error) {
      if (closed) return
      if (error instanceof SequelaError && error.code === 'disk_full') callAt(clock.now() + retryAfterMs, again)
      else onFatal(error)
    }
  }

  const watchDeadline = (): void => {
    const atMs = nextDeadline(loop.federation())
    if (atMs === watched?.atMs) return
    watched?.callOff()
    watched = undefined
    if (atMs === undefined || closed) return
    const callOff = callAt(atMs, () => {
      watched = undefined
      lookAtClock()
    })
    watched = { atMs, callOff }
  }

  const lookAtClock = (): void => {
    const attempt = async (): Promise<void> => {
      await loop.handle({ type: 'look-at-clock' })
      watchDeadline()
    }
    void insist(attempt, lookAtClock)
  }

  const sealedRound = (studyDigest: Digest, id: RoundId): { run: ActiveRun; round: SealedRound } | undefined => {
    const run = loop.federation().runs.get(studyDigest)
    if (run === undefined || !isActive(run) || run.current.status !== 'sealed') return undefined
    return sameRound(run.current, id) ? { run, round: run.current } : undefined
  }

  const average = (studyDigest: Digest, id: RoundId): void => {
    const attempt = async (): Promise<void> => {
      const sealed = sealedRound(studyDigest, id)
      if (sealed === undefined) return
      const abort = new AbortController()
      averaging = { studyDigest, abort }
      try {
        const result = await aggregate(sealed.run, sealed.round, abort.signal)
        const { stage, round } = id
        await loop.handle({ type: 'publish-weights', studyDigest, stage, round, ...result })
      } catch (error) {
        // People may have cancelled the run meanwhile, and its updates are gone; then nobody wants the average.
        if (sealedRound(studyDigest, id) === undefined) return
        if (closed || concernsAll(error)) throw error
        holdBack(studyDigest, id, error)
      } finally {
        averaging = undefined
      }
    }
    last = last.then(() => insist(attempt, () => average(studyDigest, id)))
  }

  /** One study's numbers or damaged files must not end the coordinator of all others, now and after every restart. */
  const holdBack = (studyDigest: Digest, id: RoundId, error: unknown): void => {
    const { code, message: reason } = SequelaError.from(error, codeOf(error))
    held.set(studyDigest, { id, why: { code, reason } })
    log.error('study-held-back', { digest: studyDigest, ...id, code, reason })
  }

  /** When a stage ends for which nobody said what it was to choose or to stop by. */
  const warnOfNothingToGoBy = (studyDigest: Digest, stage: number): void => {
    const run = loop.federation().runs.get(studyDigest)
    for (const one of run === undefined ? [] : unmeasured(run)) {
      if (one.stage !== stage || !one.isOver) continue
      log.warn('nothing-to-go-by', { digest: studyDigest, stage, reason: unmeasuredText(one) })
    }
  }

  const unsubscribe = loop.subscribe(({ event }) => {
    watchDeadline()
    if (event.type === 'round-sealed') average(event.studyDigest, { stage: event.stage, round: event.round })
    if (event.type === 'weights-published' || event.type === 'weights-chosen') {
      warnOfNothingToGoBy(event.studyDigest, event.stage)
    }
    if (event.type === 'run-cancelled' && event.studyDigest === averaging?.studyDigest) averaging.abort.abort()
  })
  for (const run of loop.federation().runs.values()) {
    if (isActive(run) && run.current.status === 'sealed') average(run.studyDigest, run.current)
  }
  watchDeadline()

  return {
    heldBack: (studyDigest) => {
      const one = held.get(studyDigest)
      return one !== undefined && sealedRound(studyDigest, one.id) !== undefined ? one.why : undefined
    },
    close: async () => {
      closed = true
      unsubscribe()
      for (const callOff of calls) callOff()
      averaging?.abort.abort()
      await last
    },
  }
}

/** Whether it is the disk or the program that fails, not what lies in the files of one study or came of its numbers. */
function concernsAll(error: unknown): boolean {
  if (isDamage(error)) return false
  // The system's errors name their call.
  return error instanceof Error && ('syscall' in error || ['disk_full', 'internal'].includes(systemCode(error)))
}

/** As an error has it still that lost its class on the way out of a thread. */
function codeOf(error: unknown): ErrorCode {
  const code = systemCode(error)
  if (isErrorCode(code)) return code
  return isDamage(error) ? 'file_unreadable' : 'internal'
}
