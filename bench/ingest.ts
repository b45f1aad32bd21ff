// Benchmark: one whole-head scan from its file to the model's grid, read anew and from the cache.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import nodeFlags from '../shared/node-flags.json' with { type: 'json' }
import { type Benchmark, type MeasuredRow, median } from './benchmark.ts'
import { wholeHead } from './ingest/whole-head.ts'
import { type Candidate, runInterleaved } from './interleaved.ts'

export const ingest: Benchmark = {
  name: 'ingest',
  description: 'a 240×240×155 .nii.gz to 24×32×24: inflate, check, orient, resample, mask, normalise, keep',
  run: async (options) => {
    const file = join(options.folder, 'scan.nii.gz')
    await writeFile(file, wholeHead())
    const script = fileURLToPath(new URL('./ingest/ours.ts', import.meta.url))
    const candidate = (name: string, how: string): Candidate => ({
      name,
      program: process.execPath,
      arguments: [...nodeFlags, script, file, options.folder, how],
    })
    const candidates = [candidate('ours, cold', 'cold'), candidate('ours, cached', 'cached')]
    const measured = await runInterleaved(candidates, options)
    const rows = candidates.map(({ name }, k): MeasuredRow => ({ name, unit: 'ms', runs: measured[k] ?? [] }))
    const [cold, cached] = rows.map(({ runs }) => median(runs.map(({ value }) => value)))
    if (cold === undefined || cached === undefined) throw new Error('both candidates ran')
    return { rows, figures: { ingest_cold_ms: cold, ingest_cached_ms: cached } }
  },
}
