// A study as a person at a hospital reads it before saying yes: what is trained, how often, and what leaves the house.

import { counted } from '../counted.ts'
import { evaluationPasses } from '../evaluation/passes.ts'
import { modelManifest } from '../model/parameters.ts'
import { linkTokensMultiple } from '../protocol/limits.ts'
import { elementCount } from '../weights/weights.ts'
import { wrap } from '../wrapped-text.ts'
import { children, evaluationInWords } from './evaluation-in-words.ts'
import { modelOf } from './model-of.ts'
import { sequencesInWords } from './sequences.ts'
import type { Stage, Study, StudyFile } from './study.ts'

/** Lines of plain text, at most about 100 characters wide. */
export function studyInWords({ study, digest }: StudyFile): string {
  const parameters = elementCount(modelManifest(modelOf(study)))
  const rounds = study.stages.reduce((sum, stage) => sum + stage.rounds, 0)
  const closing = study.stages.filter(({ select }) => select !== undefined).length
  const megabytes = ((parameters * 4) / 1e6).toFixed(1)
  const { policy, folds } = study
  return [
    `Study ${study.study}`,
    `  digest      ${digest}`,
    `  sites       ${study.sites.join(', ')}`,
    `  model       preset ${networkInWords(study.model)}, ${parameters.toLocaleString('en')} weights, ${inputsInWords(study.model)}`,
    ...temporalInWords(study.model),
    `  scans       ${sequencesInWords(study.pipeline)}${preparationInWords(study.pipeline)}`,
    ...study.stages.map((stage, index) => `  stage ${index + 1}     ${stageInWords(stage, study.model)}`),
    ...alsoTold(study.model),
    ...(study.evaluation === undefined
      ? []
      : [
          `  evaluation  of the final weights on the validation and test folds, in ${evaluationPasses.length} passes without training`,
        ]),
    `  children    ${percent(folds.train)} train, ${percent(folds.validation)} validate, ${percent(folds.test)} are kept for testing`,
    `  a round     closes when every site has settled, or after ${durationInWords(study.round.deadlineMs)} ` +
      `with at least ${study.round.quorum} of ${study.sites.length} sites`,
    '',
    'What leaves this hospital if you approve:',
    `  ${rounds === 1 ? 'in one round' : `in each of up to ${rounds} rounds`}, one difference of weights (${megabytes} MB) that rests on at least ` +
      `${children(policy.minChildren)},`,
    '  how many children stand behind it, and sums and counts of validation metrics',
    `  over at least ${children(policy.minCell)} each. The coordinator can read each site's difference (updates: ${policy.updates}).`,
    ...(closing === 0
      ? []
      : [
          `  at the end of ${closing} of the stages, such sums and counts once more, without weights, to choose among its rounds.`,
        ]),
    ...(study.training.personal === undefined
      ? []
      : [
          `What is trained here and stays here: ${study.training.personal.join(', ')}. A site that has not trained has no values`,
          '  of its own for these and is refused predictions.',
        ]),
    ...evaluationInWords(study),
    ...(policy.linkage === undefined ? [] : linkageInWords(policy.minCell)),
    ...neverLeaves(study),
    'Every item is written to the egress record before it is sent: site egress',
  ].join('\n')
}

/** Where the study lets a number rest on one child, nothing else may be said. */
function neverLeaves({ pipeline, policy: { minCell, minChildren, linkage } }: Study): string[] {
  const arrays = 'features' in pipeline ? 'arrays, ' : ''
  if (minCell > 1 && minChildren > 1) {
    const hash = linkage === undefined ? '' : ', but for its hash'
    return [`What never leaves: ${arrays}images, tables, names, dates, and any number about a single child${hash}.`]
  }
  const alone = [
    ...(minCell > 1 ? [] : ['sums and counts (policy.minCell is 1)']),
    ...(minChildren > 1 ? [] : ['a difference of weights (policy.minChildren is 1)']),
    ...(linkage === undefined ? [] : ['its hash']),
  ]
  return [
    `What never leaves: ${arrays}images, tables, names and dates.`,
    ...wrap(`What may leave about a single child in this study: ${alone.join('; ')}.`, '', '  '),
  ]
}

