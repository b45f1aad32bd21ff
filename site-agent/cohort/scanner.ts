// What a scan was made with, from the sidecar of its image, and where that does not say from the table of visits. Results are
// shown by it; it is no input of any model. What neither says is unknown.

import { z } from 'zod'
import type { Scanner } from '../../shared/cohort/chart.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { parseDecimal } from './cell.ts'
import type { DataFolder } from './data-folder.ts'
import { quoted } from './finding.ts'
import { sidecarOf } from './scan-name.ts'
import type { Row } from './tsv.ts'

/** A sidecar is a page of settings. */
const maxSidecarBytes = 1024 * 1024

/** The strongest magnets for people have 11.7 T. */
const strongestTesla = 20

/** Fields as BIDS names them. */
const sidecarSchema = z.object({
  Manufacturer: z.string().optional().catch(undefined),
  MagneticFieldStrength: z.number().positive().max(strongestTesla).optional().catch(undefined),
})

const vendorMarks = [
  ['siemens', /siemens/i],
  ['ge', /^ge\b|general electric/i],
  ['philips', /philips/i],
  ['canon', /canon|toshiba/i],
] as const

/** Columns of a table of visits. */
export const scannerColumns = ['manufacturer', 'magnetic_field_strength'] as const

/** What a row of visits says, and a phrase for a cell that cannot be understood. */
export function listedScanner(row: Row): { readonly scanner: Scanner | undefined; readonly problem?: string } {
  const [maker, strength] = scannerColumns.map((column) => row.value(column))
  const teslas = strength === undefined ? undefined : parseDecimal(strength.replace(/\s*t(esla)?$/i, ''))
  const isStrength = teslas !== undefined && teslas > 0 && teslas <= strongestTesla
  const scanner = scannerFrom(maker, isStrength ? teslas : undefined)
  if (strength === undefined || isStrength) return { scanner }
  return { scanner, problem: `magnetic_field_strength is ${quoted(strength)}; write tesla, such as 1.5 or 3, or n/a.` }
}

/** @param listed what the table of visits says, for what the sidecar does not */
export async function scannerOf(
  folder: DataFolder,
  imagePath: string,
  listed: Scanner | undefined,
): Promise<Scanner | undefined> {
  const sidecar = sidecarSchema.safeParse(await readJson(folder, sidecarOf(imagePath)))
  if (!sidecar.success) return listed
  const { Manufacturer: maker, MagneticFieldStrength: strength } = sidecar.data
  const told = scannerFrom(maker, strength)
  if (told === undefined || listed === undefined) return told ?? listed
  return {
    vendor: told.vendor ?? listed.vendor,
    fieldStrengthTesla: told.fieldStrengthTesla ?? listed.fieldStrengthTesla,
  }
}

function scannerFrom(maker: string | undefined, fieldStrengthTesla: number | undefined): Scanner | undefined {
  const vendor = maker === undefined ? undefined : (vendorMarks.find(([, mark]) => mark.test(maker))?.[0] ?? 'other')
  return vendor === undefined && fieldStrengthTesla === undefined ? undefined : { vendor, fieldStrengthTesla }
}

async function readJson(folder: DataFolder, path: string): Promise<unknown> {
  try {
    const bytes = await folder.read(path, maxSidecarBytes)
    return bytes === undefined ? undefined : JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    if (error instanceof SequelaError || error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}
