// Benchmark: what a round costs beside training.

import { fileURLToPath } from 'node:url'
import { type Benchmark, median } from './benchmark.ts'
import { runInterleaved } from './interleaved.ts'

/** Eight hospitals. The rounds are short, so one run is a mean over several. */
export const round: Benchmark = roundBenchmark({ sites: 8, rounds: 20 })

/** The benchmark at another size, for tests. */
export function roundBenchmark({ sites, rounds }: { readonly sites: number; readonly rounds: number }): Benchmark {
  return {
    name: 'round',
    description:
      `a round of ${sites} sites that do not train, preset tiny: assign, download, announce, upload over mTLS, admit, ` +
      `average, make durable; mean of ${rounds} rounds; memory is the coordinator's`,
    run: async (options) => {
      const script = fileURLToPath(new URL('./round/ours.ts', import.meta.url))
      const ours = { name: 'ours', program: process.execPath, arguments: [script, String(sites), String(rounds)] }
      const [runs = []] = await runInterleaved([ours], options)
      return {
        rows: [{ name: ours.name, unit: 'ms', runs }],
        figures: { [`empty_round_${sites}_sites_ms`]: median(runs.map(({ value }) => value)) },
      }
    },
  }
}
