import { describe, expect, test } from 'vitest'
import { type Candidate, runInterleaved } from './interleaved.ts'

const node = (name: string, script: string): Candidate => ({
  name,
  program: process.execPath,
  arguments: ['--eval', script],
})
const printing = (name: string, result: object): Candidate =>
  node(name, `console.log('a line before'); console.log(${JSON.stringify(JSON.stringify(result))})`)

const quiet = { progress: () => {}, signal: new AbortController().signal }

describe('candidates in turn', () => {
  test('run one after another in every round, each in a process of its own', async () => {
    const order: string[] = []
    const progress = (line: string): void => void order.push(line.replace(/^run (\d).*: (\w).*$/, '$2$1'))
    const candidates = [
      printing('a', { value: 2, cpuSeconds: 1, peakMb: 50 }),
      printing('b', { value: 3, cpuSeconds: 1, peakMb: 60, outcome: 'x' }),
    ]
    const results = await runInterleaved(candidates, { ...quiet, progress, runs: 2 })
    expect(order).toEqual(['a1', 'b1', 'a2', 'b2'])
    expect(results[0]).toEqual(new Array(2).fill({ value: 2, cpuSeconds: 1, peakMb: 50 }))
    expect(results[1]?.[1]?.outcome).toBe('x')
  })

  test('end with the error of one that fails or prints no measurement', async () => {
    const failing = node('c', 'throw new Error("no such thing")')
    await expect(runInterleaved([failing], { ...quiet, runs: 1 })).rejects.toThrow(/no such thing/)
    const lying = printing('d', { value: 0, cpuSeconds: 1, peakMb: 1 })
    await expect(runInterleaved([lying], { ...quiet, runs: 1 })).rejects.toThrow(/value/)
  })

  test('stop when they are called off', async () => {
    const controller = new AbortController()
    const running = runInterleaved([node('e', 'setInterval(() => {}, 1000)')], {
      ...quiet,
      runs: 1,
      signal: controller.signal,
    })
    controller.abort()
    await expect(running).rejects.toThrow(/abort/)
  })
})
