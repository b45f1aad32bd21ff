// `coordinator evaluate --plan`: from a finished study to the file of another that judges its weights.

import { parseDigest } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { judgingStudyText } from '../../shared/study/judged-study.ts'
import { parseNewStudy, parseStudy } from '../../shared/study/study.ts'
import type { JudgedRun } from '../judged-run.ts'
import type { RunStatus } from '../status.ts'
import { writeWhole } from './whole-file.ts'

export interface PlanOptions {
  /** The study file to write. */
  readonly plan: string
  /** Sites that are to judge; absent: those that trained. */
  readonly sites?: readonly string[]
  /** Of the new study; absent: after that of the study whose weights are judged. */
  readonly name?: string
}

/**
 * Writes the file of a study that judges the weights of a finished one, to be read, proposed and approved like any other.
 * @param runs all that the coordinator knows
 * @returns a sentence on what was written and what comes next.
 * @throws SequelaError `study_state` when the study has not finished; `study_invalid` when its weights cannot be judged so;
 *   `file_unreadable`.
 */
export async function planEvaluation(
  asked: JudgedRun,
  runs: readonly RunStatus[],
  options: PlanOptions,
): Promise<string> {
  const { trained = asked.run } = asked
  if (trained.phase !== 'finished' || trained.weightsDigest === undefined) {
    throw new SequelaError(
      'study_state',
      `the study ${trained.study} is ${trained.phase}; its weights can be judged once it has finished`,
    )
  }
  const { plan, sites = trained.sites } = options
  const name = options.name ?? freeName(trained.study, new Set(runs.map(({ study }) => study)))
  const weights = parseDigest(trained.weightsDigest)
  const text = judgingStudyText(parseStudy(trained.text), { name, sites, weights })
  const { digest } = parseNewStudy(text)
  await writeWhole(plan, text)
  return [
    `written to ${plan}: the study ${name} (${digest.slice(0, 12)}), in which ${sites.join(', ')} judge the weights of ${trained.study}. Read it, then`,
    `  coordinator study propose ${plan}`,
    `  site approve ${digest.slice(0, 12)}          at every site`,
    `  coordinator study start ${plan}`,
    `  coordinator evaluate ${digest.slice(0, 12)} --out FOLDER`,
  ].join('\n')
}

/** Another text, and so another digest, for every evaluation. */
function freeName(study: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count++) {
    const ending = count === 1 ? '-judged' : `-judged-${count}`
    const name = `${study.slice(0, longestName - ending.length)}${ending}`
    if (!taken.has(name)) return name
  }
}

/** Characters of a study's name. */
const longestName = 40
