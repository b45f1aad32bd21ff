// What the bytes of an update must satisfy before it counts: a weights file with exactly the model's parameters, every
// element finite, and a norm within what the study allows. Read block by block, so the size of a model does not matter.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { squaredNorm } from '../../shared/weights/arithmetic.ts'
import { decodeHeader, encodedByteLength, headerByteLength } from '../../shared/weights/safetensors.ts'
import { assertSameManifest, type Manifest } from '../../shared/weights/weights.ts'

/** Reads of a stored update; see BlobReader. */
export interface UpdateReader {
  readonly byteLength: number
  read(offset: number, into: Uint8Array): Promise<void>
}

/** Elements read at a time: 4 MiB. */
const blockElements = 1024 * 1024

/**
 * Checks a stored update and measures it.
 * @returns its L2 norm, in float64.
 * @throws SequelaError `weights_malformed`, `shape_mismatch`, `not_finite` or `norm_exceeded`.
 */
export async function admitUpdate(update: {
  readonly reader: UpdateReader
  readonly manifest: Manifest
  readonly maxUpdateNorm: number
}): Promise<{ readonly norm: number }> {
  const { reader, manifest, maxUpdateNorm } = update
  const dataOffset = await checkHeader(reader, manifest)
  let squares = 0
  const block = new Float32Array(blockElements)
  for (let offset = dataOffset; offset < reader.byteLength; offset += blockElements * 4) {
    const bytes = Math.min(blockElements * 4, reader.byteLength - offset)
    await reader.read(offset, new Uint8Array(block.buffer, 0, bytes))
    // A square sum of float32 values cannot overflow float64, so it is finite exactly when every element is.
    squares += squaredNorm(block.subarray(0, bytes / 4))
    if (!Number.isFinite(squares)) {
      throw new SequelaError(
        'not_finite',
        'the update holds a value that is NaN or infinite; look at the training loss of this site',
      )
    }
  }
  const norm = Math.sqrt(squares)
  if (norm > maxUpdateNorm) {
    const message = `the update has norm ${norm.toPrecision(4)} and the study allows ${maxUpdateNorm}`
    throw new SequelaError('norm_exceeded', `${message}; look at the training loss of this site`)
  }
  return { norm }
}

/** Returns where the values begin. */
async function checkHeader(reader: UpdateReader, manifest: Manifest): Promise<number> {
  if (reader.byteLength < 8) throw new SequelaError('weights_malformed', 'the update is too short to be a weights file')
  const start = new Uint8Array(8)
  await reader.read(0, start)
  const length = headerByteLength(start)
  if (length > reader.byteLength) throw new SequelaError('weights_malformed', 'the update ends inside its header')
  const header = new Uint8Array(length)
  await reader.read(0, header)
  const found = decodeHeader(header)
  assertSameManifest(manifest, found.manifest)
  if (reader.byteLength !== encodedByteLength(manifest)) {
    throw new SequelaError(
      'weights_malformed',
      `the update is ${reader.byteLength} bytes long, not ${encodedByteLength(manifest)}`,
    )
  }
  return found.dataOffset
}
