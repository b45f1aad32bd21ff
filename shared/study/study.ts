// A study is what a consortium agrees to train: model, pipeline, stages, strategy and policy, in one YAML file.
// Its digest is the SHA-256 of the file's bytes, so what a site approves is exactly what it has read.

import { z } from 'zod'
import { eventTypes } from '../cohort/outcome.ts'
import { type Digest, sha256 } from '../digest.ts'
import { digestSchema } from '../digest-schema.ts'
import { isHazardEdge } from '../model/hazards.ts'
import { imagePresets } from '../model/presets.ts'
import { SequelaError } from '../protocol/errors.ts'
import { maxStudyFileBytes } from '../protocol/limits.ts'
import { checkYaml, parseYaml } from '../yaml-file.ts'
import {
  evaluationContradictions,
  fromContradictions,
  hazardHorizons,
  modelContradictions,
  newStudyContradictions,
  personalContradictions,
  stageContradictions,
  strategyContradictions,
} from './contradictions.ts'
import { durationSchema } from './duration.ts'
import { asksForFeatures, featureInputs, imageInputs } from './inputs.ts'
import { isMetricName, metricNames } from './metrics.ts'
import { siteIdPattern } from './names.ts'
import { channelsOf } from './sequences.ts'

const positive = z.number().positive().finite()
const share = z.number().min(0).max(1)
const metric = z.string().refine(isMetricName, `there are: ${Object.keys(metricNames).join(', ')}`)

const stageCommon = {
  rounds: z.int().min(1).max(10_000),
  localEpochs: z.int().min(1).max(100).default(1),
  batchChildren: z.int().min(1).max(64).default(4),
  learningRate: positive.max(1),
  encoderLearningRate: positive.max(1).optional(),
  schedule: z.enum(['constant', 'cosine']).default('cosine'),
  /** Rounds over which the learning rate rises to where the schedule has it. */
  warmupRounds: z.int().min(0).max(10_000).default(0),
  /** Ends the stage once the metric, over all sites' validation folds, has not improved for `patience` rounds. */
  earlyStop: z.strictObject({ metric, patience: z.int().min(1).max(10_000) }).optional(),
  /** The stage hands on the weights of that of its rounds which did best by the metric; absent: those of the last. */
  select: z.strictObject({ metric }).optional(),
}

/** How much each loss of ordering counts; 0 leaves it out, for ablations. 1.5 keeps the lesion in sight, 0.3 did not. */
const orderingLossesSchema = z.strictObject({
  pairs: z.number().min(0).max(100).default(1),
  sequences: z.number().min(0).max(100).default(1),
  maxima: z.number().min(0).max(100).default(1.5),
})
export type OrderingLosses = z.infer<typeof orderingLossesSchema>

/** The losses of a study that says nothing of them. */
export const usualOrderingLosses: OrderingLosses = orderingLossesSchema.parse({})

/** Most scans in a sequence, in a study that does not say. */
export const usualLongestSequence = 6

/** What recurrence is asked. */
const question = {
  horizonDays: z.int().min(30).max(3650).default(365),
  /** Types that are events; absent: every event counts, and tables with types that are in doubt are refused. */
  events: z.array(z.enum(eventTypes)).min(1).optional(),
}

const stageSchema = z.discriminatedUnion('task', [
  z.strictObject({
    task: z.literal('ordering'),
    ...stageCommon,
    losses: orderingLossesSchema.optional(),
    /** Most scans in a sequence that is to be told in order or not. */
    longestSequence: z.int().min(2).max(12).optional(),
  }),
  z.strictObject({
    task: z.literal('recurrence'),
    ...stageCommon,
    ...question,
  }),
])

