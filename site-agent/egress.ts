// The one door out. Whatever was computed from scans leaves the hospital through these functions and no others:
// weights as the sealed difference of a round, numbers as sums and counts over enough children, failures as one of the
// fixed sentences, and keyed hashes where a study looks for children in two hospitals. Each writes down what leaves before
// it leaves (egress-record.ts); `site egress` shows the record. Before that, which children stand behind it is written
// down for this site alone (participation.ts).

import type { Clock } from '../shared/clock.ts'
import { type Digest, sha256 } from '../shared/digest.ts'
import { type SiteAnswer, siteAnswerSchema, smallestCell } from '../shared/evaluation/site-answer.ts'
import type { AssignmentKey } from '../shared/protocol/assignment-id.ts'
import { type ErrorCode, errorCodes, SequelaError } from '../shared/protocol/errors.ts'
import { linkTokensMultiple, maxLinkTokens } from '../shared/protocol/limits.ts'
import { encodeLinkTokens, type LinkToken, type UncheckedReason } from '../shared/protocol/link-tokens.ts'
import type { MetricSum } from '../shared/study/metrics.ts'
import { staysAtSite, withoutPersonal } from '../shared/study/personal.ts'
import type { Study } from '../shared/study/study.ts'
import { allFinite, difference, l2Norm, scaled } from '../shared/weights/arithmetic.ts'
import { encodeSafetensors } from '../shared/weights/safetensors.ts'
import type { Weights } from '../shared/weights/weights.ts'
import { appendLineDurably } from './durable-file.ts'
import type { EgressRecord } from './egress-record.ts'
import type { ChildrenBehind, Participation } from './participation.ts'

/** An update as it will be sent: the safetensors bytes of "after minus before", and what is announced with them. */
export interface SealedUpdate {
  readonly assignment: AssignmentKey
  readonly baseDigest: Digest
  readonly updateDigest: Digest
  readonly byteLength: number
  readonly children: number
  readonly updateNorm: number
  readonly metrics: readonly MetricSum[]
  readonly content: Uint8Array
}

/** A list of keyed hashes on its way out, or why there is none. */
export type SealedLinks = { readonly studyDigest: Digest } & (
  | { readonly kind: 'list'; readonly keyFingerprint: string; readonly tokens: readonly LinkToken[] }
  | { readonly kind: 'unchecked'; readonly reason: UncheckedReason }
)

/** What a site says of weights that it was asked only to evaluate. */
export interface SealedEvaluation {
  readonly assignment: AssignmentKey
  readonly baseDigest: Digest
  readonly metrics: readonly MetricSum[]
}

export interface EvaluationToSeal extends SealedEvaluation {
  readonly behind: ChildrenBehind
  readonly policy: Study['policy']
}

/** An answer to a pass of an evaluation, on its way out. */
export interface AnswerToSeal {
  readonly assignment: AssignmentKey
  readonly baseDigest: Digest
  readonly answer: SiteAnswer
  readonly behind: ChildrenBehind
  readonly policy: Study['policy']
}

export interface UpdateToSeal {
  readonly assignment: AssignmentKey
  readonly baseDigest: Digest
  readonly before: Weights
  readonly after: Weights
  /** Children of the training fold that stand behind the update. */
  readonly children: number
  readonly behind: ChildrenBehind
  readonly metrics: readonly MetricSum[]
  readonly policy: Study['policy']
  /** Beginnings of the names of parameters that stay here: whatever they have become, their difference leaves as nought. */
  readonly personal?: readonly string[] | undefined
}

export interface Egress {
  /**
   * Difference of two sets of weights, clipped to the study's largest norm, as bytes with their hash; recorded.
   * @throws SequelaError `too_few_children`, `not_finite`, `shape_mismatch`.
   */
  sealUpdate(update: UpdateToSeal): Promise<SealedUpdate>
  /** Numbers on weights, without those over too few children; recorded. @throws SequelaError `not_finite`. */
  sealEvaluation(evaluation: EvaluationToSeal): Promise<SealedEvaluation>
  /**
   * Sums and counts of an evaluation, as bytes with their hash; recorded number by number.
   * @throws SequelaError `too_few_children`, `not_finite`.
   */
  sealAnswer(answer: AnswerToSeal): Promise<SealedUpdate>
  /**
   * Keyed hashes of children's identifiers with random ones among them, or a fixed word; recorded as kind and count.
   * @throws SequelaError `linkage_refused` for a list that would tell how many children there are, or is too long.
   */
  sealLinks(links: SealedLinks): Promise<SealedLinks>
  /** A failure in a fixed sentence; the error's own words may name files or children and stay here. */
  sealReason(assignment: AssignmentKey, code: ErrorCode): Promise<string>
  /** Notes that a sealed update has arrived and counts; bytes are those of the last attempt. */
  recordDelivery(update: Omit<SealedUpdate, 'content'>, bytesSent: number, journalIndex: bigint): Promise<void>
  /** Notes what an attempt sent that broke off. */
  recordInterruption(update: Omit<SealedUpdate, 'content'>, bytesSent: number): Promise<void>
}

