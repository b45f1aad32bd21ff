// The model card as data: what a model is, what it was trained on, how well it does and for whom, and how its risks are to
// be read. `coordinator evaluate` and `export` write it; a site reads thresholds, recalibration and ranges from it.

import { z } from 'zod'
import { digestSchema } from '../digest-schema.ts'
import { SequelaError } from '../protocol/errors.ts'

const probability = z.number().min(0).max(1)

/** A figure with its child-clustered 95 % interval; null where too few children stand behind it, or none is defined. */
const estimate = z.strictObject({ value: z.number(), low: z.number().nullable(), high: z.number().nullable() })
const figures = z.record(z.string(), estimate.nullable())

/** Of the form logit(recalibrated) = intercept + slope · logit(risk). */
export const recalibrationSchema = z.strictObject({
  intercept: z.number(),
  slope: z.number().positive(),
  /** platt: both fitted. intercept: too few events for a slope. none: too few for either, so risks stay as they are. */
  kind: z.enum(['platt', 'intercept', 'none']),
})

const threshold = z.strictObject({
  /** In recalibrated risk (the consortium's). At or above it: positive. */
  risk: probability,
  /** What was asked for when it was chosen on the validation folds, in words. */
  chosenFor: z.string(),
  /** On the test folds. */
  figures,
})

const stratum = z.strictObject({
  /** `scans`, `year`, `age`, `sex`, … */
  family: z.string(),
  level: z.string(),
  /** Null: fewer children than may be shown. */
  children: z.int().nullable(),
  /** With risks as given. */
  figures,
  /** Recalibrated by the consortium; absent from cards that were written before it was told. */
  recalibrated: figures.optional(),
})

/** How well the model does at a site, as the site computed it; empty where too few children stand behind it. */
const siteFigures = z.strictObject({
  site: z.string(),
  raw: figures,
  recalibrated: figures,
  recalibratedBySite: figures,
})

/** Landmarks whose recalibrated risk lies in [low, high). Bins follow one another without gaps. */
const reliabilityBin = z.strictObject({
  low: probability,
  high: probability,
  /** Of all landmarks' weight, that of those in the bin. */
  share: probability,
  /** Null: too few landmarks to say it. Weighted share (IPCW) of these landmarks that were followed by an event within the horizon. */
  observed: probability.nullable(),
})

/** logit P(event) = intercept + slope · logit(recalibrated risk) on the test folds. */
const calibrationLine = z.strictObject({
  intercept: z.number(),
  slope: z.number(),
  /** Of both, clustered by child: [intercept², intercept·slope, slope²]. */
  covariance: z.tuple([z.number(), z.number(), z.number()]).readonly(),
})

