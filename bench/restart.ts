// Benchmark: how long the sites are without a coordinator when it is killed.

import { fileURLToPath } from 'node:url'
import { type Benchmark, median } from './benchmark.ts'
import { runInterleaved } from './interleaved.ts'

/** As many rounds as the demo has, so that the journal is as long. */
export const restart: Benchmark = restartBenchmark({ rounds: 90 })

/** The benchmark at another size, for tests. */
export function restartBenchmark({ rounds }: { readonly rounds: number }): Benchmark {
  return {
    name: 'restart',
    description:
      `a coordinator killed amid a run of ${rounds} rounds and started again: from the kill to the first answer over ` +
      "mTLS; the start of Node and the check of journal and weights are in it; memory is the new coordinator's",
    run: async (options) => {
      const script = fileURLToPath(new URL('./restart/ours.ts', import.meta.url))
      const ours = { name: 'ours', program: process.execPath, arguments: [script, String(rounds)] }
      const [runs = []] = await runInterleaved([ours], options)
      return {
        rows: [{ name: ours.name, unit: 's', runs }],
        figures: { restart_s: median(runs.map(({ value }) => value)) },
      }
    },
  }
}
