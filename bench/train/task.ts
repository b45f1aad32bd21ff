// What a candidate of the training benchmark is told, as JSON in its first argument.

import { z } from 'zod'

const trainTask = z.object({
  threads: z.int().positive(),
  /** Children in a batch. */
  children: z.int().positive(),
  scans: z.int().positive(),
  /** Batches in an epoch; one epoch more goes before the measurement. */
  batches: z.int().positive(),
  epochs: z.int().positive(),
})

export type TrainTask = z.infer<typeof trainTask>

export function taskOfThisProcess(): TrainTask {
  return trainTask.parse(JSON.parse(process.argv[2] ?? ''))
}
