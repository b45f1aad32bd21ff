// In which groups a scan stands by how it was made: what a model knows and does not know goes by them. What nobody wrote down is
// `unknown`, and arrays, which show no sequence, stand in no group of sequences.

import type { Scanner } from '../../shared/cohort/chart.ts'
import type { ScanFamily } from '../../shared/evaluation/families.ts'
import { unknownLevel } from '../../shared/evaluation/suppression/strata.ts'

export interface ScanSource {
  readonly scanner: Scanner | undefined
  /** What the visit is shown in, such as `FLAIR`, or `FLAIR and T2w`; absent for arrays. */
  readonly sequence?: string | undefined
}

/** The level of each family in which it stands. */
export function scanGroups({ scanner, sequence }: ScanSource): Readonly<Partial<Record<ScanFamily, string>>> {
  return {
    ...(sequence !== undefined && { sequence }),
    vendor: scanner?.vendor ?? unknownLevel,
    field_strength: fieldBand(scanner?.fieldStrengthTesla),
  }
}

function fieldBand(tesla: number | undefined): string {
  if (tesla === undefined) return unknownLevel
  return tesla < 1.2 ? 'under 1.5 T' : tesla < 2 ? '1.5 T' : '3 T and over'
}
