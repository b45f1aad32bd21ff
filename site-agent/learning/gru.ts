// A gated recurrent unit over a whole sequence with a gradient of our own. Recorded operation by operation, its many small
// steps would cost as much as the convolutions; here what does not depend on the step before is done for all steps at once.

import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'
import { asSave } from './custom-grad.ts'
import type { Tf } from './engine.ts'

/**
 * States of a GRU (Cho et al. 2014, with the reset gate applied after the product, as PyTorch has it) that starts at zero.
 * Gates stand side by side: reset, update, candidate.
 * @param inputs [step, sequence, 3·hidden], projected, with their bias
 * @param kernel [hidden, 3·hidden]
 * @param bias [3·hidden]
 * @returns [step, sequence, hidden]
 */
export function gru(tf: Tf, inputs: Tensor3D, kernel: Tensor2D, bias: Tensor): Tensor3D {
  const [, sequences] = inputs.shape
  const [hidden] = kernel.shape
  const operation = tf.customGrad((...given) => {
    const [projected, weight, shift] = given as [Tensor3D, Tensor2D, Tensor]
    const trace: Step[] = []
    for (const input of tf.unstack(projected) as Tensor2D[]) {
      const before = trace.at(-1)?.state ?? (tf.zeros([sequences, hidden]) as Tensor2D)
      trace.push(advance(tf, input, before, weight, shift))
    }
    const all = (pick: (step: Step) => Tensor2D): Tensor2D => tf.concat(trace.map(pick))
    asSave(given[3])([
      all(({ before }) => before),
      all(({ gates }) => gates),
      all(({ candidate }) => candidate),
      all(({ recurrent }) => recurrent),
      weight,
    ])
    return {
      value: tf.stack(trace.map(({ state }) => state)),
      gradFunc: (dStates: Tensor, saved: Tensor[]) => gradients(tf, dStates as Tensor3D, saved),
    }
  })
  return operation(inputs, kernel, bias) as Tensor3D
}

/** Gradients of inputs, kernel and bias from that of the states; `saved` is what the forward pass kept, step by step. */
function gradients(tf: Tf, dStates: Tensor3D, saved: readonly Tensor[]): Tensor[] {
  const [before, gates, candidate, recurrent, kernel] = saved as [Tensor2D, Tensor2D, Tensor2D, Tensor2D, Tensor2D]
  const [steps, sequences, hidden] = dStates.shape
  const [reset, update] = tf.split(gates, 2, 1) as [Tensor2D, Tensor2D] // each [step·sequence, hidden]
  // Each gradient is the state's times a factor that is known before going back: all factors at once.
  const [resetSlope, updateSlope] = tf.split(tf.mul(gates, tf.sub(1, gates)), 2, 1) as [Tensor2D, Tensor2D]
  const ofCandidate = tf.mul(tf.sub(1, update), tf.sub(1, tf.square(candidate))) as Tensor2D
  const ofReset = tf.mul(tf.mul(ofCandidate, recurrent), resetSlope) as Tensor2D
  const ofUpdate = tf.mul(tf.sub(before, candidate), updateSlope) as Tensor2D
  const factors = tf.concat([ofReset, ofUpdate, tf.mul(ofCandidate, reset) as Tensor2D], 1) // [step·sequence, 3·hidden]
  const ofRecurrent = (dState: Tensor2D, factor: Tensor): Tensor2D => tf.mul(tf.tile(dState, [1, 3]), factor)

  const factorSteps = tf.split(factors, steps)
  const updateSteps = tf.split(update, steps)
  const totals = tf.unstack(dStates) as Tensor2D[]
  for (let step = steps - 1; step > 0; step--) {
    const dState = totals[step] as Tensor2D // complete: what came later has been added
    const throughGates = tf.matMul(ofRecurrent(dState, factorSteps[step] as Tensor), kernel, false, true)
    const carried = tf.add(tf.mul(dState, updateSteps[step] as Tensor), throughGates)
    totals[step - 1] = tf.add(totals[step - 1] as Tensor2D, carried)
  }
  const dStateRows = tf.concat(totals) // [step·sequence, hidden]
  const dRecurrent = ofRecurrent(dStateRows, factors) // [step·sequence, 3·hidden]
  const dGates = tf.slice(dRecurrent, [0, 0], [steps * sequences, 2 * hidden])
  const dInputs = tf.concat([dGates, tf.mul(dStateRows, ofCandidate) as Tensor2D], 1)
  return [
    tf.reshape(dInputs, [steps, sequences, 3 * hidden]),
    tf.matMul(before, dRecurrent, true, false),
    tf.sum(dRecurrent, 0),
  ]
}

/** One step of the unit, with what its gradient needs. */
interface Step {
  readonly before: Tensor2D
  /** Reset and update. [sequence, 2·hidden] */
  readonly gates: Tensor2D
  readonly candidate: Tensor2D
  /** The state's part of the candidate, before the reset gate. [sequence, hidden] */
  readonly recurrent: Tensor2D
  readonly state: Tensor2D
}

function advance(tf: Tf, input: Tensor2D, before: Tensor2D, kernel: Tensor2D, bias: Tensor): Step {
  const hidden = before.shape[1]
  const fromState = tf.add(tf.matMul(before, kernel), bias) // [sequence, 3·hidden]
  const [inputGates, inputCandidate] = tf.split(input, [2 * hidden, hidden], 1) as [Tensor2D, Tensor2D]
  const [stateGates, recurrent] = tf.split(fromState, [2 * hidden, hidden], 1) as [Tensor2D, Tensor2D]
  const gates = tf.sigmoid(tf.add<Tensor2D>(inputGates, stateGates))
  const [reset, update] = tf.split(gates, 2, 1) as [Tensor2D, Tensor2D]
  const candidate = tf.tanh(tf.add<Tensor2D>(inputCandidate, tf.mul(reset, recurrent)))
  const state = tf.add<Tensor2D>(candidate, tf.mul(update, tf.sub(before, candidate)))
  return { before, gates, candidate, recurrent, state }
}
