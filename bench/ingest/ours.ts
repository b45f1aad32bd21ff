// Candidate: the site agent's own reading of one scan, cold or from its cache. The outcome is the scan's own digest.

import { createPreparedVolumes } from '../../site-agent/imaging/prepared.ts'
import { printMeasurement } from '../self-measured.ts'

const [file = '', folder = '', how = ''] = process.argv.slice(2)

// A first scan loads the code; the one that is measured is new to the cache or, asked for again, known to it.
const recipe = {
  grid: [24, 32, 24],
  spacingMm: 7,
  template: 'mni152',
  registration: 'none',
  brainMask: 'foreground',
  biasCorrection: 'none',
  processes: 1,
} as const
const warm = createPreparedVolumes({ folder: `${folder}/warm-${process.pid}`, ...recipe })
await warm.prepare(file)
const cold = how === 'cold'
const volumes = cold ? createPreparedVolumes({ folder: `${folder}/cold-${process.pid}`, ...recipe }) : warm
await printMeasurement(async () => (await volumes.prepare(file)).contentDigest, 1000)
