// What a candidate of the training benchmark is told, as JSON in its first argument.

import { z } from 'zod'
import { imagePresets } from '../../shared/model/presets.ts'

const trainTask = z.object({
  preset: z.enum(Object.keys(imagePresets) as [keyof typeof imagePresets]),
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