const strategySchema = z.strictObject({
  name: z.enum(['fed-avg', 'fed-adam', 'coordinate-median', 'trimmed-mean']).default('fed-avg'),
  weightBy: z.enum(['children', 'sites']).default('children'),
  /** Of `trimmed-mean`: the share that is cut off at either end. */
  trim: z.number().min(0).lt(0.5).optional(),
  serverMomentum: z.number().min(0).max(0.99).default(0),
  /** Of `fed-adam`: the server's own optimiser. */
  adam: z
    .strictObject({
      learningRate: positive.max(1),
      beta1: z.number().min(0).max(0.9999).default(0.9),
      beta2: z.number().min(0).max(0.9999).default(0.99),
      tau: positive.max(1).default(1e-3),
    })
    .optional(),
  /** L2 norm to which each site's update is scaled down before it is averaged; absent: no clipping. */
  clipUpdateNorm: positive.optional(),
})

/** After the last stage the sites judge the weights together; nothing is trained (shared/evaluation). */
const evaluationSchema = z.strictObject({
  /** What the thresholds are chosen for on the validation folds: predictive values below and above the grey zone. */
  ruleOutNpv: z.number().min(0.5).lt(1).default(0.95),
  ruleInPpv: z.number().min(0.05).lt(1).default(0.5),
})

const siteIds = z
  .array(z.string().regex(siteIdPattern, 'use 1 to 40 lower-case letters, digits and hyphens'))
  .min(1)
  .max(1000)

/**
 * Of a study that trains nothing and judges the final weights of one that has finished (decision 36). What it must share with
 * that study is in its own text, so that whoever approves it reads all of it; it is compared in judged-study.ts.
 */
const fromSchema = z.strictObject({
  study: digestSchema,
  weights: digestSchema,
  /** That trained; at others every child is one of the test fold. */
  sites: siteIds,
  /** Of each of its stages. */
  tasks: z
    .array(z.enum(['ordering', 'recurrence']))
    .min(1)
    .max(20),
  ...question,
})

const commonFields = {
  study: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'use 1 to 40 lower-case letters, digits and hyphens'),
  seed: z.int().min(0),
  from: fromSchema.optional(),
  sites: siteIds,
  folds: z.strictObject({ train: share, validation: share, test: share }),
  stages: z.array(stageSchema).max(20),
  evaluation: evaluationSchema.optional(),
  training: z
    .strictObject({
      optimizer: z.enum(['adamw', 'adam']).default('adamw'),
      weightDecay: z.number().min(0).max(1).default(0.01),
      clipNorm: positive.default(1),
      proximal: z.number().min(0).max(100).default(0),
      /** Beginnings of the names of parameters that every site keeps for itself; absent: all are shared. */
      personal: z
        .array(z.string().regex(/^[a-z0-9]+(\.[a-zA-Z0-9]+)*$/))
        .min(1)
        .max(100)
        .optional(),
    })
    .prefault({}),
  strategy: strategySchema.prefault({}),
  round: z.strictObject({ quorum: z.int().min(1), deadlineMs: durationSchema }),
  policy: z.strictObject({
    updates: z.literal('plaintext').default('plaintext'),
    minChildren: z.int().min(1).max(10_000).default(5),
    minCell: z.int().min(1).max(10_000).default(5),
    maxUpdateNorm: positive.default(100),
    /** Whether hospitals look for children that two of them have, and how; absent: they do not. */
    linkage: z.enum(['keyed-hash']).optional(),
  }),
}
const imageStudySchema = z.strictObject({ ...commonFields, ...imageInputs })
const featureStudySchema = z.strictObject({ ...commonFields, ...featureInputs })

/** A study as agreed; every field has its value, defaults included. Spacing in mm, learning rates per step. */
export type Study = ImageStudy | z.infer<typeof featureStudySchema>
/** A study of images, which every site prepares alike. */
export type ImageStudy = z.infer<typeof imageStudySchema>
export type Stage = Study['stages'][number]
export type Task = Stage['task']
/** Whose weights a study judges that trains nothing. */
export type FromStudy = NonNullable<Study['from']>
export type TrainingSettings = Study['training']
export type Strategy = Study['strategy']

export function isImageStudy(study: Study): study is ImageStudy {
  return 'grid' in study.model
}

