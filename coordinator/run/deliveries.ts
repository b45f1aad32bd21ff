// What sites bring to a round: announcements, updates, refusals of updates, and the word that nothing will come.
// Whatever can never count settles the site as refused at once, so that nobody waits for it until the deadline.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { maxPeerTextLength } from '../../shared/protocol/limits.ts'
import { judge, locate, type Verdict } from './announcement.ts'
import type { Command, Decision, Federation, RunEvent, SiteRound, UpdateAnnouncement } from './run.ts'

type CommandOf<Type extends Command['type']> = Extract<Command, { type: Type }>

export function announce(federation: Federation, command: CommandOf<'announce-update'>): Decision {
  const verdict = judge(federation, command, { expectedByteLength: command.expectedByteLength })
  return verdict.kind === 'wanted' ? { events: [] } : answer(command, verdict)
}

export function count(federation: Federation, command: CommandOf<'count-update'>): Decision {
  const verdict = judge(federation, command, { norm: command.norm })
  if (verdict.kind !== 'wanted') return answer(command, verdict)
  const { updateDigest, byteLength, children, norm, metrics } = command
  return {
    events: [{ type: 'update-counted', ...siteRound(command), updateDigest, byteLength, children, norm, metrics }],
  }
}

/** Notes that nothing of the site will count in this round. Leads to nothing once the site counts or the round is sealed. */
export function settle(
  federation: Federation,
  command: CommandOf<'refuse-update' | 'decline'>,
  type: 'update-refused' | 'site-declined',
): Decision {
  const place = locate(federation, command)
  if (place instanceof SequelaError) return { events: [], refusal: place }
  const { status, settlement } = place
  const reason = command.reason.slice(0, maxPeerTextLength).toWellFormed()
  const event: RunEvent = { type, ...siteRound(command), code: command.code, reason }
  switch (settlement.kind) {
    case 'awaited':
      return { events: status === 'closed' ? [] : [event] }
    case 'declined':
    case 'refused': {
      const kind = type === 'update-refused' ? 'refused' : 'declined'
      const same = settlement.kind === kind && settlement.code === command.code && settlement.reason === reason
      return { events: status === 'short' && !same ? [event] : [] }
    }
    case 'counted':
    case 'evaluated':
    case 'missing':
      return { events: [] }
  }
}

function answer(update: UpdateAnnouncement, verdict: Exclude<Verdict, { kind: 'wanted' }>): Decision {
  const at = siteRound(update)
  switch (verdict.kind) {
    case 'counted':
      return { events: [] }
    case 'pointless':
      return { events: [], refusal: verdict.refusal }
    case 'late': {
      const late: RunEvent = { type: 'update-late', ...at, updateDigest: update.updateDigest }
      return { events: verdict.noted ? [] : [late], refusal: verdict.refusal }
    }
    case 'unfit': {
      const { code, message } = verdict.refusal
      const refused: RunEvent = { type: 'update-refused', ...at, code, reason: message }
      return { events: verdict.noted ? [] : [refused], refusal: verdict.refusal }
    }
  }
}

function siteRound({ studyDigest, site, stage, round }: SiteRound): SiteRound {
  return { studyDigest, site, stage, round }
}
