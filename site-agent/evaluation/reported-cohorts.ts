// Which children stood behind earlier evaluations. When one to a few of them have changed since, the difference of two
// reports would speak of those few, so nothing more is reported until enough have. The record stays in the site's home.

import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { sha256 } from '../../shared/digest.ts'
import type { SiteLandmarks } from '../../shared/evaluation/answer.ts'
import type { Landmark } from '../../shared/evaluation/landmark.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { Fold } from '../../shared/study/folds.ts'
import { writeFileDurably } from '../durable-file.ts'

/** Earlier cohorts, each a fingerprint of outcomes by child. */
const recordSchema = z.array(z.record(z.string(), z.string()))

/** Reports are compared with so many before. */
const mostKept = 50

/**
 * What became of each child and in which fold it is, as one hash; the risks are left out, as every model gives others. Children
 * of the training fold too: how long they are followed is part of the answers. The sequences that it is shown in, and
 * what else became of it, are hashes of their own behind full stops: records of earlier versions lack them, and are to tell changed
 * children from others all the same.
 */
export function cohortOf({
  followUp,
  validation,
  test,
}: Pick<SiteLandmarks, 'followUp' | 'validation' | 'test'>): Readonly<Record<string, string>> {
  const childrenIn = (landmarks: readonly Landmark[]): ReadonlySet<string> =>
    new Set(landmarks.map(({ child }) => child))
  const [validated, tested] = [childrenIn(validation), childrenIn(test)]
  const foldOf = (child: string): Fold => (tested.has(child) ? 'test' : validated.has(child) ? 'validation' : 'train')
  const byChild = [...Map.groupBy(followUp, ({ child }) => child)].sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(
    byChild.map(([child, rows]) => {
      const facts = rows.map(({ day, timeDays, event, visits, groups: { sequence: _, ...groups } }) => {
        return [day, timeDays, event, visits, groups]
      })
      const sequences = rows.flatMap(({ groups: { sequence } }) => sequence ?? [])
      const shown = sequences.length === 0 ? '' : shortHash(sequences)
      const course = rows[0]?.course
      const ended = course === undefined ? '' : shortHash([course.competing, course.treatmentChanged])
      return [child, [shortHash([foldOf(child), facts]), shown, ended].join('.').replace(/\.+$/, '')]
    }),
  )
}

/**
 * Notes that a cohort is about to be reported on.
 * @throws SequelaError `cohort_changed` when it differs from an earlier one by 1 to `minCell` − 1 children;
 *   `file_unreadable` when the record is damaged.
 */
export async function noteReported(
  file: string,
  cohort: Readonly<Record<string, string>>,
  minCell: number,
): Promise<void> {
  const before = await read(file)
  const differences = before.map((earlier) => changedChildren(earlier, cohort))
  const few = differences.find((changed) => changed > 0 && changed < minCell)
  if (few !== undefined) {
    const message = `${few} children were added, removed or changed since an earlier evaluation and the study asks for groups of ${minCell}`
    throw new SequelaError('cohort_changed', `${message}; nothing is reported until as many have changed`)
  }
  if (before.some((earlier) => isDeepStrictEqual(earlier, cohort))) return
  await writeFileDurably(file, JSON.stringify([...before, cohort].slice(-mostKept)))
}

function changedChildren(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): number {
  return new Set([...Object.keys(a), ...Object.keys(b)].filter((child) => !isUnchanged(a[child], b[child]))).size
}

/** Sequences, and what else became of the child, count where both records know them. */
function isUnchanged(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false
  const [[factsA, ...moreA], [factsB, ...moreB]] = [a.split('.'), b.split('.')]
  return factsA === factsB && moreA.every((hash, place) => !hash || !moreB[place] || hash === moreB[place])
}

function shortHash(value: unknown): string {
  return sha256(JSON.stringify(value)).slice(0, 16)
}

async function read(file: string): Promise<z.infer<typeof recordSchema>> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '[]'
    throw new SequelaError('file_unreadable', `${file} cannot be read: ${error.message}`, { cause: error })
  })
  try {
    return recordSchema.parse(JSON.parse(text))
  } catch (cause) {
    const todo = 'restore it from a backup; until then no evaluation is answered'
    const message = `${file} is damaged, so what was reported before is not known; ${todo}`
    throw new SequelaError('file_unreadable', message, { cause })
  }
}
