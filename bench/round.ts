// Benchmark: what the coordinator itself costs: a round beside its training, and being killed.

import { fileURLToPath } from 'node:url'
import { type Benchmark, median } from './benchmark.ts'
import { runInterleaved } from './interleaved.ts'

/** Eight hospitals, and as many rounds before the kill as the demo has in all. Rounds are short: one run is a mean. */
export const round: Benchmark = roundBenchmark({ sites: 8, rounds: 20, roundsOfKilled: 90 })

export interface RoundBenchmarkSize {
  readonly sites: number
  readonly rounds: number
  /** Rounds of the run in whose middle a coordinator is killed. */
  readonly roundsOfKilled: number
}

/** The benchmark at another size, for tests. */
export function roundBenchmark({ sites, rounds, roundsOfKilled }: RoundBenchmarkSize): Benchmark {
  return {
    name: 'round',
    description:
      `a round of ${sites} sites that do not train, preset tiny: assign, download, announce, upload over mTLS, admit, ` +
      `average, make durable (mean of ${rounds}); and a coordinator killed amid ${roundsOfKilled} rounds and started again, ` +
      "from the kill to the first answer over mTLS; memory is the coordinator's",
    run: async (options) => {
      const program = (name: string, script: string, ...args: readonly number[]) => ({
        name,
        program: process.execPath,
        arguments: [fileURLToPath(new URL(script, import.meta.url)), ...args.map(String)],
      })
      const candidates = [
        program('ours, a round', './round/ours.ts', sites, rounds),
        program('ours, serving again', './round/restart.ts', roundsOfKilled),
      ]
      const [ofRound = [], ofRestart = []] = await runInterleaved(candidates, options)
      return {
        rows: [
          { name: 'ours, a round', unit: 'ms', runs: ofRound },
          { name: 'ours, serving again', unit: 's', runs: ofRestart },
        ],
        figures: {
          [`empty_round_${sites}_sites_ms`]: median(ofRound.map(({ value }) => value)),
          restart_s: median(ofRestart.map(({ value }) => value)),
        },
      }
    },
  }
}
