// A site's children as its tables tell of them: visits in order of time, outcome, fold. Tables are joined by key and checked
// both ways; what cannot be used is held back with the reason, never dropped in silence.

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { type Fold, foldOf } from '../../shared/study/folds.ts'
import type { Study } from '../../shared/study/study.ts'
import { landmarkLabel, type Outcome, outcomeOf } from './outcome.ts'
import { cell, parseTable, type Table } from './tsv.ts'
import { type Finding, findVisits } from './visits.ts'

export interface CohortVisit {
  readonly session: string
  readonly day: number
  /** Absolute path of the image. */
  readonly scanPath: string
  /** The same below the data set, for sentences. */
  readonly relativePath: string
  readonly label: 0 | 1 | null
}

export interface CohortChild {
  /** The hospital's own id; stays here. */
  readonly id: string
  readonly fold: Fold
  readonly visits: readonly CohortVisit[]
  /** Null when the table of outcomes has no row: the child takes part in ordering only. */
  readonly outcome: Outcome | null
}

export interface Cohort {
  readonly children: readonly CohortChild[]
  readonly findings: readonly Finding[]
}

/** A hospital has hundreds of children, not tens of thousands. */
const maxChildren = 20_000

/**
 * Reads a longitudinal BIDS data set.
 * @throws SequelaError `file_unreadable` when there is no such folder, `table_invalid` when the table of outcomes is wrong.
 */
export async function loadCohort(request: {
  readonly root: string
  readonly study: Study
  readonly site: string
}): Promise<Cohort> {
  const { root, study, site } = request
  const ids = await childIds(root)
  const findings: Finding[] = []
  const outcomes = await readOutcomes(root, ids, findings)
  const horizonDays = study.stages.find((stage) => stage.task === 'recurrence')?.horizonDays ?? 365
  const children: CohortChild[] = []
  for (const id of ids) {
    const outcome = outcomes.get(id) ?? null
    const found = await visitsOf(root, id, study).catch((error: unknown) => {
      if (!(error instanceof SequelaError)) throw error
      return { visits: [], findings: [{ child: id, what: `${error.message}; the child is held back` }] }
    })
    findings.push(...found.findings)
    const visits = found.visits.flatMap((visit): CohortVisit[] => {
      const why = outcome === null ? undefined : unusableDay(visit.day, outcome)
      if (why === undefined)
        return [{ ...visit, label: outcome === null ? null : landmarkLabel(outcome, visit.day, horizonDays) }]
      findings.push({ child: id, scan: visit.relativePath, what: why })
      return []
    })
    children.push({ id, fold: foldOf(study, site, id), visits, outcome })
  }
  return { children, findings }
}

/** Why a scan of that day is no input; undefined when it is one. */
function unusableDay(day: number, { eventDay, lastFollowUpDay }: Outcome): string | undefined {
  if (eventDay !== null && day >= eventDay) {
    return `the scan of day ${day} was made on or after the event of day ${eventDay}; it is held back`
  }
  if (day > lastFollowUpDay) {
    return `the scan of day ${day} comes after the last follow-up of day ${lastFollowUpDay}; correct the table, it is held back`
  }
  return undefined
}

async function childIds(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch((error: unknown) => {
    throw new SequelaError('file_unreadable', `${root} cannot be read`, { cause: error })
  })
  const ids = entries
    .filter((entry) => entry.isDirectory() && /^sub-[0-9a-zA-Z+]+$/.test(entry.name))
    .map(({ name }) => name)
  if (ids.length > maxChildren)
    throw new SequelaError('table_invalid', `${root} holds ${ids.length} children; is it one hospital's?`)
  return ids.sort()
}

async function visitsOf(root: string, id: string, study: Study): ReturnType<typeof findVisits> {
  const name = `${id}/${id}_sessions.tsv`
  const sessions = await readTable(root, name)
  if (sessions === undefined) throw new SequelaError('table_invalid', `there is no table of visits ${name}`)
  return findVisits({ root, child: id, sessions, sequences: study.pipeline.sequences })
}

async function readOutcomes(
  root: string,
  ids: readonly string[],
  findings: Finding[],
): Promise<ReadonlyMap<string, Outcome>> {
  const table = await readTable(root, 'phenotype/recurrence.tsv')
  const outcomes = new Map<string, Outcome>()
  if (table === undefined) {
    findings.push({ what: 'there is no phenotype/recurrence.tsv: every child takes part in ordering only' })
    return outcomes
  }
  const known = new Set(ids)
  const seen = new Set<string>()
  for (const row of table.rows) {
    const id = cell(table, row, 'participant_id')
    if (id === null || !known.has(id)) {
      findings.push({ what: `${table.name}, line ${row.line}: there is no folder for this child; the row is not used` })
      continue
    }
    if (seen.has(id)) {
      findings.push({ child: id, what: `${table.name} has two rows for this child; neither is used` })
      outcomes.delete(id)
      continue
    }
    seen.add(id)
    try {
      outcomes.set(id, outcomeOf(table, row))
    } catch (error) {
      if (!(error instanceof SequelaError)) throw error
      findings.push({ child: id, what: `${error.message}; the child takes part in ordering only` })
    }
  }
  return outcomes
}

/** The table of that name below the data set; undefined where there is no such file. */
async function readTable(root: string, name: string): Promise<Table | undefined> {
  const path = join(root, name)
  const size = await stat(path).then(
    (info) => info.size,
    () => undefined,
  )
  if (size === undefined) return undefined
  if (size > 16 * 1024 * 1024)
    throw new SequelaError('table_invalid', `table ${name} has ${size} bytes, far more than a table should`)
  return parseTable(name, await readFile(path, 'utf8'))
}
