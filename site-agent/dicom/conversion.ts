// One stack into one NIfTI file. Runs in a process of its own, for decoders may loop, crash or eat memory.

import { readFile, stat } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { writeFileDurably } from '../durable-file.ts'
import type { Affine } from '../imaging/volume.ts'
import { parseDicomFile } from './dicom-file.ts'
import { readInstance } from './header.ts'
import { maxFileBytes } from './limits.ts'
import { encodeNifti } from './nifti-writer.ts'
import { createPixelReader, type FrameReader } from './pixels.ts'

export interface ConversionJob {
  /** In order along the stack. */
  readonly slices: readonly { readonly file: string; readonly frame: number; readonly sopUid: string }[]
  readonly rows: number
  readonly columns: number
  readonly affine: Affine
  /** Where the gzipped NIfTI file goes; replaced in one step. */
  readonly target: string
}

/** Writing is quick at this level, and files a few percent larger than at the best. */
const gzipLevel = 3

/**
 * Decodes every slice and writes the volume.
 * @throws SequelaError `scan_unreadable`, `scan_unsuitable`, `file_unreadable`, `disk_full`; nothing is written then
 */
export async function convertStack(job: ConversionJob): Promise<void> {
  const { rows, columns, slices } = job
  const voxels = new Float32Array(rows * columns * slices.length)
  const readPixels = createPixelReader()
  let open: { file: string; source: OpenFile } | undefined
  for (const [place, { file, frame, sopUid }] of slices.entries()) {
    if (open?.file !== file) open = { file, source: await openFile(file, readPixels) }
    const { instance, read } = open.source
    const { slope, intercept } = instance.frames[frame] ?? {}
    if (
      instance.identifiers.sopUid !== sopUid ||
      instance.layout.rows !== rows ||
      instance.layout.columns !== columns
    ) {
      throw new SequelaError('scan_unreadable', 'a file changed while the import ran; run it again')
    }
    if (slope === undefined || intercept === undefined || !(Math.abs(slope) > 0)) {
      throw new SequelaError('scan_unreadable', 'the slope in its header is no usable number')
    }
    const stored = read(frame)
    const offset = place * rows * columns
    for (let i = 0; i < stored.length; i++) voxels[offset + i] = slope * (stored[i] as number) + intercept
  }
  const nifti = encodeNifti({ size: [columns, rows, slices.length], voxels, affine: job.affine })
  await writeFileDurably(job.target, gzipSync(nifti, { level: gzipLevel }), 0o640).catch((cause: unknown) => {
    const { code } = SequelaError.from(cause)
    throw new SequelaError(code, 'the image could not be written; check room and permissions', { cause })
  })
}

interface OpenFile {
  readonly instance: ReturnType<typeof readInstance>
  readonly read: FrameReader
}

async function openFile(file: string, readPixels: ReturnType<typeof createPixelReader>): Promise<OpenFile> {
  const { size } = await stat(file).catch((cause: unknown) => {
    throw new SequelaError('file_unreadable', 'a file of the series is not there any more', { cause })
  })
  if (size > maxFileBytes) {
    throw new SequelaError('scan_unsuitable', `a file has ${size} bytes; at most ${maxFileBytes} are read`)
  }
  const { fields, transferSyntax, dataSet } = parseDicomFile(await readFile(file))
  const instance = readInstance(fields, transferSyntax)
  return { instance, read: await readPixels(dataSet, instance.layout, instance.frames.length) }
}
