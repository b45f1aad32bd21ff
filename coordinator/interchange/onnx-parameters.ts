// A network's parameters inside an ONNX graph, and the layers that every part of a network uses.

import { parameterViews, type Weights } from '../../shared/weights/weights.ts'
import type { GraphBuilder } from './onnx-graph.ts'

/** Of all normalisations; PyTorch's default. */
export const normEpsilon = { float: 1e-5 }

/** The network's parameters as constants of a graph; a missing one is a bug. */
export interface GraphParameters {
  values(name: string): { readonly shape: readonly number[]; readonly values: Float32Array }
  /** As it is, or with other axes. */
  as(name: string, shape?: readonly number[]): string
  /** A matrix with rows and columns exchanged. */
  transposed(name: string): Float32Array
}

export function parametersIn(graph: GraphBuilder, weights: Weights): GraphParameters {
  const views = parameterViews(weights)
  const shapes = new Map(weights.manifest.map(({ name, shape }) => [name, shape]))
  const values: GraphParameters['values'] = (name) => {
    const [found, shape] = [views.get(name), shapes.get(name)]
    if (found === undefined || shape === undefined) throw new Error(`the model has no parameter ${name}`)
    return { shape, values: found }
  }
  return {
    values,
    as: (name, shape) => graph.floats(name, shape ?? values(name).shape, values(name).values),
    transposed: (name) => {
      const { shape, values: matrix } = values(name)
      const [rows = 0, columns = 0] = shape
      return Float32Array.from(
        { length: matrix.length },
        (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)] as number,
      )
    },
  }
}

/** `x·kernel + bias` of the layer `name`. */
export function addLinear(graph: GraphBuilder, parameters: GraphParameters, name: string, x: string): string {
  return graph.add('Add', [graph.add('MatMul', [x, parameters.as(`${name}.kernel`)]), parameters.as(`${name}.bias`)])
}
