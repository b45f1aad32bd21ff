// The job of the benchmark `aggregate`, as its candidates are told it: one argument of JSON.

import { z } from 'zod'

const task = z.object({
  baseFile: z.string(),
  updates: z.array(z.object({ site: z.string(), children: z.number(), norm: z.number(), file: z.string() })),
  /** Where the values begin in every file. */
  dataOffset: z.number(),
  elements: z.number(),
  /** Length of each tensor; all have one axis. */
  tensorElements: z.array(z.number()),
  /** Where the result goes; the folder is the candidate's own. */
  outFolder: z.string(),
})

/** Average the updates, weighted by children and in float64, add them to the base, and store the result durably. */
export type AggregateTask = z.infer<typeof task>

/** The task that this process was started with. */
export function taskOfThisProcess(): AggregateTask {
  return task.parse(JSON.parse(process.argv[2] ?? 'null'))
}
