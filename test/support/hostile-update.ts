// Updates as no agent of ours would send them, for journeys in which a site is broken or means harm.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, sha256 } from '../../shared/digest.ts'
import { modelManifest } from '../../shared/model/parameters.ts'
import { binaryModel } from '../../shared/model/testsupport/models.ts'
import { encodeSafetensors } from '../../shared/weights/safetensors.ts'
import { elementCount, type Manifest } from '../../shared/weights/weights.ts'
import type { SpooledUpdate } from '../../site-agent/spool.ts'

export interface HandMade {
  readonly folder: string
  readonly studyDigest: Digest
  readonly round: number
  readonly baseDigest: Digest
  /** Every element of the update. */
  readonly value: number
  /** Default: the model's. */
  readonly manifest?: Manifest
}

/** The model's parameters. */
export const manifest = modelManifest(binaryModel)

/** The same names and number of elements, with the axes of one parameter exchanged: a file as long as a right one. */
export const turnedManifest: Manifest = manifest.map((parameter) =>
  parameter.name === 'head.pair.kernel' ? { ...parameter, shape: [...parameter.shape].reverse() } : parameter,
)

/** An update of stage 1 as a spool would hold it, made of one value. */
export async function handMadeUpdate(made: HandMade): Promise<SpooledUpdate> {
  const { folder, studyDigest, round, baseDigest, value } = made
  const values = new Float32Array(elementCount(manifest)).fill(value)
  const bytes = encodeSafetensors({ manifest: made.manifest ?? manifest, values })
  const updateDigest = sha256(bytes)
  const file = join(folder, `${updateDigest}.safetensors`)
  await writeFile(file, bytes)
  return {
    ...{ assignment: { studyDigest, stage: 0, round }, baseDigest, updateDigest, byteLength: bytes.byteLength },
    ...{ children: 13, updateNorm: 0.1, metrics: [], file },
  }
}
