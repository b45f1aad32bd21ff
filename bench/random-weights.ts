// Weights files of any size with pseudo-random values, written block by block so that making them takes no memory.

import { type FileHandle, open } from 'node:fs/promises'
import { encodeHeader } from '../shared/weights/safetensors.ts'
import { elementCount, type Manifest } from '../shared/weights/weights.ts'

const blockElements = 1024 * 1024

/** Tensors of one axis each, in this order. */
export function manifestOfTensors(lengths: readonly number[]): Manifest {
  return lengths.map((length, k) => ({ name: `tensor-${String(k).padStart(4, '0')}`, shape: [length] }))
}

/** Lengths of `count` tensors that grow evenly from one to two hundred times the smallest and add up to `elements`. */
export function tensorLengths(elements: number, count: number): number[] {
  const shares = Array.from({ length: count }, (_, k) => 1 + (199 * k) / Math.max(1, count - 1))
  const total = shares.reduce((sum, share) => sum + share, 0)
  const lengths = shares.map((share) => Math.max(1, Math.floor((elements * share) / total)))
  const rest = elements - lengths.reduce((sum, length) => sum + length, 0)
  return lengths.map((length, k) => (k === count - 1 ? length + rest : length))
}

/** Writes a file with values in ±`scale`; another `seed` gives other values. Returns the norm of what was written. */
export async function writeRandomWeights(
  path: string,
  weights: { readonly manifest: Manifest; readonly seed: number; readonly scale: number },
): Promise<number> {
  const { manifest, seed, scale } = weights
  const elements = elementCount(manifest)
  const file = await open(path, 'w')
  try {
    await writeWhole(file, encodeHeader(manifest))
    const block = new Float32Array(Math.min(blockElements, elements))
    let state = Math.imul(seed + 1, 0x9e3779b1)
    let squares = 0
    for (let start = 0; start < elements; start += block.length) {
      const part = block.subarray(0, Math.min(block.length, elements - start))
      for (let i = 0; i < part.length; i++) {
        // A linear congruential step (Numerical Recipes): enough for values that only must not be alike.
        state = (Math.imul(state, 1664525) + 1013904223) | 0
        part[i] = (state / 2 ** 31) * scale
        squares += (part[i] as number) ** 2
      }
      await writeWhole(file, new Uint8Array(part.buffer, 0, part.byteLength))
    }
    return Math.sqrt(squares)
  } finally {
    await file.close()
  }
}

async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) done += (await file.write(bytes, done)).bytesWritten
}
