// Phases of the demo: each is timed, wall and CPU, and shows a bar where it takes long.

import { Presets, SingleBar } from 'cli-progress'
import { cpuSecondsOfAll } from './cpu-time.ts'
import type { Timing } from './report/report.ts'

export interface Bar {
  /** `note` is shown behind the bar. */
  update(done: number, note?: string): void
}

export interface Phases {
  /** Runs a phase that has no bar. */
  run<T>(name: string, work: () => Promise<T>): Promise<T>
  /** Runs a phase with a bar of `total` steps. */
  withBar<T>(name: string, total: number, work: (bar: Bar) => Promise<T>): Promise<T>
  say(sentence: string): void
  timings(): readonly Timing[]
}

const nameWidth = 34

export function createPhases(): Phases {
  const timings: Timing[] = []
  const timed = async <T>(phase: string, work: () => Promise<T>): Promise<T> => {
    const start = performance.now()
    const cpu = cpuSecondsOfAll()
    try {
      return await work()
    } finally {
      timings.push({ phase, wallSeconds: (performance.now() - start) / 1000, cpuSeconds: cpuSecondsOfAll() - cpu })
    }
  }
  return {
    run: timed,
    withBar: (name, total, work) =>
      timed(name, async () => {
        const bar = new SingleBar(
          {
            format: `${name.padEnd(nameWidth)} {bar} {percentage} % | {duration_formatted} | {note}`,
            barsize: 24,
            hideCursor: true,
            noTTYOutput: true,
            notTTYSchedule: 10_000,
          },
          Presets.shades_classic,
        )
        bar.start(total, 0, { note: '' })
        let last = ''
        try {
          return await work({
            update: (done, note) => {
              last = note ?? last
              bar.update(Math.min(done, total), { note: last })
            },
          })
        } finally {
          bar.stop()
        }
      }),
    say: (sentence) => void process.stdout.write(`${sentence}\n`),
    timings: () => timings,
  }
}
