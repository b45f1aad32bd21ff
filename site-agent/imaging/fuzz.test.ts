// Damaged NIfTI files by the thousand, each refused with a reason or read as what its header says. How many is set by
// SEQUELA_FUZZ; the figures of such a run are printed: processor time and memory of the worst file, reading included.

import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { encodeNifti } from '../../demo/hospitals/nifti-writer.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { type Random, seededRandom } from '../../shared/random.ts'
import { parseNiftiHeader } from './nifti-header.ts'
import { openScan } from './scan-file.ts'
import { asNifti2 } from './testsupport/nifti2.ts'

const count = Number(process.env.SEQUELA_FUZZ ?? 3000)
/** Ends a run that hangs; 100,000 files take five minutes on a machine that does much else. */
const hangsAfterMs = Math.max(300_000, 30 * count)

const shape = [17, 16, 15] as const
const content = {
  shape,
  voxels: Array.from({ length: 17 * 16 * 15 }, (_, i) => (i * 37) % 251),
  datatype: 'int16',
} as const
const affine = [
  [2, 0, 0, -15],
  [0, 2, 0, -16],
  [0, 0, 2, -17],
  [0, 0, 0, 1],
]
const plain = [
  encodeNifti({ ...content, affine }),
  encodeNifti({ ...content, affine, datatype: 'float32', littleEndian: false }),
  encodeNifti({ ...content, affine, datatype: 'float64', formCode: 'qform', slope: 0.5, intercept: 3 }),
]
const originals: readonly Uint8Array[] = [...plain, ...plain.slice(0, 1).map(asNifti2)].flatMap((file) => [
  file,
  gzipSync(file, { level: 1 }),
])

/** One thing that happens to files: wrong bytes, wrong fields, cuts, additions, or random content. */
function damaged(file: Uint8Array, random: Random): Uint8Array {
  const bytes = Uint8Array.from(file)
  const view = new DataView(bytes.buffer)
  const within = (length: number) => random.integer(Math.max(1, length))
  switch (random.integer(7)) {
    case 0:
      for (let i = 0; i < 1 + random.integer(8); i++) bytes[within(Math.min(bytes.length, 560))] = random.integer(256)
      return bytes
    case 1:
      for (let i = 0; i < 1 + random.integer(4); i++) bytes[within(bytes.length)] = random.integer(256)
      return bytes
    case 2:
      return bytes.subarray(0, within(bytes.length))
    case 3:
      return Uint8Array.from([
        ...bytes.subarray(0, 600),
        ...Array.from({ length: within(500) }, () => random.integer(256)),
      ])
    case 4: {
      const values = [NaN, Infinity, -Infinity, 0, -1, 1e30, 1e-30, 1e9]
      for (const at of [76, 80, 108, 112, 116, 256, 260, 280, 296, 312]) {
        if (random.uniform() < 0.3 && at + 4 <= bytes.length) view.setFloat32(at, values[random.integer(8)] ?? 0, true)
      }
      return bytes
    }
    case 5: {
      const sizes = [0, -1, 1, 7, 32767, -32768, 15, 1024]
      for (const at of [40, 42, 44, 46, 48, 50, 70, 72, 252, 254]) {
        if (random.uniform() < 0.3 && at + 2 <= bytes.length) view.setInt16(at, sizes[random.integer(8)] ?? 0, true)
      }
      return bytes
    }
    default:
      return Uint8Array.from({ length: within(2000) }, () => random.integer(256))
  }
}

/** Damage inside the compression, where readers trust most. */
function damagedInside(file: Uint8Array, random: Random): Uint8Array {
  const isGzip = file[0] === 0x1f && file[1] === 0x8b
  return isGzip && random.uniform() < 0.5
    ? gzipSync(damaged(gunzipSync(file), random), { level: 1 })
    : damaged(file, random)
}

test(
  `${count} damaged files are refused with a reason, or read as their header says`,
  () => {
    const random = seededRandom('damaged NIfTI')
    const figures = { read: 0, unreadable: 0, unsuitable: 0, mostMs: 0, mostMb: 0 }
    for (let k = 0; k < count; k++) {
      const file = damagedInside(originals[k % originals.length] ?? new Uint8Array(), random)
      const [before, cpu] = [process.memoryUsage().arrayBuffers, process.cpuUsage()]
      try {
        const { shape: read, readRow } = openScan(file)
        const row = new Float32Array(read[2])
        for (let at = 0; at < read[0] * read[1]; at++) {
          readRow(Math.floor(at / read[1]), at % read[1], row)
          if (!row.every(Number.isFinite)) throw new Error(`case ${k}: a voxel is not a finite number`)
        }
        const inner = file[0] === 0x1f && file[1] === 0x8b ? gunzipSync(file) : file
        const told = parseNiftiHeader(inner)
        if (told.shape[0] * told.shape[1] * told.shape[2] !== read[0] * read[1] * read[2]) {
          throw new Error(`case ${k}: ${read} voxels were read where the header has ${told.shape}`)
        }
        if (inner.byteLength !== told.fileBytes) throw new Error(`case ${k}: a file of another length was read`)
        figures.read++
      } catch (error) {
        if (!(error instanceof SequelaError)) throw new Error(`case ${k} is not refused but fails`, { cause: error })
        expect(['scan_unreadable', 'scan_unsuitable']).toContain(error.code)
        if (error.code === 'scan_unreadable') figures.unreadable++
        else figures.unsuitable++
      }
      const { user, system } = process.cpuUsage(cpu)
      figures.mostMs = Math.max(figures.mostMs, (user + system) / 1000)
      figures.mostMb = Math.max(figures.mostMb, (process.memoryUsage().arrayBuffers - before) / 1e6)
    }
    if (process.env.SEQUELA_FUZZ !== undefined) process.stdout.write(`${JSON.stringify(figures)}\n`)
    // Both kinds of files were among them, or the damage tests nothing.
    expect(figures.read).toBeGreaterThan(count / 100)
    expect(figures.unreadable + figures.unsuitable).toBeGreaterThan(count / 3)
  },
  hangsAfterMs,
)
