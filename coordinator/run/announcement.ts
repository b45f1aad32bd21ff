// Whether an announced update is wanted: the rules that can be checked before a byte of it is read, in the order in which
// they are checked. The same rules decide again when the bytes have come, because the round may have closed meanwhile.

import { type ErrorCode, SequelaError } from '../../shared/protocol/errors.ts'
import { maxAnswerBytes } from '../../shared/protocol/limits.ts'
import { currentRound, findRound, roundName, roundsOf } from './rounds.ts'
import type { Federation, PublishedRound, Round, Run, Settlement, SiteRound, UpdateAnnouncement } from './run.ts'

/** What an announcement is. Each kind but the first two comes with the refusal that the site hears. */
export type Verdict =
  /** It may be sent, and will count if its bytes hold what was announced. */
  | { readonly kind: 'wanted' }
  /** This very update counts already. */
  | { readonly kind: 'counted' }
  /** It concerns nothing that the site could change; nothing is recorded. */
  | { readonly kind: 'pointless'; readonly refusal: SequelaError }
  /** The round was over; recorded the first time. */
  | { readonly kind: 'late'; readonly refusal: SequelaError; readonly noted: boolean }
  /** It can never count, so the site settles as refused; recorded unless that is how it stands. */
  | { readonly kind: 'unfit'; readonly refusal: SequelaError; readonly noted: boolean }

/** What is known of an update besides what the site says of it. Rules about the rest are left for later. */
export interface Known {
  /** Length of the model's weights file, which is also that of every update. */
  readonly expectedByteLength?: number
  /** L2 norm, computed from the stored bytes. */
  readonly norm?: number
}

export function judge(federation: Federation, update: UpdateAnnouncement, known: Known): Verdict {
  const place = locate(federation, update)
  if (place instanceof SequelaError) return { kind: 'pointless', refusal: place }
  const { run, round, settlement, status } = place
  if (round.purpose === 'evaluation') {
    const text = `${roundName(update)} asks how weights do and takes no updates`
    return { kind: 'pointless', refusal: new SequelaError('round_unknown', text) }
  }
  if (settlement.kind === 'counted') {
    if (settlement.updateDigest === update.updateDigest) return { kind: 'counted' }
    const text = `${update.site} already has another update counted in ${roundName(update)}; that one stays`
    return { kind: 'pointless', refusal: new SequelaError('duplicate_update', text) }
  }
  const earlier = status === 'short' ? undefined : earlierRefusal(update, settlement)
  if (earlier !== undefined) return { kind: 'pointless', refusal: earlier }
  if (status === 'closed') {
    const text = `${roundName(update)} is closed${run.phase === 'cancelled' ? ': the run was cancelled' : ''}; the update does not count`
    const noted = round.late.includes(update.site)
    return { kind: 'late', refusal: new SequelaError('round_closed', text), noted }
  }
  if (status === 'open' && settlement.kind === 'declined') {
    const text = `${update.site} declined ${roundName(update)} (${settlement.reason}) and is asked again only if it falls short`
    return { kind: 'pointless', refusal: new SequelaError('round_closed', text) }
  }
  const unfit = unfitness(run, round, update, known)
  if (unfit === undefined) return { kind: 'wanted' }
  const { code, message } = unfit
  const noted = settlement.kind === 'refused' && settlement.code === code && settlement.reason === message
  return { kind: 'unfit', refusal: unfit, noted }
}

/** A site in a round. `status` says whether the round takes updates: as a matter of course, because it is short, or not. */
export interface Place {
  readonly run: Run
  readonly round: PublishedRound | Round
  readonly settlement: Settlement
  readonly status: 'open' | 'short' | 'closed'
}

/** Where a site stands in a round, or why it has no place in it. */
export function locate(federation: Federation, at: SiteRound): Place | SequelaError {
  const run = federation.runs.get(at.studyDigest)
  if (run === undefined) return new SequelaError('study_unknown', `no study ${at.studyDigest} is known here`)
  if (!run.study.sites.includes(at.site)) {
    return new SequelaError('not_invited', `${at.site} is not a site of the study ${run.study.study}`)
  }
  const round = findRound(run, at)
  if (round === undefined) {
    return new SequelaError('round_unknown', `${roundName(at)} of the study ${run.study.study} was never opened`)
  }
  const settlement = round.sites.get(at.site)
  if (settlement === undefined) {
    return new SequelaError('not_invited', `${at.site} was not asked in ${roundName(at)}`)
  }
  return { run, round, settlement, status: statusOf(run, round) }
}

function statusOf(run: Run, round: PublishedRound | Round): Place['status'] {
  if (run.phase === 'cancelled' || round !== currentRound(run)) return 'closed'
  return 'status' in round && round.status !== 'sealed' ? round.status : 'closed'
}

/** Who was refused once hears the same again. Only a short round hears it anew: else results depend on who retries fast. */
function earlierRefusal(update: UpdateAnnouncement, settlement: Settlement): SequelaError | undefined {
  if (settlement.kind !== 'refused') return undefined
  const text = `an update of ${update.site} was refused in ${roundName(update)} before: ${settlement.reason}`
  return new SequelaError(settlement.code, text)
}

function unfitness(
  run: Run,
  round: PublishedRound | Round,
  update: UpdateAnnouncement,
  { expectedByteLength, norm }: Known,
): SequelaError | undefined {
  const refuse = (code: ErrorCode, text: string): SequelaError =>
    new SequelaError(code, `the update of ${update.site} for ${roundName(update)} ${text}`)
  if (update.baseDigest !== round.baseDigest) {
    return refuse('base_mismatch', `starts from weights ${update.baseDigest}, the round from ${round.baseDigest}`)
  }
  const isAnswer = round.purpose === 'pass'
  if (isAnswer && update.byteLength > maxAnswerBytes) {
    return refuse('update_too_large', `has ${update.byteLength} bytes; an answer may have ${maxAnswerBytes}`)
  }
  if (!isAnswer && expectedByteLength !== undefined && update.byteLength !== expectedByteLength) {
    const code = update.byteLength > expectedByteLength ? 'update_too_large' : 'shape_mismatch'
    return refuse(code, `has ${update.byteLength} bytes, the model ${expectedByteLength}`)
  }
  const { minChildren, minCell, maxUpdateNorm } = run.study.policy
  // An answer behind which nobody stands says that there are too few children to say anything.
  if (isAnswer ? update.children > 0 && update.children < minCell : update.children < minChildren) {
    return refuse(
      'too_few_children',
      `stands on ${update.children} children; the study asks for ${isAnswer ? minCell : minChildren}`,
    )
  }
  if (wasCounted(run, update)) {
    return refuse('duplicate_update', 'was counted in this run before, in another round or from another site')
  }
  if (norm !== undefined && !Number.isFinite(norm)) return refuse('not_finite', 'has no finite norm')
  if (norm !== undefined && norm > maxUpdateNorm) {
    return refuse('norm_exceeded', `has a norm of ${norm}; the study allows ${maxUpdateNorm}`)
  }
  return undefined
}

/** Whether an update with these bytes counts anywhere in the run; a look at every round, which is cheap beside fsync. */
function wasCounted(run: Run, update: UpdateAnnouncement): boolean {
  return roundsOf(run).some((round) =>
    [...round.sites.values()].some(
      (settlement) => settlement.kind === 'counted' && settlement.updateDigest === update.updateDigest,
    ),
  )
}
