// Prepared scans in memory: read once in the life of the training process.

import { readFileSync } from 'node:fs'
import { numbersOfSequence, type ScanShape } from '../../shared/model/scan-shape.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'

export interface Volumes {
  /** What there is of a visit, in order [sequence, depth, height, width] or [sequence, feature]; nought where a sequence is missing. @throws SequelaError `training_failed` when the file holds something else. */
  get(file: string): Float32Array
}

/** Scans of one shape. */
export function createVolumes(shape: ScanShape): Volumes {
  const byteLength = numbersOfSequence(shape) * shape.sequences * 4
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
