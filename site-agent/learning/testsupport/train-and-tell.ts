// Entry: an agent as far as training goes. It is told a job, and tells each step of it.

import type { TrainingJob } from '../trainer.ts'
import { createWorkerTrainer } from '../worker-trainer.ts'

process.on('message', async (job: TrainingJob) => {
  await createWorkerTrainer({ threads: 1 }).train(job, { onProgress: ({ step }) => process.send?.(step) })
})
