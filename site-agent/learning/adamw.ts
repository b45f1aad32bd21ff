// AdamW (Loshchilov and Hutter 2019): Adam with weight decay apart from the gradient; and Adam itself, as others' studies
// have it. One pass over plain arrays; tfjs has no AdamW, and at these sizes operations on small tensors would cost more
// than the arithmetic.

/** A parameter being trained; `values` is changed in place. */
export interface Trainable {
  readonly values: Float32Array
  /** Where this round began, for FedProx. */
  readonly start: Float32Array
  readonly learningRate: number
}

export interface OptimiserSettings {
  /** `adam` adds the decay to the gradient, as PyTorch's Adam does (Kingma and Ba 2015 with an L2 penalty). */
  readonly optimizer: 'adamw' | 'adam'
  readonly weightDecay: number
  /** Gradients are scaled down together to this L2 norm. */
  readonly clipNorm: number
  /** μ of FedProx (Li et al. 2020): the gradient of μ/2·‖w − start‖² is added. */
  readonly proximal: number
}

const beta1 = 0.9
const beta2 = 0.999
const epsilon = 1e-8

/** An optimiser with fresh moments. Gradients come in the order of `trainables`. */
export function createOptimiser(
  trainables: readonly Trainable[],
  { optimizer, weightDecay, clipNorm, proximal }: OptimiserSettings,
): { step(gradients: readonly Float32Array[]): void } {
  const first = trainables.map(({ values }) => new Float32Array(values.length))
  const second = trainables.map(({ values }) => new Float32Array(values.length))
  const [apart, coupled] = optimizer === 'adamw' ? [weightDecay, 0] : [0, weightDecay]
  let steps = 0
  return {
    step: (gradients) => {
      steps++
      const scale = clipScale(gradients, clipNorm)
      const unbias = 1 / Math.sqrt(1 - beta2 ** steps)
      for (const [k, { values, start, learningRate }] of trainables.entries()) {
        const gradient = gradients[k] as Float32Array
        const m = first[k] as Float32Array
        const v = second[k] as Float32Array
        const rate = learningRate / (1 - beta1 ** steps)
        const kept = 1 - learningRate * apart
        for (let i = 0; i < values.length; i++) {
          const value = values[i] as number
          const g = (gradient[i] as number) * scale + proximal * (value - (start[i] as number)) + coupled * value
          const mean = beta1 * (m[i] as number) + (1 - beta1) * g
          const square = beta2 * (v[i] as number) + (1 - beta2) * g * g
          m[i] = mean
          v[i] = square
          values[i] = value * kept - (rate * mean) / (Math.sqrt(square) * unbias + epsilon)
        }
      }
    },
  }
}

function clipScale(gradients: readonly Float32Array[], clipNorm: number): number {
  let squares = 0
  for (const gradient of gradients) {
    for (let i = 0; i < gradient.length; i++) squares += (gradient[i] as number) * (gradient[i] as number)
  }
  const norm = Math.sqrt(squares)
  return norm > clipNorm ? clipNorm / norm : 1
}
