// A preparation process: registration runs as WebAssembly that may take its process down or keep memory, so it does so here
// and not in the agent. It does one scan at a time and ends with its parent.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { loadEngine } from '../learning/engine.ts'
import { createFindBrainVoxels } from './brain-network.ts'
import { readBrainNetwork } from './brain-network-file.ts'
import { fitVolume } from './elastix.ts'
import { createFindBrain, type FindBrain } from './network-brain.ts'
import { createPreparation, type PreparationRequest } from './preparation.ts'
import type { PreparationReply } from './preparation-messages.ts'
import { createRecipe, type RecipeOptions } from './recipe.ts'
import { readScanFile } from './scan-file.ts'
import { readRegistrationTemplates } from './template.ts'

// elastix tells of every start that it gives up; what stops this process Node itself writes, past the console.
console.error = () => {}

const options: RecipeOptions = JSON.parse(process.argv[2] ?? '{}')

const ready = findBrain().then((found) =>
  createPreparation({
    recipe: createRecipe(options),
    templates: readRegistrationTemplates(),
    fit: fitVolume,
    ...(found === undefined ? {} : { findBrain: found }),
    read: readScanFile,
  }),
)
ready.catch(() => {}) // said to whoever asks for a scan

process.on('disconnect', () => process.exit(0))
// A signal meant for the agent reaches its whole group; the agent decides when this process ends.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('message', (request: PreparationRequest) => {
  ready
    .then((prepare) => prepare(request))
    .then(
      (result) => reply({ kind: 'prepared', result }),
      (error: unknown) => {
        const { code, message } = SequelaError.from(error)
        reply({ kind: 'failed', code, message })
      },
    )
})

/** The network on the training engine; undefined where the study asks for none. @throws SequelaError `engine_missing`. */
async function findBrain(): Promise<FindBrain | undefined> {
  const { brainNetwork } = options
  if (brainNetwork === undefined) return undefined
  const { network, digest } = readBrainNetwork(brainNetwork.file)
  if (digest !== brainNetwork.digest) {
    throw new SequelaError(
      'config_invalid',
      `${brainNetwork.file} changed while scans were being prepared; start again`,
    )
  }
  const { tf } = await loadEngine({ threads: brainNetwork.threads })
  return createFindBrain(createFindBrainVoxels(tf, network))
}

function reply(message: PreparationReply): void {
  process.send?.(message)
}