/** What the model is given of a visit: `volumes of 24×32×24 voxels of 7 mm`, or `arrays of 768 numbers`. */
export function inputsInWords(model: Study['model']): string {
  return 'features' in model
    ? `arrays of ${model.features} numbers`
    : `volumes of ${model.grid.join('×')} voxels of ${model.spacingMm} mm`
}

function preparationInWords(pipeline: Study['pipeline']): string {
  if ('features' in pipeline) return ''
  const { template, brainMask, biasCorrection } = pipeline
  return (
    `, in the space of template ${template}, brain only` +
    (brainMask === 'network' ? ', found by a network that each site supplies' : '') +
    (biasCorrection === 'n3' ? ', bias field corrected (N3)' : '')
  )
}

function linkageInWords(minCell: number): string[] {
  return [
    "  to find children treated in two hospitals, one keyed hash of each child's shared identifier (tables.linkage in site.yaml),",
    `  among random ones up to a multiple of ${linkTokensMultiple}. The coordinator compares them, shows counts of ${minCell} or more for each pair of`,
    '  hospitals, and deletes them with the end of the run. Both hospitals are told which of their own children another one has, not',
    '  which one; one keeps the child, the other holds it back. Hospitals share the key (site link-key) and the coordinator must not',
    '  have it: whoever has key and hashes can try identifiers. A hospital that has the key can try some by listing them as its own.',
    '  A hospital without key or identifiers takes part unchecked, and the coordinator shows that it does.',
  ]
}

const temporalWords = {
  gru: 'a recurrent unit (GRU), which also sees what changed from scan to scan',
  'change-gru': 'a recurrent unit (GRU), which also sees where the picture departs from earlier ones',
  'attention-lstm': 'attention between all of them, then a recurrent unit (LSTM)',
  mean: 'their mean, which knows nothing of their order',
} as const satisfies Record<NonNullable<Study['model']['temporal']>, string>

/** The preset, with the sequence block that the study names: `tiny` or `tiny with attention-lstm`. */
export function networkInWords({ preset, temporal }: Study['model']): string {
  return temporal === undefined ? preset : `${preset} with ${temporal}`
}

/** The sequence block, where the study names one. */
function temporalInWords({ temporal }: Study['model']): string[] {
  return temporal === undefined ? [] : [`  scans of a child are put together by ${temporalWords[temporal]}`]
}

/** What recurrence learns from beside scans. */
function alsoTold({ timeInput, clinical }: Study['model']): string[] {
  const told = [
    ...(timeInput === 'fourier' ? ['days between visits'] : []),
    ...(clinical ? ['age, sex, resection and location in participants.tsv'] : []),
  ]
  return told.length === 0 ? [] : [`  also told   recurrence: ${told.join('; ')}`]
}

function stageInWords(stage: Stage, { head }: Study['model']): string {
  const what =
    stage.task === 'ordering'
      ? 'learn to put the scans of a child in order of time (needs no outcomes)'
      : `learn the risk of ${stage.events?.join(' or ').replaceAll('_', ' ') ?? 'an event'} within ${stage.horizonDays} days` +
        (head === 'hazards' ? ', from hazards over two years' : '')
  const { rounds, earlyStop, select } = stage
  const stop =
    earlyStop === undefined
      ? ''
      : `, fewer once ${earlyStop.metric} has not improved for ${counted(earlyStop.patience, 'round')}`
  const choice = select === undefined ? '' : `; the weights with the best ${select.metric} are handed on`
  return `${what}; ${counted(rounds, 'round')}${stop}${choice}`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** For example `4 h` or `90 s`, in the largest unit that fits without a rest. */
export function durationInWords(ms: number): string {
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ] as const
  for (const [unitMs, name] of units) {
    if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs} ${name}`
  }
  return `${ms} ms`
}
