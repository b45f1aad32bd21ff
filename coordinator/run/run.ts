// What a run is: the states of a study's execution, what may be asked of it (commands) and what has happened (events).
// Types only; the rules are in decide.ts, the consequences in evolve.ts. Events are what the journal stores.

import type { Digest } from '../../shared/digest.ts'
import type { ErrorCode, SequelaError } from '../../shared/protocol/errors.ts'
import type { UncheckedReason } from '../../shared/protocol/link-tokens.ts'
import type { MetricName, MetricSum } from '../../shared/study/metrics.ts'
import type { Study } from '../../shared/study/study.ts'

/** Position of a round: stage within the study and round within the stage, both from 0. */
export interface RoundId {
  readonly stage: number
  readonly round: number
}

/** What became of one site in one round. */
export type Settlement =
  | { readonly kind: 'awaited' }
  /** Its update is durable and will be averaged. */
  | ({ readonly kind: 'counted' } & CountedUpdate)
  /** Of a closing round: it has said how the weights do on its validation fold. */
  | { readonly kind: 'evaluated'; readonly metrics: readonly MetricSum[] }
  /** The site said itself that it will not deliver. */
  | { readonly kind: 'declined'; readonly code: ErrorCode; readonly reason: string }
  /** It delivered something that was not admitted. */
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly reason: string }
  /** The round closed without hearing from it. */
  | { readonly kind: 'missing' }

export interface CountedUpdate {
  readonly updateDigest: Digest
  readonly byteLength: number
  readonly children: number
  /** L2 norm of the difference, computed by the coordinator from the stored bytes. */
  readonly norm: number
  readonly metrics: readonly MetricSum[]
}

/**
 * What sites do in a round. training: they train, and their updates are averaged. evaluation: the closing round of a stage
 * that chooses among its rounds; sites only say how the last weights do, which nobody would evaluate otherwise. pass: one of
 * the study's evaluation at its end; what sites deliver is an answer of sums and counts, and the weights stay as they are.
 */
export type Purpose = 'training' | 'evaluation' | 'pass'

/** What the sites' answers to a pass, and to those before it, came to: a blob (shared/evaluation/pooled.ts). */
export interface PooledBlob {
  readonly digest: Digest
  readonly byteLength: number
}

interface RoundCommon extends RoundId {
  readonly purpose: Purpose
  readonly baseDigest: Digest
  readonly openedAtMs: number
  readonly deadlineMs: number
  /** Every invited site, in order of id. */
  readonly sites: ReadonlyMap<string, Settlement>
  /** Sites that delivered after the round was sealed, in order of arrival; each is noted once. */
  readonly late: readonly string[]
}

/**
 * A round that takes updates. open: updates are awaited. short: everyone has settled or the deadline has passed, but
 * fewer than the quorum count; it waits, and any site that does not count may still deliver.
 */
export interface OpenRound extends RoundCommon {
  readonly status: 'open' | 'short'
}

/** What counts is fixed; the average is being computed. */
export interface SealedRound extends RoundCommon {
  readonly status: 'sealed'
  readonly sealedAtMs: number
}

/** A round as it stands. */
export type Round = OpenRound | SealedRound

/** A round that is over, kept for status and report. */
export interface PublishedRound extends RoundId {
  readonly purpose: Purpose
  readonly baseDigest: Digest
  /** What the round gave: an average, or of a closing round the weights that were chosen. */
  readonly weightsDigest: Digest
  readonly openedAtMs: number
  readonly sealedAtMs: number
  readonly publishedAtMs: number
  readonly sites: ReadonlyMap<string, Settlement>
  /** Sites whose update was scaled down by the strategy, with the factor. */
  readonly clipped: ReadonlyMap<string, number>
  /** Of a strategy that keeps moments: those that these weights were made of. */
  readonly moments?: MomentDigests
  /** Of a pass: what the answers to it and to the passes before came to. */
  readonly pooled?: PooledBlob
  /** Of a closing round: why these weights; absent when no site could say anything of any. */
  readonly choice?: Choice
  /** Sites that delivered after the round was sealed, in order of arrival; each is noted once. */
  readonly late: readonly string[]
}

/** A value of a metric over all sites that reported it, and the round (from 0) whose weights it speaks of. */
export interface Choice {
  readonly round: number
  readonly metric: MetricName
  readonly value: number
  readonly count: number
  /** How many rounds' weights were compared. */
  readonly among: number
}

/** That a stage ended before its last round, and the best that it had come to; round -1 is what it started from. */
export interface EarlyStop extends RoundId {
  readonly metric: MetricName
  readonly best: { readonly round: number; readonly value: number }
}

