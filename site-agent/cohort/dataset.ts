// A BIDS data set as a whole: its note, the chart of participants and the table of outcomes, joined with the children's
// folders both ways. A child that is not in the chart is held, for a row that was taken out may be a consent withdrawn.

import { basename, dirname } from 'node:path'
import { type Chart as ChildChart, emptyChart } from '../../shared/cohort/chart.ts'
import type { Outcome } from '../../shared/cohort/outcome.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { type BidsChild, type BidsFolders, readChild, readTable } from './bids.ts'
import { readChartRow } from './chart.ts'
import { type DataFolder, openDataFolder } from './data-folder.ts'
import { type Finding, fewOf, quoted } from './finding.ts'
import { type OutcomeProblem, outcomeColumns, readOutcomes } from './outcome.ts'
import { childOf, type OwnTable, type OwnTables, readOwnTable } from './own-table.ts'
import { isParticipant } from './scan-name.ts'
import { parseTsv, type Row, type Table } from './tsv.ts'

const chartPath = 'participants.tsv'
const outcomePath = 'phenotype/recurrence.tsv'
const descriptionPath = 'dataset_description.json'
const outcomeDictionaryPath = 'phenotype/recurrence.json'

export interface Dataset {
  /** Where the images lie. */
  readonly folder: DataFolder
  /** Children with a folder, sorted, without those that are held. */
  readonly participants: readonly string[]
  /** Children with a folder, held ones included. */
  readonly found: number
  /** One child's visits and images. */
  readonly readChild: (participant: string) => Promise<BidsChild>
  /** How sentences call the table of outcomes. */
  readonly outcomeTable: string
  /** By child; empty for those that have no row. */
  readonly chartOf: (child: string) => ChildChart
  /** By child. */
  readonly outcomes: ReadonlyMap<string, Outcome | OutcomeProblem>
  readonly findings: readonly Finding[]
}

/**
 * Opens a data set: the raw one, or a pipeline's folder below its `derivatives`, whose tables may lie in the raw one.
 * @throws SequelaError `file_unreadable`, `cohort_empty` when it has no child, `table_invalid` when the chart or the
 *   table of outcomes is not a table
 */
export async function openBidsDataset(root: string, tables: OwnTables = {}): Promise<Dataset> {
  const images = await openDataFolder(root)
  const folders: BidsFolders = { images, tables: [images, ...(await rawDataset(images))] }
  const names = (await images.list('')) ?? []
  const children = names.filter(isParticipant)
  if (children.length === 0) {
    const message = `${root} holds no folder called sub-…; give the folder of a BIDS data set, the one with ${chartPath}`
    throw new SequelaError('cohort_empty', message)
  }
  const findings: Finding[] = [...(await descriptionFindings(folders))]
  for (const name of names.filter((name) => /^sub[-_ ]/i.test(name) && !isParticipant(name))) {
    const sentence = `${quoted(name)} is not used: children's folders are called sub- and letters or digits.`
    findings.push({ holds: 'child', rule: 'folder-name', sentence })
  }
  const present = new Set(children)
  const { held, chartColumns, ...joined } = await readJoinedTables(folders, present, tables)
  return {
    ...joined,
    folder: images,
    participants: children.filter((child) => !held.has(child)),
    found: children.length,
    readChild: (participant) => readChild(folders, participant, chartColumns),
    findings: [...findings, ...joined.findings],
  }
}

/** What the chart and the table of outcomes say of children that are present. */
export interface JoinedTables extends Pick<Dataset, 'outcomeTable' | 'chartOf' | 'outcomes' | 'findings'> {
  readonly chartColumns: readonly string[]
  /** Children that the chart does not name, or twice. */
  readonly held: ReadonlySet<string | undefined>
}

/** Reads both, from the site's own tables where its settings name them. @throws SequelaError `table_invalid`. */
export async function readJoinedTables(
  folders: BidsFolders,
  present: ReadonlySet<string>,
  { children, outcomes }: OwnTables,
): Promise<JoinedTables> {
  const charts = await readChart(folders, present, children)
  const known = await readOutcomeTable(folders, present, outcomes)
  return {
    outcomeTable: outcomes?.file ?? outcomePath,
    chartColumns: charts.columns,
    chartOf: (child) => charts.charts.get(child) ?? emptyChart,
    outcomes: known.outcomes,
    held: new Set(charts.findings.filter(({ holds }) => holds === 'child').map(({ child }) => child)),
    findings: [...alike(present), ...charts.findings, ...known.findings],
  }
}

/** Ids that differ in capitals and leading noughts alone are perhaps one child, who must not be in two folds. */
function alike(present: ReadonlySet<string>): Finding[] {
  const bare = (name: string): string =>
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]/g, '')
      .replaceAll(/(?<![0-9])0+(?=[0-9])/g, '')
  return [...Map.groupBy(present, bare).values()].flatMap((names): Finding[] => {
    if (names.length < 2) return []
    const sentence = `${names.map(quoted).join(' and ')} look like one child under two names; if they are, keep one.`
    return [{ holds: 'nothing', rule: 'participants', sentence }]
  })
}

