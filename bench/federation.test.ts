// The benchmarks that start whole programs, at a size that shows that they work.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BenchmarkOptions } from './benchmark.ts'
import { roundBenchmark } from './round.ts'
import { transferBenchmark } from './transfer.ts'

let options: BenchmarkOptions
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sequela-bench-test-'))
  options = { runs: 1, folder, progress: () => {}, signal: new AbortController().signal }
})
afterAll(() => rm(options.folder, { recursive: true }))

test('a round without training and a restart are measured, and the coordinator with them', async () => {
  const { rows, figures } = await roundBenchmark({ sites: 2, rounds: 2, roundsOfKilled: 4 }).run(options)
  expect(figures.empty_round_2_sites_ms).toBeGreaterThan(0)
  expect(figures.restart_s).toBeGreaterThan(0)
  expect(rows).toMatchObject([{ unit: 'ms', runs: [{ peakMb: expect.any(Number) }] }, { unit: 's' }])
})

test('a transfer is measured beside others, which send the same bytes, on both lines', async () => {
  const { rows, figures } = await transferBenchmark({ elements: 1_000_000 }).run(options)
  expect(figures.upload_loopback_mib_s).toBeGreaterThan(0)
  expect(figures.upload_40ms_mib_s).toBeGreaterThan(0)
  const others = rows.flatMap((row) => ('runs' in row && !row.name.startsWith('ours') ? row.runs : []))
  expect(new Set(others.map(({ outcome }) => outcome)).size).toBe(1)
})