export const modelCardSchema = z.strictObject({
  format: z.literal('sequela-model-card/1'),
  writtenAt: z.iso.datetime(),
  notice: z.string(),
  model: z.strictObject({
    study: z.string(),
    studyDigest: digestSchema,
    weightsDigest: digestSchema,
    /** Where another study trained the weights: that one, its sites, and those of the study above that took no part in it. */
    trainedBy: z
      .strictObject({
        study: z.string(),
        studyDigest: digestSchema,
        sites: z.array(z.string()),
        newSites: z.array(z.string()),
      })
      .optional(),
    preset: z.string(),
    parameters: z.int(),
    programVersion: z.string(),
    /** The stages that made the weights, with how many rounds each published. */
    lineage: z.array(z.strictObject({ task: z.string(), rounds: z.int() })),
  }),
  outcome: z.strictObject({ horizonDays: z.int(), definition: z.string() }),
  /** What scans go through before the model sees them. */
  preprocessing: z.record(z.string(), z.string()),
  training: z.strictObject({
    seed: z.int(),
    folds: z.strictObject({ train: probability, validation: probability, test: probability }),
    strategy: z.string(),
    policy: z.string(),
  }),
  /**
   * Ranges that training children cover, from the edges of fixed bins that at least the smallest allowed group of
   * children stand in; outside them an answer is extrapolation. `high` is the edge of the last bin and the first value that
   * was not seen (input-range.ts): children with up to six visits give 7. Keys are `visits`, `gap_days`, `days_since_surgery`,
   * `age_years`; one that no site could report is absent.
   */
  inputRanges: z.record(z.string(), z.strictObject({ low: z.number(), high: z.number() })),
  /**
   * By family (`sequence`, `vendor`, `field_strength`), levels of which at least the smallest allowed group of some site's
   * training children have scans; of others the model knows nothing or too little to tell. Absent in cards of earlier versions.
   */
  seen: z.record(z.string(), z.array(z.string())).optional(),
  data: z.strictObject({
    sites: z.array(
      z.strictObject({
        site: z.string(),
        /** Children of the test fold that were evaluated; null: fewer than may be shown. */
        children: z.int().nullable(),
        landmarks: z.int().nullable(),
        /** Children with an event within the horizon after a landmark; null also where too few have none. Absent from older cards, as are the next two. */
        events: z.int().nullable().optional(),
        /** Of these children, from the surgery to the event or the end of follow-up. */
        scans: z.int().nullable().optional(),
        /** Mean of these children, to the event or the end of follow-up. */
        followUpDays: z.number().nullable().optional(),
      }),
    ),
    children: z.int(),
    landmarks: z.int(),
  }),
  /** On the test folds of all sites. */
  performance: z.strictObject({
    raw: figures,
    recalibrated: figures,
    recalibratedBySite: figures,
  }),
  strata: z.array(stratum),
  /** Absent from cards that were written before it was told. */
  sites: z.array(siteFigures).optional(),
  /**
   * What became of landmarks with a similar risk, on the test folds of all sites, by the consortium's recalibrated risk.
   * Empty when nothing was recalibrated.
   */
  reliability: z.array(reliabilityBin),
  /**
   * How far recalibrated risks held, by whose recalibration they had: the interval that stands beside a child's risk at
   * the bedside comes from here (calibration-band.ts). Null where no line could be fitted.
   */
  calibrationLines: z.strictObject({ consortium: calibrationLine.nullable(), site: calibrationLine.nullable() }),
  recalibration: z.strictObject({ consortium: recalibrationSchema, sites: z.record(z.string(), recalibrationSchema) }),
  thresholds: z.strictObject({
    /** SHA-256 over both thresholds and the weights they belong to: what a decision may cite. */
    version: digestSchema,
    /** Below it the next scan might be postponed; null: no threshold met what was asked. */
    ruleOut: threshold.nullable(),
    /** At or above it action might be taken; null likewise. Between the two is the grey zone. */
    ruleIn: threshold.nullable(),
  }),
  intendedUse: z.string(),
  excludedUse: z.array(z.string()),
  knownFailures: z.array(z.string()),
  /** TRIPOD+AI and CLAIM items: what the software filled in, and what people must. */
  checklist: z.array(
    z.strictObject({
      guideline: z.enum(['TRIPOD+AI', 'CLAIM 2024']),
      item: z.string(),
      text: z.string(),
      /** `software`: filled in from the journal. `people`: a prompt that waits for an answer. */
      by: z.enum(['software', 'people']),
    }),
  ),
})

export type ModelCard = z.infer<typeof modelCardSchema>
export type CalibrationLine = z.infer<typeof calibrationLine>
export type Recalibration = z.infer<typeof recalibrationSchema>

/**
 * A card as it was written.
 * @param source its path, for messages
 * @throws SequelaError `file_unreadable` with the first thing that is wrong.
 */
export function parseModelCard(text: string, source: string): ModelCard {
  const parsed = modelCardSchema.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const place = issue?.path.join('.') || 'the file'
  throw new SequelaError(
    'file_unreadable',
    `${source} is not a model card of this version: ${place}: ${issue?.message}`,
  )
}

/** The name of the card beside a weights file: `model.safetensors` has `model.card.json`. */
export function cardFileOf(weightsFile: string): string {
  return `${weightsFile.replace(/\.(safetensors|onnx)$/, '')}.card.json`
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
