// What the journal holds of a study that was trained to its end, so that another may judge its weights.

import { sha256 } from '../../../shared/digest.ts'
import type { StudyFile } from '../../../shared/study/study.ts'
import { decide } from '../decide.ts'
import { emptyFederation, evolve } from '../evolve.ts'
import { isActive } from '../rounds.ts'
import type { Command, Federation, RunEvent } from '../run.ts'

/** Of a study without closing rounds and evaluation; it ends with the weights `sha256('trained')`. */
export function finishedRun({ digest: studyDigest, text, study }: StudyFile): readonly RunEvent[] {
  const events: RunEvent[] = []
  let federation: Federation = emptyFederation
  const carryOut = (command: Command): void => {
    const decision = decide(federation, command, 0)
    if (decision.refusal !== undefined) throw decision.refusal
    events.push(...decision.events)
    federation = decision.events.reduce((state, event) => evolve(state, event, 0), federation)
  }
  carryOut({ type: 'propose-study', studyDigest, text })
  carryOut({ type: 'start-run', studyDigest, initialWeights: sha256('untrained') })
  for (
    let run = federation.runs.get(studyDigest);
    run !== undefined && isActive(run);
    run = federation.runs.get(studyDigest)
  ) {
    const { stage, round, baseDigest } = run.current
    for (const site of study.sites) {
      const updateDigest = sha256(`${site} ${stage}/${round}`)
      const update = {
        studyDigest,
        site,
        stage,
        round,
        baseDigest,
        updateDigest,
        byteLength: 100,
        children: 10,
        metrics: [],
      }
      carryOut({ type: 'count-update', ...update, norm: 1 })
    }
    carryOut({
      type: 'publish-weights',
      studyDigest,
      stage,
      round,
      weightsDigest: sha256('trained'),
      clipped: new Map(),
    })
  }
  return events
}
