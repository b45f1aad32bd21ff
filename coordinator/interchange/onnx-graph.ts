// A graph of ONNX operators under construction: nodes in order, constants by name. Each call adds a node and gives the
// name of its result, so a graph reads like the expression that it computes.

import type { Attribute, Graph, Node, Tensor, Value } from '../../shared/gen/sequela/onnx/v1/onnx.ts'

/** ONNX's numbers for element types and for kinds of attributes. */
export const elementType = { float: 1, int64: 7 } as const
const attributeType = { float: 1, int: 2, string: 3, ints: 7 } as const

/** A floating-point attribute; numbers are integers otherwise. */
export interface FloatAttribute {
  readonly float: number
}

export type AttributeValue = number | FloatAttribute | string | readonly number[]

/** Sizes of a value; a text names a size that differs from call to call. */
export type GraphShape = readonly (number | string)[]

export interface GraphBuilder {
  /** Adds a node with one result and gives the result's name. */
  add(
    operator: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, AttributeValue>>,
    result?: string,
  ): string
  /** Float32 constants, in order of their axes, the last fastest. */
  floats(name: string, shape: readonly number[], values: Float32Array): string
  /** An integer constant of one axis: shapes, axes, places. */
  integers(...values: readonly number[]): string
  /** An integer constant without axes. */
  integer(value: number): string
  /** The whole graph. */
  finish(graph: { readonly name: string; readonly inputs: readonly Value[]; readonly outputs: readonly Value[] }): Graph
}

export function createGraphBuilder(): GraphBuilder {
  const nodes: Node[] = []
  const constants = new Map<string, Tensor>()
  return {
    add: (operator, inputs, attributes = {}, result = `${operator}_${nodes.length}`) => {
      const attribute = Object.entries(attributes).map(([name, value]) => attributeOf(name, value))
      nodes.push({ input: [...inputs], output: [result], name: result, opType: operator, attribute })
      return result
    },
    floats: (name, shape, values) => {
      const rawData = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
      constants.set(name, { dims: shape.map(BigInt), dataType: elementType.float, name, rawData })
      return name
    },
    integers: (...values) => {
      const name = `integers_${values.join('_').replaceAll('-', 'minus')}`
      const rawData = Buffer.from(BigInt64Array.from(values, BigInt).buffer)
      constants.set(name, { dims: [BigInt(values.length)], dataType: elementType.int64, name, rawData })
      return name
    },
    integer: (value) => {
      const name = `integer_${value}`
      const rawData = Buffer.from(BigInt64Array.of(BigInt(value)).buffer)
      constants.set(name, { dims: [], dataType: elementType.int64, name, rawData })
      return name
    },
    finish: ({ name, inputs, outputs }) => ({
      name,
      node: nodes,
      initializer: [...constants.values()],
      input: [...inputs],
      output: [...outputs],
    }),
  }
}

/** An input or output of float32 numbers. */
export function floatValue(name: string, shape: GraphShape, docString: string): Value {
  const dim = shape.map((size) => ({
    size:
      typeof size === 'string'
        ? { $case: 'dimParam' as const, value: size }
        : { $case: 'dimValue' as const, value: BigInt(size) },
  }))
  return { name, docString, type: { tensorType: { elemType: elementType.float, shape: { dim } } } }
}

function attributeOf(name: string, value: AttributeValue): Attribute {
  if (typeof value === 'number') return { name, ints: [], i: BigInt(value), type: attributeType.int }
  if (typeof value === 'string') return { name, ints: [], s: Buffer.from(value), type: attributeType.string }
  if ('float' in value) return { name, ints: [], f: value.float, type: attributeType.float }
  return { name, ints: value.map(BigInt), type: attributeType.ints }
}