/** A study together with the text it was read from and that text's digest, which is what sites approve. */
export interface StudyFile {
  readonly study: Study
  readonly text: string
  readonly digest: Digest
}

/**
 * Reads a study file, also one that an earlier version let pass and this one would not (decision 16).
 * @throws SequelaError `study_invalid` with one line for each thing that is wrong and where it stands.
 */
export function parseStudy(text: string): StudyFile {
  return readStudy(text, contradictions)
}

/**
 * Reads a study file that is to be proposed or approved: one that sites can train, and on what its author means.
 * @throws SequelaError as `parseStudy`.
 */
export function parseNewStudy(text: string): StudyFile {
  return readStudy(text, (study) => [...contradictions(study), ...newStudyContradictions(study)])
}

function readStudy(text: string, problemsOf: (study: Study) => readonly string[]): StudyFile {
  if (Buffer.byteLength(text) > maxStudyFileBytes) {
    throw new SequelaError('study_invalid', `a study file may hold at most ${maxStudyFileBytes} bytes`)
  }
  const [source, code] = ['the study file', 'study_invalid'] as const
  const value = renameDeadline(parseYaml(text, source, code))
  const study: Study = asksForFeatures(value)
    ? checkYaml(value, source, featureStudySchema, code)
    : checkYaml(value, source, imageStudySchema, code)
  const problems = problemsOf(study)
  if (problems.length > 0) {
    throw new SequelaError('study_invalid', `the study file contradicts itself:\n  ${problems.join('\n  ')}`)
  }
  return { study, text, digest: sha256(text) }
}

/** The file says `deadline: 4h`, which people read; inside it is `deadlineMs`. */
function renameDeadline(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('round' in value)) return value
  const round = value.round
  if (typeof round !== 'object' || round === null || !('deadline' in round)) return value
  const { deadline, ...rest } = round
  return { ...value, round: { ...rest, deadlineMs: deadline } }
}

function contradictions(study: Study): string[] {
  const problems: string[] = []
  if ('grid' in study.model) {
    const { preset, grid } = study.model
    const { grid: needed } = imagePresets[preset]
    if (grid.some((length, axis) => length !== needed[axis]))
      problems.push(`model.grid: preset ${preset} works on [${needed.join(', ')}] (depth, height, width)`)
  }
  problems.push(...modelContradictions(study))
  const channels = channelsOf(study.pipeline) ?? []
  if (new Set(channels).size !== channels.length) problems.push('pipeline.sequences.all: a sequence is named twice')
  const sum = study.folds.train + study.folds.validation + study.folds.test
  if (Math.abs(sum - 1) > 1e-9) problems.push(`folds: the three shares add up to ${sum}, not to 1`)
  if (study.folds.train === 0) problems.push('folds.train: nothing would be trained on')
  for (const [index, stage] of study.stages.entries()) {
    problems.push(...stageContradictions(stage, study).map((problem) => `stages.${index}.${problem}`))
  }
  problems.push(...fromContradictions(study), ...evaluationContradictions(study))
  const definitions = new Set(
    study.stages.flatMap((stage) => (stage.task === 'recurrence' ? [stage.events?.toSorted().join() ?? ''] : [])),
  )
  if (definitions.size > 1) problems.push('stages: all stages of recurrence must count the same events')
  for (const [index, stage] of study.stages.entries()) {
    if (stage.task !== 'recurrence' || study.model.head !== 'hazards' || isHazardEdge(stage.horizonDays)) continue
    problems.push(`stages.${index}.horizonDays: ${hazardHorizons}`)
  }
  if (new Set(study.sites).size !== study.sites.length) problems.push('sites: a site is named twice')
  problems.push(...strategyContradictions(study.strategy), ...personalContradictions(study))
  if (study.round.quorum > study.sites.length) {
    problems.push(`round.quorum: asks for ${study.round.quorum} of ${study.sites.length} sites`)
  }
  return problems
}
