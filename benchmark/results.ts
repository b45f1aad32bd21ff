import type { BenchmarkOptions } from './options.ts'
import type { PlannedCell } from './plan.ts'
import type { CellStore } from './store.ts'
export function writeResults(
  _o: BenchmarkOptions,
  _s: CellStore,
  _p: readonly PlannedCell[],
  _a: readonly string[],
): string[] {
  return []
}
