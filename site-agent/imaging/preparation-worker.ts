// A preparation process: registration runs as WebAssembly that may take its process down or keep memory, so it does so here
// and not in the agent. It does one scan at a time and ends with its parent.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { fitVolume } from './elastix.ts'
import { createPreparation, type PreparationRequest } from './preparation.ts'
import type { PreparationReply } from './preparation-messages.ts'
import { createRecipe, type RecipeOptions } from './recipe.ts'
import { readScanFile } from './scan-file.ts'
import { readRegistrationTemplates } from './template.ts'

const options: RecipeOptions = JSON.parse(process.argv[2] ?? '{}')
const prepare = createPreparation({
  recipe: createRecipe(options),
  templates: readRegistrationTemplates(),
  fit: fitVolume,
  read: readScanFile,
})

process.on('disconnect', () => process.exit(0))
// A signal meant for the agent reaches its whole group; the agent decides when this process ends.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('message', (request: PreparationRequest) => {
  prepare(request).then(
    (result) => reply({ kind: 'prepared', result }),
    (error: unknown) => {
      const { code, message } = SequelaError.from(error)
      reply({ kind: 'failed', code, message })
    },
  )
})

function reply(message: PreparationReply): void {
  process.send?.(message)
}
