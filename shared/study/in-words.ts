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
import type { FromStudy, Stage, Study, StudyFile } from './study.ts'

/** Lines of plain text, at most about 100 characters wide. */
export function studyInWords({ study, digest }: StudyFile): string {
  const { from, model, policy } = study
  const parameters = elementCount(modelManifest(modelOf(study)))
  const megabytes = ((parameters * 4) / 1e6).toFixed(1)
  const [judged, cycle] = from === undefined ? ['the final', 'round'] : ['these', 'pass']
  return [
    `Study ${study.study}`,
    `  digest      ${digest}`,
    `  sites       ${study.sites.join(', ')}`,
    `  model       preset ${networkInWords(model)}, ${parameters.toLocaleString('en')} weights, ${inputsInWords(model)}`,
    ...temporalInWords(model),
    `  scans       ${sequencesInWords(study.pipeline)}${preparationInWords(study.pipeline)}`,
    ...study.stages.map((stage, index) => `  stage ${index + 1}     ${stageInWords(stage, model)}`),
    ...(from === undefined ? [] : weightsInWords(from, model)),
    ...alsoTold(model),
    ...(study.evaluation === undefined
      ? []
      : [
          `  evaluation  of ${judged} weights on the validation and test folds, in ${evaluationPasses.length} passes without training`,
        ]),
    ...childrenInWords(study),
    `  a ${cycle.padEnd(10)}closes when every site has settled, or after ${durationInWords(study.round.deadlineMs)} ` +
      `with at least ${study.round.quorum} of ${study.sites.length} sites`,
    '',
    'What leaves this hospital if you approve:',
    ...(from === undefined ? updatesInWords(study, megabytes) : nothingTrainedInWords(study, from, megabytes)),
    ...evaluationInWords(study),
    ...(policy.linkage === undefined ? [] : linkageInWords(policy.minCell)),
    ...neverLeaves(study),
    'Every item is written to the egress record before it is sent: site egress',
  ].join('\n')
}

/** Of a study that trains nothing: whose weights they are and what they have learnt. */
function weightsInWords({ study, weights, sites, tasks, ...question }: FromStudy, { head }: Study['model']): string[] {
  return [
    `  weights     ${weights}`,
    `  from        study ${study}, as they were when it ended`,
    `  trained at  ${sites.join(', ')}`,
    ...tasks.map((task) => `  learnt      ${task === 'ordering' ? orderingInWords : riskInWords(question, head)}`),
  ]
}

function childrenInWords({ from, sites, folds }: Study): string[] {
  const [train, validation, test] = [folds.train, folds.validation, folds.test].map(percent)
  if (from === undefined) return [`  children    ${train} train, ${validation} validate, ${test} are kept for testing`]
  const [trained, others] = [true, false].map((was) => sites.filter((site) => from.sites.includes(site) === was))
  const parts = [
    ...(trained?.length
      ? [
          `at ${trained.join(', ')} the ${train} that were for training are not judged, ${validation} validate, ${test} are tested`,
        ]
      : []),
    ...(others?.length ? [`at ${others.join(', ')}, where nothing was trained, all are tested`] : []),
  ]
  return wrap(parts.join('; '), '  children    ', '              ')
}

function updatesInWords({ stages, policy, training }: Study, megabytes: string): string[] {
  const rounds = stages.reduce((sum, stage) => sum + stage.rounds, 0)
  const closing = stages.filter(({ select }) => select !== undefined).length
  return [
    `  ${rounds === 1 ? 'in one round' : `in each of up to ${rounds} rounds`}, one difference of weights (${megabytes} MB) that rests on at least ` +
      `${children(policy.minChildren)},`,
    '  how many children stand behind it, and sums and counts of validation metrics',
    `  over at least ${children(policy.minCell)} each. The coordinator can read each site's difference (updates: ${policy.updates}).`,
    ...(closing === 0
      ? []
      : [
          `  at the end of ${closing} of the stages, such sums and counts once more, without weights, to choose among its rounds.`,
        ]),
    ...(training.personal === undefined
      ? []
      : [
          `What is trained here and stays here: ${training.personal.join(', ')}. A site that has not trained has no values`,
          '  of its own for these and is refused predictions.',
        ]),
  ]
}

function nothingTrainedInWords({ sites }: Study, from: FromStudy, megabytes: string): string[] {
  const given = sites.filter((site) => !from.sites.includes(site))
  const gift = given.length === 0 ? '' : ` They are handed to ${given.join(', ')} (${megabytes} MB).`
  return wrap(
    `no weights: nothing is trained, the finished weights named above are judged as they are.${gift}`,
    '  ',
    '  ',
  )
}

/** Where the study lets a number rest on one child, nothing else may be said. */
function neverLeaves({ from, pipeline, policy: { minCell, linkage, ...policy } }: Study): string[] {
  // Where nothing is trained no difference of weights leaves, however few children it might rest on.
  const minChildren = from === undefined ? policy.minChildren : Number.POSITIVE_INFINITY
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
  const what = `learn ${stage.task === 'ordering' ? `${orderingInWords} (needs no outcomes)` : riskInWords(stage, head)}`
  const { rounds, earlyStop, select } = stage
  const stop =
    earlyStop === undefined
      ? ''
      : `, fewer once ${earlyStop.metric} has not improved for ${counted(earlyStop.patience, 'round')}`
  const choice = select === undefined ? '' : `; the weights with the best ${select.metric} are handed on`
  return `${what}; ${counted(rounds, 'round')}${stop}${choice}`
}

const orderingInWords = 'to put the scans of a child in order of time'

function riskInWords(
  { events, horizonDays }: Pick<FromStudy, 'events' | 'horizonDays'>,
  head: Study['model']['head'],
): string {
  const hazards = head === 'hazards' ? ', from hazards over two years' : ''
  return `the risk of ${events?.join(' or ').replaceAll('_', ' ') ?? 'an event'} within ${horizonDays} days${hazards}`
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
