// Made-up children for tests of learning: in each, a spot in the middle grows brighter and larger from visit to visit, so
// that order is easy to learn. Volumes are kept in memory; a test of the training process writes them to files.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { emptyChart } from '../../../shared/cohort/chart.ts'
import { presets } from '../../../shared/model/presets.ts'
import { type Random, seededRandom } from '../../../shared/random.ts'
import type { Fold } from '../../../shared/study/folds.ts'
import type { PreparedChild } from '../trainer.ts'
import type { Volumes } from '../volumes.ts'

const followUps = [{ days: 730, event: false }, { days: 200, event: true }, null] as const

export interface ToyChildren {
  readonly children: readonly PreparedChild[]
  readonly volumes: Volumes
}

/** `scans[i]` scans for child i, 100 days apart; in turn two years without an event, one after 200 days, and nothing known. */
export function toyChildren(scans: readonly number[], fold: Fold = 'train', seed = 'toy'): ToyChildren {
  const random = seededRandom(seed)
  const kept = new Map<string, Float32Array>()
  const children = scans.map((count, c): PreparedChild => {
    const visits = Array.from({ length: count }, (_, visit) => visit)
    for (const visit of visits) kept.set(`${seed}-${c}-${visit}`, volumeOf(visit, random))
    return {
      key: `child-${c}`,
      fold,
      scans: visits.map((visit) => ({
        ...{ file: `${seed}-${c}-${visit}`, day: 100 * visit, scanner: undefined },
        followUp: followUps[(c + visit) % 3] ?? null,
      })),
      ...{ outcome: undefined, chart: emptyChart },
    }
  })
  const get = (file: string): Float32Array => {
    const volume = kept.get(file)
    if (volume === undefined) throw new Error(`no volume ${file}`)
    return volume
  }
  return { children, volumes: { get } }
}

/** The same children with their volumes written into `folder`. */
export function writtenTo(folder: string, { children, volumes }: ToyChildren): readonly PreparedChild[] {
  return children.map((child) => ({
    ...child,
    scans: child.scans.map((scan) => {
      const path = join(folder, `${scan.file}.f32`)
      writeFileSync(path, new Uint8Array(volumes.get(scan.file).buffer))
      return { ...scan, file: path }
    }),
  }))
}

/** A box of noise as the brain, and in it a spot that grows with the visit; zero around them. */
function volumeOf(visit: number, random: Random): Float32Array {
  const [depth, height, width] = presets.tiny.grid
  const volume = new Float32Array(depth * height * width)
  for (let z = 3; z < depth - 3; z++) {
    for (let y = 3; y < height - 3; y++) {
      for (let x = 3; x < width - 3; x++) {
        const distance = Math.max(Math.abs(z - 12), Math.abs(y - 16), Math.abs(x - 12))
        const spot = distance <= 1 + visit ? 2 + visit : 0
        volume[(z * height + y) * width + x] = 0.3 * random.normal() + spot
      }
    }
  }
  return volume
}
