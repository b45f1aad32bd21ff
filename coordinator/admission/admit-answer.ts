// What an answer to a pass of an evaluation must satisfy before it counts: it is such a document, of the site that sends it,
// for the round it is sent in, and rests on enough children throughout.

import { type EvaluationPass, evaluationPasses } from '../../shared/evaluation/passes.ts'
import { parseSiteAnswer, smallestCell } from '../../shared/evaluation/site-answer.ts'
import { formatAssignmentId } from '../../shared/protocol/assignment-id.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { SiteRound } from '../run/run.ts'
import type { UpdateReader } from './admission.ts'

/** @throws SequelaError `answer_malformed`, `too_few_children`. */
export async function admitAnswer(
  reader: UpdateReader,
  place: SiteRound & { readonly children: number },
  minCell: number,
): Promise<void> {
  const content = new Uint8Array(reader.byteLength)
  await reader.read(0, content)
  const answer = parseSiteAnswer(content)
  const pass: EvaluationPass | undefined = evaluationPasses[place.round]
  if (answer.site !== place.site || answer.assignment !== formatAssignmentId(place) || answer.pass !== pass) {
    const message = `the answer is of ${answer.site} to ${answer.pass} of ${answer.assignment}, not what this round asks ${place.site}`
    throw new SequelaError('answer_malformed', message)
  }
  if (answer.children !== place.children) {
    throw new SequelaError('answer_malformed', 'the answer names another number of children than was announced')
  }
  const smallest = smallestCell(answer)
  if (smallest < minCell) {
    const message = `a number of the answer rests on ${smallest} children and the study asks for ${minCell}`
    throw new SequelaError('too_few_children', `${message}; it should have been withheld at the site`)
  }
}
