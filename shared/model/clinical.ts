// The child's chart beside its scans: thirteen numbers, joined with the state after the last visit and not before, so that
// what scans say is learnt without it and a model without charts is the same network less one layer.

import type * as TensorFlow from '@tensorflow/tfjs-core'
import type { Tensor2D } from '@tensorflow/tfjs-core'
import { type Chart, locations, resections } from '../cohort/chart.ts'
import { layerNorm } from './layer-norm.ts'
import { linear, type ParameterTensors } from './parameter-tensors.ts'

/** Age, sex, three groups of resection, five of location, and that age, sex or resection is not known. */
export const clinicalSize: number = 2 + resections.length + locations.length + 3

/** Numbers that the chart becomes before it is joined with the state. */
export const clinicalHidden = 16

/** Mean and standard deviation of the age at surgery, in years, to bring ages near −1 to 1. */
const ageMean = 8.8
const ageStddev = 4.5

/** The chart as numbers; what is not known is nought, and for all but the location flagged. @returns [clinicalSize] */
export function clinicalVector({ ageYears, sex, resection, location }: Chart): readonly number[] {
  const flag = (yes: boolean): number => (yes ? 1 : 0)
  return [
    ageYears === undefined ? 0 : (ageYears - ageMean) / ageStddev,
    flag(sex === 'male'),
    ...resections.map((group) => flag(group === resection)),
    ...locations.map((group) => flag(group === location)),
    ...[flag(ageYears === undefined), flag(sex === undefined), flag(resection === undefined)],
  ]
}

/** @param charts [landmark, clinicalSize] @returns [landmark, clinicalHidden] */
export function clinicalFeatures(tf: typeof TensorFlow, parameters: ParameterTensors, charts: Tensor2D): Tensor2D {
  return tf.relu(layerNorm(tf, parameters, 'clinical.norm', linear(tf, parameters, 'clinical.embedding', charts)))
}
