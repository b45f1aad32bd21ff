// The study that the demo's consortium agrees on, as the file its sites approve.

import type { DemoOptions } from './options.ts'

export interface DemoStudy {
  readonly sites: readonly string[]
  readonly seed: number
  readonly orderingRounds: number
  readonly recurrenceRounds: number
  /** Absent in the arm that learns recurrence from scratch, which has a rate of its own. */
  readonly pretrained: boolean
  /** Ends with a federated evaluation, for which half of the children are put aside. */
  readonly evaluate?: boolean
}

/** YAML; rates as the experiments found them, with the server's momentum taken into account (decision 11). */
export function demoStudyText(study: DemoStudy): string {
  const { orderingRounds, recurrenceRounds } = study
  const batches = 'localEpochs: 1, batchChildren: 4'
  const warmUp = `schedule: cosine, warmupRounds: ${Math.floor(orderingRounds / 4)}`
  const ordering = `  - { task: ordering, rounds: ${orderingRounds}, ${batches}, learningRate: 3e-3, ${warmUp} }\n`
  const rate = study.pretrained ? '2e-3' : '3e-3'
  return `# The study of the demo: synthetic children, four hospitals that do not exist.
study: ${study.pretrained ? 'demo' : 'demo-from-scratch'}
seed: ${study.seed}
model: { preset: tiny, grid: [24, 32, 24], spacingMm: 7, head: hazards }      # [depth, height, width]
pipeline: { template: mni152, sequences: [FLAIR], registration: none, brainMask: foreground }
sites: [${study.sites.join(', ')}]
${
  study.evaluate
    ? 'folds: { train: 0.5, validation: 0.25, test: 0.25 }'
    : 'folds: { train: 0.8, validation: 0.2, test: 0 }                # test children lie outside every hospital'
}
stages:
${study.pretrained ? ordering : ''}  - { task: recurrence, rounds: ${recurrenceRounds}, ${batches}, learningRate: ${rate}, schedule: cosine, horizonDays: 365, events: [recurrence] }
${study.evaluate ? 'evaluation: { ruleOutNpv: 0.85, ruleInPpv: 0.4 }\n' : ''}training: { optimizer: adamw, weightDecay: 0.01, clipNorm: 1.0, proximal: 0.0 }
strategy: { name: fed-avg, weightBy: children, serverMomentum: 0.6 }
round: { quorum: ${Math.max(1, study.sites.length - 1)}, deadline: 1h }
policy: { updates: plaintext, minChildren: 2, minCell: 3, maxUpdateNorm: 100 }   # small groups: these children are made up
`
}

/** The study that the demo's options ask for, or its arm from scratch. */
export function studyTextOf(options: DemoOptions, pretrained: boolean): string {
  return demoStudyText({
    sites: options.sites,
    seed: numberOf(options.seed),
    orderingRounds: options.orderingRounds,
    recurrenceRounds: options.recurrenceRounds,
    pretrained,
    evaluate: options.evaluate && pretrained,
  })
}

/** A study's seed is a number; a text gives one by its letters. */
function numberOf(seed: string): number {
  if (/^\d{1,9}$/.test(seed)) return Number(seed)
  return [...seed].reduce((hash, letter) => (hash * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_000_007, 7)
}
