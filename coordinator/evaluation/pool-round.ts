// What the answers of a sealed pass come to: read from the store, added to what the passes before came to, stored again.
// The same round gives the same bytes, so after a crash it is simply done again.

import { evaluationPasses } from '../../shared/evaluation/passes.ts'
import { poolAnswers } from '../../shared/evaluation/pool.ts'
import { nothingPooled, type Pooled, parsePooled } from '../../shared/evaluation/pooled.ts'
import { parseSiteAnswer } from '../../shared/evaluation/site-answer.ts'
import { recurrenceQuestionOf } from '../../shared/study/recurrence-question.ts'
import type { Average } from '../reactions.ts'
import { publishedRound, updatesOf } from '../run/rounds.ts'
import type { ActiveRun, SealedRound } from '../run/run.ts'
import { type Blobs, readBlob } from '../store/blobs.ts'

/** Pools the answers of a pass; the weights stay those that it judged. */
export async function poolRound(
  blobs: Pick<Blobs, 'open' | 'put'>,
  run: ActiveRun,
  round: SealedRound,
): Promise<Average> {
  const { study } = run
  const horizonDays = recurrenceQuestionOf(study)?.horizonDays
  if (study.evaluation === undefined || horizonDays === undefined || evaluationPasses[round.round] === undefined) {
    throw new Error(`the study ${study.study} has no pass ${round.round + 1}`)
  }
  const before = publishedRound(run, { stage: round.stage, round: round.round - 1 })?.pooled
  const pooled: Pooled = before === undefined ? nothingPooled : parsePooled(await readBlob(blobs, before.digest))
  const contents = await Promise.all(updatesOf(round).map((digest) => readBlob(blobs, digest)))
  const options = { horizonDays, minCell: study.policy.minCell, aims: study.evaluation }
  const next = poolAnswers(pooled, contents.map(parseSiteAnswer), options)
  const content = new TextEncoder().encode(JSON.stringify(next))
  // What a number that is none became would stop every site, and be there to stay.
  parsePooled(content)
  const digest = await blobs.put(content)
  return {
    weightsDigest: round.baseDigest,
    clipped: new Map(),
    pooled: { digest, byteLength: content.byteLength },
  }
}