/** Blobs of FedAdam's moments: they are all that the next step needs besides the updates, so a restart changes nothing. */
export interface MomentDigests {
  readonly first: Digest
  readonly second: Digest
}

/** What a site last said when it was asked for tokens of its children, and how often it has said something new. */
export type LinkWord = { readonly times: number } & (
  | {
      readonly kind: 'list'
      readonly keyFingerprint: string
      readonly tokensDigest: Digest
      /** Random ones included. */
      readonly tokens: number
    }
  | { readonly kind: 'unchecked'; readonly reason: UncheckedReason }
)

/** How many children two sites share; null when fewer than the study shows. Sites in order of id. */
export interface LinkPair {
  readonly sites: readonly [string, string]
  readonly children: number | null
}

/** The check for children in two hospitals; rules in linkage.ts. */
export interface RunLinkage {
  /** In the order in which they came. Of those before the start each site has one; all after it stand. */
  readonly lists: readonly { readonly site: string; readonly tokensDigest: Digest; readonly beforeStart: boolean }[]
  readonly words: ReadonlyMap<string, LinkWord>
  readonly pairs: readonly LinkPair[]
}

interface RunCommon {
  readonly studyDigest: Digest
  /** The study file, byte for byte; `study` is what it says. */
  readonly text: string
  readonly study: Study
  readonly published: readonly PublishedRound[]
  readonly stopped: readonly EarlyStop[]
  readonly linkage: RunLinkage
}

/** A study's execution. */
export type Run =
  | (RunCommon & { readonly phase: 'proposed'; readonly proposedAtMs: number })
  | (RunCommon & { readonly phase: 'running'; readonly startedAtMs: number; readonly current: Round })
  /** No assignment goes out and no round is sealed, but what sites deliver for the open round is kept. */
  | (RunCommon & {
      readonly phase: 'paused'
      readonly startedAtMs: number
      readonly pausedAtMs: number
      readonly current: Round
    })
  | (RunCommon & {
      readonly phase: 'finished'
      readonly startedAtMs: number
      readonly finishedAtMs: number
      readonly weightsDigest: Digest
    })
  | (RunCommon & {
      readonly phase: 'cancelled'
      readonly cancelledAtMs: number
      readonly reason: string
      /** The round that was going on; none if the run had not started. */
      readonly abandoned: Round | undefined
    })

/** A run that has a round going on. */
export type ActiveRun = Extract<Run, { phase: 'running' | 'paused' }>

/** Every study the coordinator knows, by digest. */
export interface Federation {
  readonly runs: ReadonlyMap<Digest, Run>
}

/** What can be asked of the machine. */
export type Command =
  | { readonly type: 'propose-study'; readonly studyDigest: Digest; readonly text: string }
  /** `initialWeights` is in the blob store already. */
  | { readonly type: 'start-run'; readonly studyDigest: Digest; readonly initialWeights: Digest }
  | { readonly type: 'pause-run'; readonly studyDigest: Digest }
  | { readonly type: 'resume-run'; readonly studyDigest: Digest }
  | { readonly type: 'cancel-run'; readonly studyDigest: Digest; readonly reason: string }
  /** The update's bytes are in the blob store and have passed admission. */
  | ({ readonly type: 'count-update'; readonly norm: number } & UpdateAnnouncement)
  /**
   * A site wants to send an update of that size; the model's is `expectedByteLength`. Nothing comes of it unless the
   * update can be refused before a byte of it is read: then that is recorded.
   */
  | ({ readonly type: 'announce-update'; readonly expectedByteLength: number } & UpdateAnnouncement)
  /** The update's bytes did not pass admission. Not for faults of the line or of our own disk: those may be retried. */
  | ({ readonly type: 'refuse-update'; readonly code: ErrorCode; readonly reason: string } & SiteRound)
  /** How the weights of a closing round do at a site; sums and counts. */
  | ({
      readonly type: 'report-evaluation'
      readonly baseDigest: Digest
      readonly metrics: readonly MetricSum[]
    } & SiteRound)
  | ({ readonly type: 'decline'; readonly code: ErrorCode; readonly reason: string } & SiteRound)
  /** The site's tokens are in the blob store; `shared` is what comparing them with the other sites' has given. */
  | ({ readonly type: 'record-link-list' } & LinkListRecord)
  /** The site takes part without the check. */
  | ({ readonly type: 'record-unchecked'; readonly reason: UncheckedReason } & SiteOfStudy)
  /** Time has passed; the only way a deadline takes effect. */
  | { readonly type: 'look-at-clock' }
  /** The average of the sealed round is in the blob store. */
  | ({
      readonly type: 'publish-weights'
      readonly studyDigest: Digest
      readonly weightsDigest: Digest
      readonly clipped: ReadonlyMap<string, number>
      readonly moments?: MomentDigests
      /** Of a pass, which publishes the weights that it judged. */
      readonly pooled?: PooledBlob
    } & RoundId)

