// Results of cells on disk, one JSON file each with the digest of what it was computed from, and weights beside it. A result of
// other inputs counts as none.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson } from '../shared/canonical-json.ts'
import { sha256 } from '../shared/digest.ts'
import { decodeSafetensors, encodeSafetensors } from '../shared/weights/safetensors.ts'
import type { Weights } from '../shared/weights/weights.ts'
import { type Cell, cellId, comparesPictures } from './cell.ts'
import { cohortVersions } from './cohort.ts'
import type { BenchmarkOptions } from './options.ts'
import type { CellResult } from './result.ts'

/** To be raised with every change of the code that alters a cell's result. */
const benchmarkVersion = 4

interface StoredCell {
  readonly digest: string
  readonly cell: Cell
  readonly seconds: number
  readonly result: CellResult
}

export interface CellStore {
  /** The result of the cell, if it is there and of these inputs. */
  find(cell: Cell): StoredCell | undefined
  put(cell: Cell, seconds: number, result: CellResult, weights: ReadonlyMap<string, Weights>): void
  /** Weights that the cell left, by who trained them: `all`, or a site. */
  weights(cell: Cell, by: string): Weights
}

export function createCellStore(options: BenchmarkOptions): CellStore {
  const folder = join(options.outFolder, 'cells', `${options.cohort}-${options.preset}`)
  const { children, testChildren, orderingRounds, recurrenceRounds, comparingRounds } = options
  const cohortVersion = cohortVersions[options.cohort]
  const common = {
    ...{ benchmarkVersion, children, testChildren, orderingRounds, recurrenceRounds },
    ...(cohortVersion > 1 && { cohortVersion }),
  }
  const digestOf = (cell: Cell): string => sha256(canonicalJson({ ...common, ...comparing(cell), cell: { ...cell } }))
  const comparing = (cell: Cell): { readonly comparingRounds?: number } => {
    const depends = cell.kind === 'left-out' || (cell.kind === 'recurrence' && comparesPictures(cell.arm))
    return depends ? { comparingRounds } : {}
  }
  const weightsFile = (cell: Cell, by: string): string => join(folder, `${cellId(cell)}.${by}.safetensors`)
  return {
    find: (cell) => {
      try {
        // Written by `put` and by nobody else; a torn file does not parse.
        const stored: StoredCell = JSON.parse(readFileSync(join(folder, `${cellId(cell)}.json`), 'utf8'))
        return stored.digest === digestOf(cell) ? stored : undefined
      } catch {
        return undefined
      }
    },
    put: (cell, seconds, result, weights) => {
      mkdirSync(folder, { recursive: true })
      for (const [by, value] of weights) writeWhole(weightsFile(cell, by), encodeSafetensors(value))
      const stored: StoredCell = { digest: digestOf(cell), cell, seconds, result }
      writeWhole(join(folder, `${cellId(cell)}.json`), JSON.stringify(stored))
    },
    weights: (cell, by) => decodeSafetensors(readFileSync(weightsFile(cell, by))),
  }
}

function writeWhole(file: string, content: string | Uint8Array): void {
  writeFileSync(`${file}.part`, content)
  renameSync(`${file}.part`, file)
}
