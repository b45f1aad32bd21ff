// The hospital's table of identifiers that other hospitals know too, such as a national number or a trust centre's pseudonym.
// Read only for studies that look for children in two hospitals; identifiers are hashed (linkage/tokens.ts) and kept nowhere,
// and no sentence repeats one.

import { normalisedIdentifier } from '../linkage/tokens.ts'
import type { DataFolder } from './data-folder.ts'
import { type Finding, fewOf } from './finding.ts'
import { childOf, type OwnTable, readOwnTable } from './own-table.ts'
import type { Row } from './tsv.ts'

/** A national number or a pseudonym; whoever has put a whole row into the cell is told. */
const longestIdentifier = 200

export interface LinkageIds {
  /** By `participant_id`, in the spelling on which hospitals agree. */
  readonly ids: ReadonlyMap<string, string>
  /** One of these is perhaps the other under a second name, so neither is used. */
  readonly held: ReadonlySet<string>
  readonly findings: readonly Finding[]
}

/** @param present children of the data set. @throws SequelaError `table_invalid`, `file_unreadable`. */
export async function readLinkageIds(data: DataFolder, own: OwnTable, present: readonly string[]): Promise<LinkageIds> {
  const table = await readOwnTable(data, own, ['participant_id', 'linkage_id'])
  const known = new Set(present)
  const findings: Finding[] = []
  const byChild = Map.groupBy(table.rows, (row) => childOf(row.value('participant_id'), known))
  const ids = new Map<string, string>()
  for (const child of present) {
    const read = identifierIn(byChild.get(child) ?? [])
    if (read === undefined) continue
    if ('id' in read) ids.set(child, read.id)
    else findings.push({ holds: 'nothing', rule: 'linkage', child, sentence: `${table.name} ${read.problem}` })
  }
  const without = present.filter((child) => !ids.has(child))
  if (without.length > 0) {
    const sentence = `${fewOf(without)} have no linkage_id in ${table.name} and are used without being looked for elsewhere.`
    findings.push({ holds: 'nothing', rule: 'linkage', sentence })
  }
  const twins = [...Map.groupBy(ids.keys(), (child) => ids.get(child)).values()].filter(({ length }) => length > 1)
  for (const children of twins) {
    for (const child of children) {
      const others = children.filter((other) => other !== child).join(' and ')
      const sentence = `it has the linkage_id of ${others}, so they may be one child; correct ${table.name} or keep one.`
      findings.push({ holds: 'child', rule: 'linkage', child, sentence })
    }
  }
  return { ids, held: new Set(twins.flat()), findings }
}

function identifierIn(rows: readonly Row[]): { readonly id: string } | { readonly problem: string } | undefined {
  const told = rows.flatMap((row) => {
    const text = row.value('linkage_id')
    return text === undefined ? [] : [{ line: row.line, id: normalisedIdentifier(text) }]
  })
  const [first] = told
  if (first === undefined || first.id === '') return undefined
  const other = told.find(({ id }) => id !== first.id)
  if (other !== undefined)
    return { problem: `lines ${first.line} and ${other.line} give this child two identifiers; keep one.` }
  if (first.id.length <= longestIdentifier) return { id: first.id }
  return { problem: `line ${first.line}: a linkage_id has at most ${longestIdentifier} letters.` }
}
