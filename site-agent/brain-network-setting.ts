// The network that finds brains, where a study asks for one: a file that the site supplies and names in its settings.

import { resolve } from 'node:path'
import { SequelaError } from '../shared/protocol/errors.ts'
import type { Study } from '../shared/study/study.ts'
import type { SiteHome, SiteSettings } from './home.ts'
import { readBrainNetwork } from './imaging/brain-network-file.ts'
import type { RecipeOptions } from './imaging/recipe.ts'

/**
 * Undefined where the study asks for none. The file is named from the folder of `site.yaml`, and is read to the end.
 * @throws SequelaError `config_invalid` when the site names none, or one that cannot be used
 */
export function brainNetworkFor(
  { folder, settingsFile }: Pick<SiteHome, 'folder' | 'settingsFile'>,
  { brainMask, threads }: SiteSettings,
  { study, pipeline }: Pick<Study, 'study' | 'pipeline'>,
): RecipeOptions['brainNetwork'] {
  if ('features' in pipeline || pipeline.brainMask !== 'network') return undefined
  if (brainMask === undefined) {
    const line = 'brainMask: { weights: FILE }, FILE being the model.json of MindGrab'
    const message = `study ${study} has brains found by a network, which each site supplies; write into ${settingsFile}: ${line}`
    throw new SequelaError('config_invalid', message)
  }
  const file = resolve(folder, brainMask.weights)
  return { file, digest: readBrainNetwork(file).digest, threads }
}
