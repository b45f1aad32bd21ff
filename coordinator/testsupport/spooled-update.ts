// An update as a site's spool would hold it, for a live federation's first round.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../../shared/digest.ts'
import { encodeSafetensors } from '../../shared/weights/safetensors.ts'
import type { SpooledUpdate } from '../../site-agent/spool.ts'
import { type LiveFederation, weightsOf } from './live-federation.ts'

/** `bytes` stands in for the encoded weights, to send something else. */
export async function spooledUpdate(
  { folder, manifest, studyDigest, base }: LiveFederation,
  seed: number,
  bytes: Uint8Array = encodeSafetensors(weightsOf(manifest, seed)),
): Promise<SpooledUpdate> {
  const file = join(folder, `update-${seed}.safetensors`)
  await writeFile(file, bytes)
  return {
    assignment: { studyDigest, stage: 0, round: 0 },
    baseDigest: base.digest,
    updateDigest: sha256(bytes),
    byteLength: bytes.byteLength,
    children: 10,
    updateNorm: 1,
    metrics: [],
    file,
  }
}
