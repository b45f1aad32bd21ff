// Which children took part in which round of a study, by the keys that training knows them by. Nobody could tell later: a
// child's fold is the same whether it came before the training or after. A line is written before what rests on these children
// is sealed (egress.ts), so that a crash in between can only name children too many. It never leaves the site.

import { z } from 'zod'
import type { Clock } from '../shared/clock.ts'
import type { AssignmentKey } from '../shared/protocol/assignment-id.ts'
import { appendLineDurably } from './durable-file.ts'
import { readRecordLines } from './record-lines.ts'

/** Keys of the children that stand behind what a round sends. */
export interface ChildrenBehind {
  /** Those that were trained on. */
  readonly trained: readonly string[]
  /** Those that say how weights do: rounds are chosen and risks recalibrated by them. */
  readonly validated: readonly string[]
}

export interface Participation {
  /** Writes down who stands behind what a round is about to send; on return it survives a power cut. @throws as `appendLineDurably`. */
  note(round: AssignmentKey, children: ChildrenBehind): Promise<void>
}

const entrySchema = z.object({
  /** ISO 8601 in UTC. */
  at: z.string(),
  /** Keys are made with the site's name. */
  site: z.string(),
  study: z.string(),
  stage: z.int(),
  round: z.int(),
  trained: z.array(z.string()),
  validated: z.array(z.string()),
})

/** One line; every one names all children of its round, so that a line that is lost takes only its round with it. */
export type ParticipationEntry = z.infer<typeof entrySchema>

export function createParticipation(deps: {
  readonly file: string
  readonly site: string
  readonly clock: Clock
}): Participation {
  return {
    note: ({ studyDigest: study, stage, round }, { trained, validated }) => {
      const at = new Date(deps.clock.now()).toISOString()
      const entry = { at, site: deps.site, study, stage, round, trained: [...trained], validated: [...validated] }
      return appendLineDurably(deps.file, JSON.stringify(entry satisfies ParticipationEntry))
    },
  }
}

/**
 * The record of a site, oldest first; empty where there is none. A last line cut off by a power loss is left out: what it was
 * written for was not sealed.
 * @throws SequelaError `file_unreadable`, also when an earlier line is damaged.
 */
export function readParticipation(file: string): Promise<readonly ParticipationEntry[]> {
  const whatToDo = 'restore it from a backup, or delete that line; then it is not known who took part in its round'
  return readRecordLines(file, entrySchema, whatToDo)
}