export function createEgress(deps: {
  readonly file: string
  readonly clock: Clock
  readonly participation: Participation
}): Egress {
  const write = (record: EgressRecord): Promise<void> => appendLineDurably(deps.file, JSON.stringify(record))
  const placeOf = ({ studyDigest: study, stage, round }: AssignmentKey) => {
    return { at: new Date(deps.clock.now()).toISOString(), study, stage, round }
  }

  return {
    sealUpdate: async (update) => {
      const { children, policy } = update
      if (children < policy.minChildren) {
        const message = `${children} children stand behind this update and the study asks for at least ${policy.minChildren}`
        throw new SequelaError('too_few_children', message)
      }
      const { weights, factor } = clippedToNorm(
        withoutPersonal(difference(update.after, update.before), update.personal),
        policy.maxUpdateNorm,
      )
      const { sent, withheld } = sealMetrics(update.metrics, policy.minCell)
      const content = encodeSafetensors(weights)
      const sealed: SealedUpdate = {
        assignment: update.assignment,
        baseDigest: update.baseDigest,
        updateDigest: sha256(content),
        byteLength: content.byteLength,
        children,
        updateNorm: l2Norm(weights.values),
        metrics: sent,
        content,
      }
      await deps.participation.note(update.assignment, update.behind)
      await write({
        kind: 'update-sealed',
        ...placeOf(update.assignment),
        baseDigest: sealed.baseDigest,
        updateDigest: sealed.updateDigest,
        bytes: sealed.byteLength,
        children,
        norm: sealed.updateNorm,
        clippedBy: factor,
        parameters: weights.manifest.map(({ name, shape }) => ({ name, shape: [...shape] })),
        metrics: sent.map((metric) => ({ ...metric })),
        withheld,
        ...(update.personal !== undefined && {
          kept: weights.manifest.flatMap(({ name }) => (staysAtSite(name, update.personal) ? [name] : [])),
        }),
      })
      return sealed
    },

    sealEvaluation: async ({ assignment, baseDigest, metrics, behind, policy }) => {
      const { sent, withheld } = sealMetrics(metrics, policy.minCell)
      const numbers = sent.map((metric) => ({ ...metric }))
      await deps.participation.note(assignment, behind)
      await write({ kind: 'evaluation-sealed', ...placeOf(assignment), baseDigest, metrics: numbers, withheld })
      return { assignment, baseDigest, metrics: sent }
    },

    sealAnswer: async ({ assignment, baseDigest, answer, behind, policy }) => {
      if (smallestCell(answer) < policy.minCell) {
        throw new SequelaError(
          'too_few_children',
          'a number of the evaluation rests on too few children; nothing is sent',
        )
      }
      const checked = siteAnswerSchema.safeParse(answer)
      if (!checked.success) {
        throw new SequelaError(
          'not_finite',
          `the evaluation gave ${checked.error.issues[0]?.path.join('.')} no usable number`,
        )
      }
      const content = new TextEncoder().encode(JSON.stringify(answer))
      const [updateDigest, bytes] = [sha256(content), content.byteLength]
      await deps.participation.note(assignment, behind)
      await write({ kind: 'answer-sealed', ...placeOf(assignment), baseDigest, updateDigest, bytes, answer })
      const { children } = answer
      return { assignment, baseDigest, updateDigest, byteLength: bytes, children, updateNorm: 0, metrics: [], content }
    },

    sealLinks: async (links) => {
      const place = { at: new Date(deps.clock.now()).toISOString(), study: links.studyDigest }
      if (links.kind === 'unchecked') {
        await write({ kind: 'links-absent', ...place, reason: links.reason })
        return links
      }
      requireFilledUp(links.tokens)
      const { keyFingerprint, tokens } = links
      const listDigest = sha256(encodeLinkTokens(tokens))
      await write({ kind: 'links-sealed', ...place, tokens: tokens.length, listDigest, keyFingerprint })
      return links
    },

    sealReason: async (assignment, code) => {
      const reason = errorCodes[code]
      await write({ kind: 'declined', ...placeOf(assignment), code, reason })
      return reason
    },

    recordDelivery: ({ assignment, updateDigest }, bytesSent, index) => {
      const journalIndex = index.toString()
      return write({ kind: 'update-delivered', ...placeOf(assignment), updateDigest, bytesSent, journalIndex })
    },

    recordInterruption: ({ assignment, updateDigest }, bytesSent) =>
      write({ kind: 'delivery-interrupted', ...placeOf(assignment), updateDigest, bytesSent }),
  }
}

function requireFilledUp({ length }: readonly LinkToken[]): void {
  if (length > 0 && length % linkTokensMultiple === 0 && length <= maxLinkTokens) return
  const message = `a list of ${length} keyed hashes may not leave: not a multiple of ${linkTokensMultiple} up to ${maxLinkTokens}`
  throw new SequelaError('linkage_refused', message)
}

/** Metrics that may leave, and the names of those that rest on fewer than `minCell` children. */
export function sealMetrics(
  metrics: readonly MetricSum[],
  minCell: number,
): { readonly sent: readonly MetricSum[]; readonly withheld: string[] } {
  for (const metric of metrics) {
    if (!Number.isFinite(metric.sum) || !Number.isFinite(metric.count)) {
      throw new SequelaError('not_finite', `metric ${metric.name} is not a finite number`)
    }
  }
  const sent = metrics.filter((metric) => metric.children >= minCell)
  return { sent, withheld: metrics.filter((metric) => metric.children < minCell).map((metric) => metric.name) }
}

/** Rounding to float32 must not lift a clipped norm over the limit, hence the millionth. */
function clippedToNorm(weights: Weights, maxNorm: number): { readonly weights: Weights; readonly factor: number } {
  if (!allFinite(weights.values)) {
    throw new SequelaError('not_finite', 'training gave weights that are not finite numbers; nothing is sent')
  }
  const norm = l2Norm(weights.values)
  if (norm <= maxNorm) return { weights, factor: 1 }
  const factor = (maxNorm / norm) * (1 - 1e-6)
  return { weights: scaled(weights, factor), factor }
}
