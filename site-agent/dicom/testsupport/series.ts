// Series of MR images made by code: a sound axial FLAIR of a head-sized block, any attribute of which a test may change.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../../../shared/digest.ts'
import { type DataSet, encodeDicom, type WrittenSyntax } from './dicom-writer.ts'

export interface MadeSeries {
  readonly patient?: string
  readonly study?: string
  readonly series?: string
  readonly number?: number
  /** `YYYYMMDD`. */
  readonly date?: string
  readonly time?: string
  readonly slices?: number
  readonly size?: number
  readonly spacingMm?: number
  readonly syntax?: WrittenSyntax
  /** Attributes on top, for every slice. */
  readonly attributes?: DataSet
  /** Attributes of one slice. */
  readonly slice?: (index: number) => DataSet
}

/** Attributes that make each contrast, as scanners write them. */
export const contrasts = {
  FLAIR: { '00180020': 'SE\\IR', '00180080': '9000', '00180081': '125', '00180082': '2500', '0008103e': 't2_tirm_tra' },
  T2w: { '00180020': 'SE', '00180080': '5200', '00180081': '100', '0008103e': 't2_tse_tra' },
  T1w: { '00180020': 'GR\\IR', '00180080': '2000', '00180081': '2.6', '00180082': '900', '0008103e': 't1_mprage' },
} as const satisfies Record<string, DataSet>

/** An identifier made of digits and points, as DICOM wants them. */
export function uidOf(...parts: readonly (string | number)[]): string {
  return `2.25.${BigInt(`0x${sha256(parts.join('/')).slice(0, 30)}`)}`
}

/** Stored numbers of a slice: a bright block whose values tell column, row and slice. */
export function storedPixels(size: number, slice: number): Uint16Array {
  return Uint16Array.from({ length: size * size }, (_, at) => 100 + (at % size) + 2 * Math.floor(at / size) + 3 * slice)
}

/** The files of a series, in order of slices. */
export function makeSeries(made: MadeSeries = {}): Uint8Array[] {
  const { slices = 24, size = 32, spacingMm = 5, syntax = 'explicit' } = made
  return Array.from({ length: slices }, (_, index) => {
    const pixels = storedPixels(size, index)
    if (syntax === 'big-endian') swap(pixels)
    return encodeDicom(
      {
        '00080008': 'ORIGINAL\\PRIMARY\\M\\NORM',
        '00080016': '1.2.840.10008.5.1.4.1.1.4',
        '00080018': uidOf(made.series ?? 'series', index),
        '00080020': made.date ?? '20240310',
        '00080022': made.date ?? '20240310',
        '00080032': made.time ?? '101500',
        '00080060': 'MR',
        '00080070': 'SIEMENS',
        '00100020': made.patient ?? 'P1',
        '0020000d': uidOf(made.study ?? 'study'),
        '0020000e': uidOf(made.series ?? 'series'),
        '00200011': String(made.number ?? 5),
        '00200032': `-80\\-80\\${index * spacingMm - 60}`,
        '00200037': '1\\0\\0\\0\\1\\0',
        '00280002': 1,
        '00280004': 'MONOCHROME2',
        '00280010': size,
        '00280011': size,
        '00280030': `${160 / size}\\${160 / size}`,
        '00280100': 16,
        '00280101': 12,
        '00280102': 11,
        '00280103': 0,
        '7fe00010': new Uint8Array(pixels.buffer),
        ...contrasts.FLAIR,
        ...made.attributes,
        ...made.slice?.(index),
      },
      syntax,
    )
  })
}

/** Writes a series to a folder, under names without meaning. */
export function writeSeries(folder: string, made: MadeSeries = {}): void {
  const below = join(folder, sha256(JSON.stringify([made.patient, made.study, made.series])).slice(0, 8))
  mkdirSync(below, { recursive: true })
  for (const [index, bytes] of makeSeries(made).entries()) writeFileSync(join(below, `IM${index}`), bytes)
}

function swap(pixels: Uint16Array): void {
  for (const [i, value] of pixels.entries()) pixels[i] = ((value & 0xff) << 8) | (value >> 8)
}
