// Benchmark: preparing scans that must be registered, on the real scans beside the project: time and memory a scan, and how
// well they come to lie.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import nodeFlags from '../shared/node-flags.json' with { type: 'json' }
import { type Benchmark, median, type Row } from './benchmark.ts'
import { type Candidate, runInterleaved } from './interleaved.ts'

const data = fileURLToPath(new URL('../../shared/data', import.meta.url))
const script = fileURLToPath(new URL('./register/ours.ts', import.meta.url))

const jobs = [
  ['followups', 'a real follow-up from 20 places up to 30 mm and 20° away, onto its baseline'],
  ['brains', 'three sequences of a brain, each onto the template and onto the first'],
  ['heads', 'four sequences of a whole head, slices of 5.5 mm, likewise'],
] as const

export const register: Benchmark = {
  name: 'register',
  description: 'one scan read, registered, masked and normalised on one core; seconds a scan',
  run: async (options) => {
    if (!existsSync(data)) {
      const rows: Row[] = jobs.map(([, name]) => ({ name, skipped: 'the real scans are not on this machine' }))
      return { rows, figures: {} }
    }
    const candidates = jobs.map(
      ([job, name]): Candidate => ({
        name,
        program: process.execPath,
        arguments: [...nodeFlags, script, job, data, options.folder],
      }),
    )
    const measured = await runInterleaved(candidates, options)
    const rows = candidates.map(({ name }, k): Row => {
      const runs = measured[k] ?? []
      const outcome = runs[0]?.outcome
      return { name, unit: 's', runs, ...(outcome === undefined ? {} : { note: outcome }) }
    })
    const seconds = (k: number): number => median((measured[k] ?? []).map(({ value }) => value))
    return {
      rows,
      figures: { register_followup_s: seconds(0), register_brain_s: seconds(1), register_head_s: seconds(2) },
    }
  },
}
