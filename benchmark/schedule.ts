// In which order cells are computed by several lanes: each takes the first cell whose dependencies are finished, and among the first
// few rather one of the seed it has in memory.

import { type Cell, cellId, dependenciesOf } from './cell.ts'

/** One process that computes a cell at a time. */
export interface Lane {
  /** Computes the cell and keeps its result. */
  run(cell: Cell): Promise<void>
  close(): Promise<void>
}

export interface Schedule {
  /** The most telling first. */
  readonly cells: readonly Cell[]
  readonly isFinished: (cell: Cell) => boolean
  readonly lanes: readonly Lane[]
}

/** How far down the list a lane looks for a cell of its seed. */
const lookAhead = 4

/** Runs every cell that is not finished. The first failure ends the rest, and every lane is closed. */
export async function runSchedule({ cells, isFinished, lanes }: Schedule): Promise<void> {
  const waiting = cells.filter((cell) => !isFinished(cell))
  const finished = new Set(cells.filter(isFinished).map(cellId))
  const running = new Set<Promise<unknown>>()
  let failed = false

  const take = (seed: number | undefined): Cell | undefined => {
    const ready = waiting.filter((cell) => dependenciesOf(cell).every((one) => finished.has(cellId(one))))
    const chosen = ready.slice(0, lookAhead).find((cell) => cell.seed === seed) ?? ready[0]
    if (chosen !== undefined) waiting.splice(waiting.indexOf(chosen), 1)
    return chosen
  }

  const drive = async (lane: Lane): Promise<void> => {
    let seed: number | undefined
    while (waiting.length > 0 && !failed) {
      const cell = take(seed)
      if (cell === undefined) {
        if (running.size === 0) throw new Error('cells wait for cells that are not planned')
        await Promise.race(running)
        continue
      }
      seed = cell.seed
      const work = lane.run(cell)
      const settled = work.catch(() => undefined)
      running.add(settled)
      try {
        await work
        finished.add(cellId(cell))
      } catch (error) {
        failed = true
        throw error
      } finally {
        running.delete(settled)
      }
    }
  }
  try {
    await Promise.all(lanes.map(drive))
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()))
  }
}
