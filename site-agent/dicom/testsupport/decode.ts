// All frames of a file as stored numbers, for tests of decoders.

import { parseDicomFile } from '../dicom-file.ts'
import { readInstance } from '../header.ts'
import type { Instance } from '../instance.ts'
import { createPixelReader } from '../pixels.ts'

const readPixels = createPixelReader()

/** Decodes a file's bytes. @throws SequelaError as the import would. */
export async function decodeAll(bytes: Uint8Array): Promise<{ instance: Instance; frames: Int32Array[] }> {
  const { fields, transferSyntax, dataSet } = parseDicomFile(bytes)
  const instance = readInstance(fields, transferSyntax)
  const read = await readPixels(dataSet, instance.layout, instance.frames.length)
  return { instance, frames: instance.frames.map(({ index }) => read(index)) }
}
