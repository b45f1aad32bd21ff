// Entry: the agents of one or several sites in one process, each on a home of its own, with a trainer that only counts
// and calculates. Argument: a `CastOfAgents` as JSON.

import { appendFileSync, existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { emptyChart } from '../../shared/cohort/chart.ts'
import { seededRandom } from '../../shared/random.ts'
import { studyCohort } from '../../site-agent/children.ts'
import { type RunOptions, run } from '../../site-agent/commands/run.ts'
import { readSettings, siteHome } from '../../site-agent/home.ts'
import { readIdentity } from '../../site-agent/identity-file.ts'
import type { PreparedChild, Trainer, TrainingJob } from '../../site-agent/learning/trainer.ts'

const castSchema = z.strictObject({
  /** One home folder a site, and how many children it has: so many made up, or those of its tables, their scans unseen. */
  sites: z.array(z.strictObject({ home: z.string(), children: z.union([z.int().min(1), z.literal('from tables')]) })),
  /** Each training that begins adds its line here: `study seed/site/stage/round`. */
  trainingsFile: z.string(),
  /** Training does not end while that file exists. */
  heldWhile: z.string(),
  /** Adds a number of its own to each weight; ends with weights that are not numbers; or costs nothing. */
  training: z.enum(['arithmetic', 'diverging', 'instant']),
})

export type CastOfAgents = z.infer<typeof castSchema>

const cast = castSchema.parse(JSON.parse(process.argv[2] ?? ''))
const running = cast.sites.map(({ home, children }) =>
  run(siteHome(home), {
    logLevel: 'info',
    trainer: arithmeticTrainer(),
    children:
      children === 'from tables'
        ? tabledChildren(home)
        : async () => Array.from({ length: children }, (_, i) => childOf(i)),
  }),
)
process.stdout.write('running\n')
await Promise.all(running)

function arithmeticTrainer(): Trainer {
  return {
    train: async (job, { signal, onProgress } = {}) => {
      appendFileSync(cast.trainingsFile, `${job.seed}\n`)
      onProgress?.({ step: 0, steps: 1 })
      while (existsSync(cast.heldWhile)) await delay(20, undefined, signal === undefined ? {} : { signal })
      return { weights: trained(job), children: job.children.length, steps: 1, meanLoss: 0.5 }
    },
    evaluate: async () => [],
    risks: async () => [],
    close: async () => {},
  }
}

/** What is added depends on study, site, stage, round and place alone. */
function trained({ weights: { manifest, values }, seed }: TrainingJob): TrainingJob['weights'] {
  const random = seededRandom(seed)
  switch (cast.training) {
    case 'arithmetic':
      return { manifest, values: values.map((value) => value + (random.uniform() - 0.5) / 500) }
    case 'diverging':
      return { manifest, values: values.map(() => Number.NaN) }
    case 'instant': {
      const change = random.uniform() / 1e6
      return { manifest, values: values.map((value) => value + change) }
    }
  }
}

function childOf(index: number): PreparedChild {
  return { key: `child-${index}`, fold: 'train', scans: [], outcome: undefined, chart: emptyChart }
}

function tabledChildren(folder: string): NonNullable<RunOptions['children']> {
  return async (study) => {
    const home = siteHome(folder)
    const settings = await readSettings(home)
    const { site } = await readIdentity(home.identityFile)
    const { children } = await studyCohort({ home, settings, site }, study)
    return children.map(({ key, fold, outcome, chart }) => ({ key, fold, scans: [], outcome, chart }))
  }
}
