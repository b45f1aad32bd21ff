import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { l2Norm } from '../shared/weights/arithmetic.ts'
import { decodeSafetensors } from '../shared/weights/safetensors.ts'
import { aggregateBenchmark } from './aggregate.ts'
import { manifestOfTensors, tensorLengths, writeRandomWeights } from './random-weights.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-bench-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the benchmark of the average', () => {
  test('has every candidate do the same job: in float64 they come to the same bytes', async () => {
    const signal = new AbortController().signal
    const benchmark = aggregateBenchmark({ sites: 3, elements: 300_000 })
    const { rows, figures } = await benchmark.run({ runs: 1, folder, progress: () => {}, signal })
    const notes = new Map(rows.map((row) => [row.name, 'runs' in row ? row.note : row.skipped]))
    expect(notes.get('plain loop, whole files, one thread')).toBe('the same bytes')
    expect(notes.get('NumPy')).toMatch(/the same bytes|cannot import/)
    const measured = ['aggregate_8x46m_s', 'aggregate_peak_mb', 'fed_adam_8x46m_s', 'median_8x46m_s']
    expect(Object.keys(figures).sort()).toEqual(measured)
    for (const name of measured) expect(figures[name]).toBeGreaterThan(0)
  })
})

describe('made-up weights', () => {
  test('are a weights file of the tensors asked for, with the norm that is returned', async () => {
    const lengths = tensorLengths(10_000, 64)
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(10_000)
    const manifest = manifestOfTensors(lengths)
    const path = join(folder, 'weights')
    const norm = await writeRandomWeights(path, { manifest, seed: 3, scale: 0.5 })
    const weights = decodeSafetensors(readFileSync(path))
    expect(weights.manifest).toEqual(manifest)
    expect(l2Norm(weights.values)).toBeCloseTo(norm, 6)
    expect(Math.max(...weights.values)).toBeLessThanOrEqual(0.5)
  })
})
