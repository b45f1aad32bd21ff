// Numbers of a scan that need no network: a histogram of its intensities, how many voxels are bright, and how large the brain is.

import { readFileSync } from 'node:fs'

/** Edges of the histogram's bins in normal scores; what lies outside counts in the outermost. */
const firstEdge = -2
const binWidth = 1 / 3
const bins = 25
const brightFrom = [2, 3] as const

/** Where the parts of a scan's features lie. */
export const histogramLength = bins
export const brightAt = bins
export const brainVolumeAt = bins + brightFrom.length

/** Features of a prepared volume: histogram (log of one plus 200 times the share), log counts of bright voxels, brain voxels. */
export function featuresOf(voxels: Float32Array): number[] {
  const counts = new Array<number>(bins).fill(0)
  const bright = brightFrom.map(() => 0)
  let brain = 0
  for (const value of voxels) {
    if (value === 0) continue
    brain++
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((value - firstEdge) / binWidth)))
    counts[bin] = (counts[bin] ?? 0) + 1
    for (const [i, from] of brightFrom.entries()) if (value > from) bright[i] = (bright[i] ?? 0) + 1
  }
  return [
    ...counts.map((count) => Math.log1p((200 * count) / Math.max(1, brain))),
    ...bright.map((count) => Math.log1p(count)),
    brain,
  ]
}

/** Features of the volume in a file of raw float32. */
export function scanFeatures(file: string): number[] {
  return featuresOf(readVolume(file))
}

/** The numbers in a file of raw float32. */
export function readVolume(file: string): Float32Array {
  const bytes = readFileSync(file)
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
}
