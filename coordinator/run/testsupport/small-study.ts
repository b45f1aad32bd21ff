// Studies for tests, written as a consortium would write them and read by the real parser.

import type { Digest } from '../../../shared/digest.ts'
import { judgingStudyText } from '../../../shared/study/judged-study.ts'
import { parseStudy, type StudyFile } from '../../../shared/study/study.ts'

export interface SmallStudy {
  readonly sites: readonly string[]
  readonly quorum: number
  /** Rounds of each stage. */
  readonly stages: readonly number[]
  readonly deadline?: string
  readonly minChildren?: number
  readonly maxUpdateNorm?: number
  /** Stages of more rounds than that end early when the pair loss has not improved for so many. */
  readonly patience?: number
  /** Every stage hands on its round with the least pair loss. */
  readonly select?: boolean
  /** The run ends with an evaluation; its last stage is then one of recurrence. */
  readonly evaluation?: boolean
  /** The last stage is one of recurrence. */
  readonly recurrence?: boolean
  /** Sites look for children that two of them have. */
  readonly linkage?: boolean
  /** Inside of the braces, as in the file. */
  readonly strategy?: string
}

export function smallStudy(wanted: SmallStudy): StudyFile {
  const { sites, quorum, stages, deadline = '1h', minChildren = 5, maxUpdateNorm = 100, strategy = '' } = wanted
  const { patience, select = false, evaluation = false, recurrence = evaluation, linkage = false } = wanted
  const taskOf = (stage: number): string => (recurrence && stage === stages.length - 1 ? 'recurrence' : 'ordering')
  const choice = select ? ', select: { metric: ordering_loss }' : ''
  const stopOf = (rounds: number): string =>
    patience === undefined || patience >= rounds ? '' : `, earlyStop: { metric: ordering_loss, patience: ${patience} }`
  return parseStudy(`study: small
seed: 1
model: { preset: tiny, grid: [24, 32, 24], spacingMm: 7 }
pipeline: { template: mni152, sequences: [FLAIR] }
sites: [${sites.join(', ')}]
folds: { train: 0.6, validation: 0.2, test: 0.2 }
stages:
${stages.map((rounds, stage) => `  - { task: ${taskOf(stage)}, rounds: ${rounds}, learningRate: 1e-3${stopOf(rounds)}${choice} }`).join('\n')}
${evaluation ? 'evaluation: {}\n' : ''}strategy: { ${strategy} }
round: { quorum: ${quorum}, deadline: ${deadline} }
policy: { minChildren: ${minChildren}, maxUpdateNorm: ${maxUpdateNorm}${linkage ? ', linkage: keyed-hash' : ''} }
`)
}

/** A study that trains nothing: these sites judge weights with which the other is said to have ended. */
export function smallJudgingStudy(
  trained: StudyFile,
  { sites, weights }: { readonly sites: readonly string[]; readonly weights: Digest },
): StudyFile {
  return parseStudy(judgingStudyText(trained, { name: 'judging', sites, weights }))
}
