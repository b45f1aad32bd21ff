// `npm run engine:install`: installs the training engine now instead of when it is first needed.

import { runCommandLine } from '../../shared/command-line.ts'
import { ensureEngine } from './ensure-engine.ts'

await runCommandLine(async () => {
  const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`)
  const engine = await ensureEngine({ onProgress: say })
  say(`The training engine is in ${engine.folder} (TensorFlow ${engine.tensorflow}).`)
})
