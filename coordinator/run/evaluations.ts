// What sites bring to a closing round: how the weights that they were handed do on their validation folds. Numbers only, so
// nothing is stored beside the journal; who heard no reply says the same again.

import { type ErrorCode, SequelaError } from '../../shared/protocol/errors.ts'
import { locate } from './announcement.ts'
import { roundName } from './rounds.ts'
import type { Command, Decision, Federation } from './run.ts'

export function reportEvaluation(
  federation: Federation,
  command: Extract<Command, { type: 'report-evaluation' }>,
): Decision {
  const place = locate(federation, command)
  if (place instanceof SequelaError) return { events: [], refusal: place }
  const { round, settlement, status } = place
  const { studyDigest, site, stage, baseDigest, metrics } = command
  if (settlement.kind === 'evaluated') return { events: [] }
  if (round.purpose !== 'evaluation') return refused('round_unknown', `${roundName(command)} asks for an update`)
  if (status === 'closed')
    return refused('round_closed', `${roundName(command)} is closed; the evaluation does not count`)
  if (status === 'open' && settlement.kind !== 'awaited') {
    return refused(
      'round_closed',
      `${site} has settled in ${roundName(command)} and is asked again only if it falls short`,
    )
  }
  if (baseDigest !== round.baseDigest) {
    return refused('base_mismatch', `${roundName(command)} asks about weights ${round.baseDigest}, not ${baseDigest}`)
  }
  return { events: [{ type: 'evaluation-reported', studyDigest, site, stage, round: command.round, metrics }] }
}

function refused(code: ErrorCode, text: string): Decision {
  return { events: [], refusal: new SequelaError(code, text) }
}
