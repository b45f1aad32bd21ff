// How a scanner's files are written: axis order, number type, scaling, which of the two header forms, byte order,
// compression, field of view. Every hospital's scans mean the same thing and no two hospitals write it alike. All of
// it belongs to the scanner and stays for years, so a header tells nothing of when a scan was made.

import type { Random } from '../../shared/random.ts'
import { between, choose, logBetween } from './draws.ts'

/** For each stored axis, fastest first: which way it points (R, L, A, P, S, I). */
type AxisCode = string

export type Datatype = 'uint8' | 'int16' | 'uint16' | 'float32'

export interface Storage {
  readonly axes: AxisCode
  readonly datatype: Datatype
  /** Stored value = round(intensity × levels) + zeroLevel; physical value = slope × stored + intercept. */
  readonly levels: number
  readonly zeroLevel: number
  readonly slope: number
  readonly intercept: number
  readonly forms: 'sform' | 'qform' | 'both'
  readonly littleEndian: boolean
  readonly gzip: boolean
  readonly description: string
  /** Empty voxels beyond the template's grid, on the low and high side of z, y, x. */
  readonly margins: readonly number[]
}

/** Draws how a scanner writes its files. Background is zero in physical units under every draw. */
export function drawStorage(random: Random): Storage {
  const axes = choose(random, ['RAS', 'LAS', 'LPS', 'RPI', 'LPI', 'PSR', 'PIR', 'ASR', 'SAL'])
  const datatype = choose<Datatype>(random, [
    'int16',
    'int16',
    'int16',
    'uint16',
    'uint16',
    'float32',
    'float32',
    'uint8',
  ])
  return {
    axes,
    datatype,
    ...drawScaling(random, datatype),
    forms: choose<Storage['forms']>(random, ['sform', 'sform', 'qform', 'both']),
    littleEndian: random.uniform() < 0.8,
    gzip: random.uniform() < 0.75,
    description: choose(random, ['', '', 'skull stripped', 'stripped; mni152', 'FLAIR 3D']),
    margins: Array.from({ length: 6 }, () => random.integer(4)),
  }
}

type Scaling = Pick<Storage, 'levels' | 'zeroLevel' | 'slope' | 'intercept'>

function drawScaling(random: Random, datatype: Datatype): Scaling {
  const unscaled = { slope: 1, intercept: 0, zeroLevel: 0 }
  if (datatype === 'float32') return { ...unscaled, levels: logBetween(random, 30, 3000) }
  const levels = datatype === 'uint8' ? between(random, 80, 95) : logBetween(random, 100, 8000)
  const style = random.integer(3)
  if (style === 0) return { ...unscaled, levels }
  const slope = shortFraction(logBetween(random, 30, 3000) / levels)
  const zeroLevel = style === 1 ? 0 : datatype === 'int16' ? random.integer(1024) - 512 : random.integer(16)
  return { levels, slope, zeroLevel, intercept: zeroLevel === 0 ? 0 : -slope * zeroLevel }
}

/** The nearest number with 8 significant bits: its product with a small integer is exact in 32-bit floats. */
function shortFraction(value: number): number {
  const unit = 2 ** (Math.floor(Math.log2(value)) - 7)
  return Math.round(value / unit) * unit
}
