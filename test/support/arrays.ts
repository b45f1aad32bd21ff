// Hospitals that show arrays: cheap to prepare and to train on.

import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '../../shared/random.ts'
import { npyFile } from '../../site-agent/features/testsupport/npy-file.ts'

/** An array of noise in place of every image. @returns how many */
export function imagesIntoArrays(data: string, length: number): number {
  const images = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((name) => /_FLAIR\.nii/.test(name))
  for (const name of images) {
    const random = seededRandom(name)
    const values = Array.from({ length }, () => random.normal())
    writeFileSync(join(data, name.replace(/_FLAIR\.nii.*/, '_desc-elsewhere_features.npy')), npyFile(values))
    rmSync(join(data, name))
  }
  return images.length
}
