// Studies for tests, written as a consortium would write them and read by the real parser.

import { parseStudy, type StudyFile } from '../../../shared/study/study.ts'

export interface SmallStudy {
  readonly sites: readonly string[]
  readonly quorum: number
  /** Rounds of each stage. */
  readonly stages: readonly number[]
  readonly deadline?: string
  readonly minChildren?: number
  readonly maxUpdateNorm?: number
  /** Inside of the braces, as in the file. */
  readonly strategy?: string
}

export function smallStudy(wanted: SmallStudy): StudyFile {
  const { sites, quorum, stages, deadline = '1h', minChildren = 5, maxUpdateNorm = 100, strategy = '' } = wanted
  return parseStudy(`study: small
seed: 1
model: { preset: tiny, grid: [24, 32, 24], spacingMm: 7 }
pipeline: { template: mni152, sequences: [FLAIR] }
sites: [${sites.join(', ')}]
folds: { train: 0.6, validation: 0.2, test: 0.2 }
stages:
${stages.map((rounds) => `  - { task: ordering, rounds: ${rounds}, learningRate: 1e-3 }`).join('\n')}
strategy: { ${strategy} }
round: { quorum: ${quorum}, deadline: ${deadline} }
policy: { minChildren: ${minChildren}, maxUpdateNorm: ${maxUpdateNorm} }
`)
}