async function rawDataset({ root }: DataFolder): Promise<DataFolder[]> {
  return basename(dirname(root)) === 'derivatives' ? [await openDataFolder(dirname(dirname(root)))] : []
}

async function descriptionFindings(folders: BidsFolders): Promise<Finding[]> {
  const bytes = await readTable(folders, descriptionPath)
  const note = (sentence: string): Finding[] => [{ holds: 'nothing', rule: 'description', sentence }]
  if (bytes === undefined) return note(`there is no ${descriptionPath}; every BIDS data set has one.`)
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    const complete = typeof value === 'object' && value !== null && 'Name' in value && 'BIDSVersion' in value
    return complete ? [] : note(`${descriptionPath} gives no Name or no BIDSVersion.`)
  } catch {
    return note(`${descriptionPath} is not JSON text.`)
  }
}

interface ChartTable {
  readonly columns: readonly string[]
  readonly charts: ReadonlyMap<string, ChildChart>
  readonly findings: readonly Finding[]
}

async function readChart(
  folders: BidsFolders,
  present: ReadonlySet<string>,
  own: OwnTable | undefined,
): Promise<ChartTable> {
  const bytes = own === undefined ? await readTable(folders, chartPath) : undefined
  if (bytes === undefined && own === undefined) {
    const sentence = `there is no ${chartPath}, so nothing says which children belong to the data set; all folders are used.`
    return { columns: [], charts: new Map(), findings: [{ holds: 'nothing', rule: 'participants', sentence }] }
  }
  const table =
    own === undefined
      ? parseTsv(chartPath, bytes ?? new Uint8Array(), ['participant_id'])
      : await readOwnTable(folders.images, own, ['participant_id'])
  const findings: Finding[] = []
  const rows = new Map<string, Row>()
  const charts = new Map<string, ChildChart>()
  for (const row of table.rows) {
    const child = childOf(row.value('participant_id'), present)
    const earlier = rows.get(child)
    if (earlier === undefined) rows.set(child, row)
    else {
      const sentence = `${table.name} lines ${earlier.line} and ${row.line} are both about this child; keep one.`
      findings.push({ holds: 'child', rule: 'participants', child, sentence })
    }
    const { chart, problems } = readChartRow(row)
    charts.set(child, chart)
    for (const problem of problems) {
      const sentence = `${table.name} line ${row.line}: ${problem}`
      findings.push({ holds: 'nothing', rule: 'chart', child, sentence })
    }
  }
  for (const child of [...present].filter((child) => !rows.has(child))) {
    const sentence = `it is not in ${table.name}; add a row if the child may take part, or remove its folder.`
    findings.push({ holds: 'child', rule: 'not-listed', child, sentence })
  }
  const absent = [...rows.keys()].filter((child) => !present.has(child))
  if (absent.length > 0) {
    const sentence = `${table.name} lists children without a folder: ${fewOf(absent.map(quoted))}.`
    findings.push({ holds: 'nothing', rule: 'participants', sentence })
  }
  return { columns: table.columns, charts, findings }
}

async function readOutcomeTable(
  folders: BidsFolders,
  present: ReadonlySet<string>,
  own: OwnTable | undefined,
): Promise<Pick<Dataset, 'outcomes' | 'findings'>> {
  const table = await outcomeRows(folders, own)
  const note = (sentence: string): Finding => ({ holds: 'nothing', rule: 'outcome-unknown-child', sentence })
  if (table === undefined) {
    const sentence = `there is no ${outcomePath}; without outcomes children take part in ordering only.`
    return { outcomes: new Map(), findings: [{ holds: 'nothing', rule: 'outcome-row', sentence }] }
  }
  const outcomes = readOutcomes(table, (id) => childOf(id, present))
  const findings: Finding[] = []
  const absent = [...outcomes.keys()].filter((child) => !present.has(child))
  if (absent.length > 0) {
    findings.push(note(`${table.name} has outcomes of children without a folder: ${fewOf(absent.map(quoted))}.`))
  }
  if (own === undefined && (await readTable(folders, outcomeDictionaryPath)) === undefined) {
    const sentence = `there is no ${outcomeDictionaryPath}; BIDS asks for a dictionary beside each phenotype table.`
    findings.push({ holds: 'nothing', rule: 'description', sentence })
  }
  return { outcomes, findings }
}

async function outcomeRows(folders: BidsFolders, own: OwnTable | undefined): Promise<Table | undefined> {
  if (own !== undefined) return readOwnTable(folders.images, own, outcomeColumns)
  const bytes = await readTable(folders, outcomePath)
  return bytes === undefined ? undefined : parseTsv(outcomePath, bytes, outcomeColumns)
}
