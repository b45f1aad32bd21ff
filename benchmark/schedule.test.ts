import { describe, expect, test } from 'vitest'
import { type Cell, cellId, dependenciesOf } from './cell.ts'
import { benchmarkOptions } from './options.ts'
import { planCells } from './plan.ts'
import { type Lane, runSchedule } from './schedule.ts'
import { siteNames } from './study-text.ts'

const cells = planCells(benchmarkOptions(['node', 'benchmark', '--seeds', '2']), siteNames).map(({ cell }) => cell)

/** A lane that notes what it runs, and finishes when others have had their turn. */
function notingLane(
  begun: string[],
  done: string[],
  fails: (cell: Cell) => boolean = () => false,
): Lane & { closed: boolean } {
  return {
    closed: false,
    async run(cell) {
      begun.push(cellId(cell))
      for (const needed of dependenciesOf(cell)) expect(done).toContain(cellId(needed))
      await new Promise((resolve) => setImmediate(resolve))
      if (fails(cell)) throw new Error('no memory')
      done.push(cellId(cell))
    },
    async close() {
      this.closed = true
    },
  }
}

describe('the schedule', () => {
  test('runs every cell once, after what it starts from, on however many lanes', async () => {
    for (const count of [1, 3]) {
      const [begun, done]: [string[], string[]] = [[], []]
      const lanes = Array.from({ length: count }, () => notingLane(begun, done))
      await runSchedule({ cells, isFinished: () => false, lanes })
      expect(begun.toSorted()).toEqual(cells.map(cellId).toSorted())
      expect(lanes.every(({ closed }) => closed)).toBe(true)
    }
  })

  test('leaves out what is finished already, and counts it as such', async () => {
    const done = cells.filter(({ kind }) => kind === 'ordering').map(cellId)
    const begun: string[] = []
    const isFinished = (cell: Cell): boolean => cell.kind === 'ordering'
    await runSchedule({ cells, isFinished, lanes: [notingLane(begun, [...done])] })
    expect(begun).toHaveLength(cells.length - done.length)
  })

  test('ends with the first failure, keeps what is done, and closes its lanes', async () => {
    const [begun, done]: [string[], string[]] = [[], []]
    const fails = ({ kind }: Cell): boolean => kind === 'shortcuts'
    const lanes = [notingLane(begun, done, fails), notingLane(begun, done, fails)]
    await expect(runSchedule({ cells, isFinished: () => false, lanes })).rejects.toThrow('no memory')
    expect(done.length).toBeGreaterThan(0)
    expect(done.length).toBeLessThan(cells.length)
    expect(lanes.every(({ closed }) => closed)).toBe(true)
  })
})
