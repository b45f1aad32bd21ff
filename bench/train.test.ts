import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { trainBenchmark } from './train.ts'

describe('the benchmark of training', () => {
  test('trains to the same weights in every run, and compares with PyTorch where Python has it', async () => {
    const signal = new AbortController().signal
    const benchmark = trainBenchmark([{ preset: 'tiny', threads: 1, children: 2, scans: 2, batches: 1, epochs: 1 }])
    const { rows, figures } = await benchmark.run({ runs: 2, folder: tmpdir(), progress: () => {}, signal })
    const [ours, torch] = rows
    if (ours === undefined || !('runs' in ours)) throw new Error('ours is measured')
    expect(new Set(ours.runs.map(({ outcome }) => outcome)).size).toBe(1)
    expect(figures.train_step_tiny_ms).toBeGreaterThan(0)
    const skipped = torch !== undefined && 'skipped' in torch
    expect('train_step_tiny_ratio' in figures).toBe(!skipped)
  })
})