export interface SiteOfStudy {
  readonly studyDigest: Digest
  readonly site: string
}

/** What is known of a site's list of tokens without the tokens. */
export interface LinkListRecord extends SiteOfStudy {
  readonly keyFingerprint: string
  readonly tokensDigest: Digest
  readonly tokens: number
  /** Children that another site has too; null: so few that the number stays unsaid. */
  readonly shared: readonly (readonly [site: string, children: number | null])[]
}

/** One site in one round of one study: what an assignment id stands for. */
export interface SiteRound extends RoundId, SiteOfStudy {}

/** What a site says of an update before its bytes are read. */
export interface UpdateAnnouncement extends SiteRound {
  readonly baseDigest: Digest
  readonly updateDigest: Digest
  readonly byteLength: number
  readonly children: number
  readonly metrics: readonly MetricSum[]
}

/** What has happened. Every event can be replayed for ever; fields are plain JSON (maps become arrays of pairs). */
export type RunEvent =
  | { readonly type: 'study-proposed'; readonly studyDigest: Digest; readonly text: string }
  | { readonly type: 'run-started'; readonly studyDigest: Digest; readonly initialWeights: Digest }
  | ({
      readonly type: 'round-opened'
      readonly studyDigest: Digest
      readonly baseDigest: Digest
      readonly deadlineMs: number
      readonly sites: readonly string[]
      /** Absent: training. */
      readonly purpose?: 'evaluation' | 'pass' | undefined
    } & RoundId)
  | ({ readonly type: 'update-counted' } & SiteRound & CountedUpdate)
  | ({ readonly type: 'evaluation-reported'; readonly metrics: readonly MetricSum[] } & SiteRound)
  | ({ readonly type: 'update-refused'; readonly code: ErrorCode; readonly reason: string } & SiteRound)
  | ({ readonly type: 'site-declined'; readonly code: ErrorCode; readonly reason: string } & SiteRound)
  /** Recorded once for a site and round, so that a site cannot fill the journal. */
  | ({ readonly type: 'update-late'; readonly updateDigest: Digest } & SiteRound)
  | ({ readonly type: 'quorum-missed'; readonly studyDigest: Digest; readonly counted: number } & RoundId)
  | ({
      readonly type: 'round-sealed'
      readonly studyDigest: Digest
      readonly reason: 'all-settled' | 'deadline' | 'quorum-reached'
      /** Sites whose update will be averaged, in order of id. */
      readonly counted: readonly string[]
    } & RoundId)
  | ({
      readonly type: 'weights-published'
      readonly studyDigest: Digest
      readonly weightsDigest: Digest
      readonly clipped: readonly (readonly [site: string, factor: number])[]
      readonly moments?: MomentDigests | undefined
      readonly pooled?: PooledBlob | undefined
    } & RoundId)
  /** The stage ends with this round, before its last one. */
  | ({ readonly type: 'stage-stopped'; readonly studyDigest: Digest } & EarlyStop)
  /** The closing round of a stage is over: these weights are handed on. */
  | ({
      readonly type: 'weights-chosen'
      readonly studyDigest: Digest
      readonly weightsDigest: Digest
      readonly choice?: Choice | undefined
    } & RoundId)
  /** Digest and counts only: the tokens are in a blob, which goes with the run's end. */
  | ({ readonly type: 'link-list-recorded' } & LinkListRecord)
  | ({ readonly type: 'site-unchecked'; readonly reason: UncheckedReason } & SiteOfStudy)
  | { readonly type: 'run-finished'; readonly studyDigest: Digest; readonly weightsDigest: Digest }
  | { readonly type: 'run-paused'; readonly studyDigest: Digest }
  /** The deadline moves by the time that the pause took from the round. */
  | { readonly type: 'run-resumed'; readonly studyDigest: Digest; readonly deadlineMs: number }
  | { readonly type: 'run-cancelled'; readonly studyDigest: Digest; readonly reason: string }

/** What comes of a command: events to record, and whether it is refused all the same (a late update is both). */
export interface Decision<Event = RunEvent> {
  readonly events: readonly Event[]
  readonly refusal?: SequelaError
}
