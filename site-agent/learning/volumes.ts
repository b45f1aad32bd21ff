// Prepared volumes in memory: read once in the life of the training process.

import { readFileSync } from 'node:fs'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { Grid } from './augment.ts'

export interface Volumes {
  /** Voxels in order [depth, height, width]. @throws SequelaError `training_failed` when the file is not such a volume. */
  get(file: string): Float32Array
}

/** Volumes of one grid. */
export function createVolumes(grid: Grid): Volumes {
  const byteLength = grid[0] * grid[1] * grid[2] * 4
  const kept = new Map<string, Float32Array>()
  return {
    get: (file) => {
      const known = kept.get(file)
      if (known !== undefined) return known
      const bytes = readFileSync(file)
      if (bytes.byteLength !== byteLength) {
        const message = `a prepared volume has ${bytes.byteLength} bytes and the study's grid needs ${byteLength}; delete the cache folder`
        throw new SequelaError('training_failed', message)
      }
      const voxels = new Float32Array(byteLength / 4)
      new Uint8Array(voxels.buffer).set(bytes)
      kept.set(file, voxels)
      return voxels
    },
  }
}
