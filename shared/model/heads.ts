// What is read from embeddings and states: how far a scan is (pair head), where it is brightest (maxima head), whether a
// sequence is in order, and how likely a recurrence is.

import type * as TensorFlow from '@tensorflow/tfjs-core'
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { clinicalFeatures } from './clinical.ts'
import { linear, type ParameterTensors, parameter } from './parameter-tensors.ts'

type Tf = typeof TensorFlow

/** Progression score of each scan, without a bias so that differences are antisymmetric. @returns [scan] */
export function pairScores(tf: Tf, parameters: ParameterTensors, embeddings: Tensor2D): Tensor1D {
  const kernel = parameter(parameters, 'head.pair.kernel') as Tensor2D
  return tf.reshape(tf.matMul(embeddings, kernel), [-1]) as Tensor1D
}

/** Predicted maxima of the blocks of each scan. @returns [scan, block] */
export function predictedMaxima(tf: Tf, parameters: ParameterTensors, embeddings: Tensor2D): Tensor2D {
  return linear(tf, parameters, 'head.maxima', embeddings)
}

/** Logit of "in order of time". @param states [sequence, hidden] after the last scan @returns [sequence] */
export function orderLogits(tf: Tf, parameters: ParameterTensors, states: Tensor2D): Tensor1D {
  return tf.reshape(linear(tf, parameters, 'head.sequence', states), [-1]) as Tensor1D
}

/**
 * What risks are computed from (risk.ts): the logit of each hazard, or of the one event.
 * @param states [landmark, hidden]
 * @param charts [landmark, clinicalSize], for models that take them
 * @returns [landmark, output]
 */
export function riskOutputs(tf: Tf, parameters: ParameterTensors, states: Tensor2D, charts?: Tensor2D): Tensor2D {
  const known = charts === undefined ? states : tf.concat([states, clinicalFeatures(tf, parameters, charts)], 1)
  return linear(tf, parameters, 'head.risk', known)
}
