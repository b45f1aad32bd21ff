// A scanner without character: what tests compare the others with.

import type { Storage } from '../header-variety.ts'
import type { Scanner } from '../scanner.ts'

export const plainStorage: Storage = {
  axes: 'RAS',
  datatype: 'float32',
  levels: 1,
  zeroLevel: 0,
  slope: 1,
  intercept: 0,
  forms: 'both',
  littleEndian: true,
  gzip: false,
  description: '',
  margins: [0, 0, 0, 0, 0, 0],
}

export const plainScanner: Scanner = {
  contrast: [1, 1, 1, 1],
  gamma: 1,
  biasAmplitude: 0,
  bias: [1, 0, 0, 0, 0, 0, 0, 0, 0],
  noise: 0,
  teslas: 3,
  storage: plainStorage,
}
