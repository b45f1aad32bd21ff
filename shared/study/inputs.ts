// What a study's model is shown of a visit: images that every site prepares alike, or one array of numbers that sites have
// computed themselves, with a network of their choice.

import { z } from 'zod'
import { heads, timeInputs } from '../model/model-spec.ts'
import { imagePresets, temporals } from '../model/presets.ts'
import { sequenceNames, sequencesSyntax } from './sequences.ts'

const lengthSchema = z.int().min(8).max(256)

const commonModel = {
  /** Files from before there were hazards say nothing and mean `binary` for ever (decision 16). */
  head: z.enum(heads).default('binary'),
  timeInput: z.enum(timeInputs).default('none'),
  clinical: z.boolean().default(false),
  /** The block that makes a state of a child's scans; absent: the preset's. */
  temporal: z.enum(temporals).optional(),
}

const presetNames = Object.keys(imagePresets) as [keyof typeof imagePresets]

const oneAlone = 'name two or more; one image a visit is written without all, such as [FLAIR]'

/** `model` and `pipeline` of a study of images. */
export const imageInputs = {
  model: z.strictObject({
    preset: z.enum(presetNames, `there are: ${[...presetNames, 'embeddings'].join(', ')}`),
    grid: z.tuple([lengthSchema, lengthSchema, lengthSchema]),
    spacingMm: z.number().min(0.5).max(20),
    ...commonModel,
  }),
  pipeline: z.strictObject({
    template: z.enum(['mni152']),
    sequences: z.union(
      [
        z.array(z.enum(sequenceNames)).min(1).max(sequenceNames.length),
        z.strictObject({ all: z.array(z.enum(sequenceNames)).min(2, oneAlone).max(3) }),
      ],
      sequencesSyntax,
    ),
    registration: z.enum(['rigid', 'none']).default('none'),
    brainMask: z.enum(['foreground', 'template', 'network']).default('foreground'),
    biasCorrection: z.enum(['none', 'n3']).default('none'),
  }),
}

/** `model` and `pipeline` of a study of arrays. */
export const featureInputs = {
  model: z.strictObject({
    preset: z.literal('embeddings'),
    /** Numbers of each array. */
    features: z.int().min(2).max(16_384),
    ...commonModel,
  }),
  pipeline: z.strictObject({
    /** What made the arrays, as the names of their files have it: `…_desc-NAME_features.npy`. */
    features: z.string().regex(/^[a-zA-Z0-9]{1,40}$/, 'use 1 to 40 letters and digits, as in desc-NAME'),
  }),
}

export type ImagePipeline = z.infer<typeof imageInputs.pipeline>
export type FeaturePipeline = z.infer<typeof featureInputs.pipeline>

/** Whether a file that is not yet checked asks for arrays; what is wrong with it is then said in those words. */
export function asksForFeatures(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('model' in value)) return false
  const { model } = value
  return typeof model === 'object' && model !== null && 'preset' in model && model.preset === 'embeddings'
}
