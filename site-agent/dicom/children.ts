// Who is who: the table that joins a hospital's patient ids with the random ids and the one date shift of each child. It is
// the only place where both stand, lies in the agent's home with access for its user alone, and is never sent.

import { randomInt } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { isParticipant } from '../cohort/scan-name.ts'
import { parseTsv } from '../cohort/tsv.ts'
import { writeFileDurably } from '../durable-file.ts'
import type { MappedPatient } from './map-file.ts'

export interface KnownChild {
  readonly patientId: string
  readonly participant: string
  /** Added to every date: a whole number of days, negative. */
  readonly shiftDays: number
  /** Not in the table before this run. */
  readonly isNew: boolean
}

export interface Children {
  /** The child of a patient, drawn anew when it is not known yet. @throws SequelaError `config_invalid`. */
  of(patientId: string, mapped: MappedPatient | undefined): KnownChild
  /** Writes the table when children were added. */
  save(): Promise<void>
}

/** Uniform whole numbers in [0, count). */
export type Draw = (count: number) => number

/**
 * Dates go back by 126 to 145 years: what is scanned before 2051 lies in 1925 or earlier, so that everybody sees that the
 * dates are shifted (BIDS), and nobody can tell by how much.
 */
const leastShiftDays = 46_021
const shiftRangeDays = 6_940

const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789'
/** 30⁸ ids: two of 10,000 children share one with a chance of 1 in 13,000, and then it is drawn again. */
const idLength = 8

export interface ChildrenOptions {
  /** Only looking: new children are called sub-new1, sub-new2 and so on, since their ids are drawn when they are kept. */
  readonly dryRun?: boolean
  readonly draw?: Draw
}

/** Reads the table, which need not be there yet. @throws SequelaError `file_unreadable`, `table_invalid`. */
export async function readChildren(file: string, options: ChildrenOptions = {}): Promise<Children> {
  const { dryRun = false, draw = (count: number) => randomInt(count) } = options
  const bytes = await readFile(file).catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return undefined
    throw new SequelaError('file_unreadable', `${file} cannot be read (${systemCode(cause)})`, { cause })
  })
  const known = new Map<string, KnownChild>()
  for (const row of bytes === undefined ? [] : parseTsv(file, bytes, columns).rows) {
    const child = {
      patientId: row.value('patient_id') ?? '',
      participant: row.value('participant_id') ?? '',
      shiftDays: Number(row.value('shift_days')),
      isNew: false,
    }
    if (child.patientId === '' || !isParticipant(child.participant) || !Number.isInteger(child.shiftDays)) {
      throw new SequelaError('table_invalid', `${file} line ${row.line} is damaged; restore it from a backup`)
    }
    known.set(child.patientId, child)
  }
  const taken = new Set([...known.values()].map(({ participant }) => participant))
  let added = false

  const drawId = (): string => {
    for (let number = 1; ; number++) {
      if (dryRun && !taken.has(`sub-new${number}`)) return `sub-new${number}`
      if (dryRun) continue
      const id = `sub-${Array.from({ length: idLength }, () => alphabet[draw(alphabet.length)]).join('')}`
      if (!taken.has(id)) return id
    }
  }
  return {
    of: (patientId, mapped) => {
      const before = known.get(patientId)
      if (before !== undefined) {
        if (mapped?.participant === undefined || mapped.participant === before.participant) return before
        const message = `the map calls a child ${mapped.participant} that was imported as ${before.participant}; an id stays for good`
        throw new SequelaError('config_invalid', message)
      }
      if (mapped?.participant !== undefined && taken.has(mapped.participant)) {
        throw new SequelaError('config_invalid', `the map gives ${mapped.participant} to a second patient`)
      }
      const child = {
        patientId,
        participant: mapped?.participant ?? drawId(),
        shiftDays: -(leastShiftDays + draw(shiftRangeDays)),
        isNew: true,
      }
      known.set(patientId, child)
      taken.add(child.participant)
      added = true
      return child
    },
    save: async () => {
      if (!added) return
      const rows = [...known.values()].map((child) => [child.patientId, child.participant, String(child.shiftDays)])
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      await writeFileDurably(file, [[...columns], ...rows].map((row) => `${row.join('\t')}\n`).join(''), 0o600)
      added = false
    },
  }
}

const columns = ['patient_id', 'participant_id', 'shift_days'] as const

/** Whether a patient id can stand in the table: no letter that would break a row. */
export function isUsableId(patientId: string): boolean {
  return (
    patientId !== '' &&
    patientId.length <= 64 &&
    patientId.toLowerCase() !== 'n/a' &&
    !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(patientId)
  )
}
