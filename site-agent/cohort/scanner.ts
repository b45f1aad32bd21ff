// What a scan was made with, from the sidecar of its image. Results are shown by it; it is no input of any model. A sidecar
// that is missing or cannot be read leaves it unknown.

import { z } from 'zod'
import type { Scanner } from '../../shared/cohort/chart.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { DataFolder } from './data-folder.ts'
import { sidecarOf } from './scan-name.ts'

/** A sidecar is a page of settings. */
const maxSidecarBytes = 1024 * 1024

/** Fields as BIDS names them; the strongest magnets for people have 11.7 T. */
const sidecarSchema = z.object({
  Manufacturer: z.string().optional().catch(undefined),
  MagneticFieldStrength: z.number().positive().max(20).optional().catch(undefined),
})

const vendorMarks = [
  ['siemens', /siemens/i],
  ['ge', /^ge\b|general electric/i],
  ['philips', /philips/i],
  ['canon', /canon|toshiba/i],
] as const

export async function scannerOf(folder: DataFolder, imagePath: string): Promise<Scanner | undefined> {
  const sidecar = sidecarSchema.safeParse(await readJson(folder, sidecarOf(imagePath)))
  if (!sidecar.success) return undefined
  const { Manufacturer: maker, MagneticFieldStrength: fieldStrengthTesla } = sidecar.data
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
