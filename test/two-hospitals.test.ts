// Children who are treated in two hospitals, from the key that hospitals share to the last round: real programs, real tables,
// and a trainer that only counts.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linkageLines } from '../coordinator/linkage/linkage-status.ts'
import { dataSet, rows } from '../site-agent/cohort/testsupport/data-set.ts'
import { writeSettings } from '../site-agent/home.ts'
import { readLinkSecrets } from '../site-agent/linkage/link-key.ts'
import { readLinkageRecord } from '../site-agent/linkage/linkage-record.ts'
import { linkTokenOf } from '../site-agent/linkage/tokens.ts'
import { type Consortium, type EnrolledConsortium, enrolConsortium } from './support/consortium.ts'
import { runSite } from './support/site-command.ts'

/** Numbers of the children of each hospital: a and b share four; c has no key, and would share one. */
const numbers = { a: range(1, 10), b: range(7, 16), c: range(10, 13) }
const shared = range(7, 10)
const insuranceNumber = (n: number): string => `756.9217.0769.${n + 10}`

let enrolled: EnrolledConsortium
let consortium: Consortium
beforeAll(async () => {
  enrolled = await enrolConsortium()
  consortium = await enrolled.open({ policy: ', linkage: keyed-hash', fromTables: true })
  for (const [site, of] of Object.entries(numbers)) await furnish(site, of)
  const keyFile = join(consortium.folder, 'for-the-others.key')
  const [made, taken] = [
    await runSite(['--home', consortium.siteHome('a').folder, 'link-key', '--create', keyFile]),
    await runSite(['--home', consortium.siteHome('b').folder, 'link-key', '--import', keyFile]),
  ]
  const groups = /([0-9a-f]{4} ){4}[0-9a-f]{4}/
  expect(groups.exec(taken.stdout)?.[0]).toBe(groups.exec(made.stdout)?.[0])
  await consortium.startCoordinator()
  await consortium.propose()
  await consortium.startAgents(['a', 'b', 'c'])
  await consortium.when('every site to be heard', ({ linkage }) => linkage?.sites.every(isHeard) ?? false)
  await consortium.startRun()
  await consortium.finished()
})
afterAll(async () => {
  await consortium?.close()
  await enrolled.close()
})

describe('four children whom two hospitals treat', () => {
  test('count once in every round, at one hospital or the other', async () => {
    const { rounds } = await consortium.status()
    expect(rounds).toHaveLength(3)
    for (const { sites } of rounds) {
      const children = new Map(sites.map((one) => [one.site, one.children ?? 0]))
      const [a = 0, b = 0] = [children.get('a'), children.get('b')]
      expect(a + b).toBe(numbers.a.length + numbers.b.length - shared.length)
      expect(children.get('c')).toBe(numbers.c.length)
    }
  })

  test('are known to both hospitals, and each is held back at exactly one', async () => {
    const [a, b] = [await found('a'), await found('b')]
    expect([...a.held, ...b.held].toSorted()).toEqual(childrenNamed(shared))
    expect(a.kept).toEqual(b.held)
    expect(b.kept).toEqual(a.held)
  })

  test('are a number for the consortium, beside who is not compared and why', async () => {
    const { linkage } = await consortium.status()
    expect(linkage === undefined ? [] : linkageLines(linkage)).toEqual([
      'children in two hospitals: compared a, b',
      '  c: unchecked, it has no key that hospitals share (site link-key)',
      `  a and b share ${shared.length}`,
    ])
  })
})

test('a hospital’s own programs say what left and what came of it', async () => {
  const [egress, status, unchecked] = [
    await runSite(['--home', consortium.siteHome('a').folder, 'egress']),
    await runSite(['--home', consortium.siteHome('a').folder, 'status']),
    await runSite(['--home', consortium.siteHome('c').folder, 'status']),
  ]
  expect(egress.stdout).toMatch(/asked which children another hospital has\n +64 keyed hashes/)
  expect(status.stdout).toContain(`of ${numbers.a.length} children, another hospital has ${shared.length} too`)
  expect(unchecked.stdout).toContain('not checked for children in two hospitals')
})

test('when the run is over, no identifier and no hash is left with the coordinator, nor in any log', async () => {
  const secrets = await readLinkSecrets(consortium.siteHome('a').linkKeyFile)
  const tokens = shared.map((n) =>
    linkTokenOf(secrets?.key ?? Buffer.alloc(0), consortium.study.digest, insuranceNumber(n)),
  )
  const needles = [
    ...tokens.flatMap((token) => [Buffer.from(token), Buffer.from(token, 'hex')]),
    ...['756.9217', 'sub-1'].map((text) => Buffer.from(text)),
    Buffer.from(Buffer.from(secrets?.key ?? []).toString('hex')),
  ]
  const files = [...(await filesBelow(join(consortium.folder, 'coordinator'))), ...(await logs())]
  expect(files.length).toBeGreaterThan(3)
  for (const file of files) {
    const content = await readFile(file)
    for (const needle of needles) expect(content.includes(needle), `${file} holds ${needle.toString()}`).toBe(false)
  }
})

async function furnish(site: string, of: readonly number[]): Promise<void> {
  const data = join(consortium.folder, 'data', site)
  const visits = [
    { session: 'ses-1', day: 30 },
    { session: 'ses-2', day: 200 },
  ]
  const files = dataSet(Object.fromEntries(childrenNamed(of).map((child) => [child, visits])))
  for (const [path, content] of files) {
    await mkdir(dirname(join(data, path)), { recursive: true })
    await writeFile(join(data, path), content)
  }
  const table = join(consortium.folder, `numbers-${site}.tsv`)
  const listed = of.map((n) => [childNamed(n), insuranceNumber(n)])
  await writeFile(table, rows([['participant_id', 'linkage_id'], ...listed]))
  await writeSettings(consortium.siteHome(site), {
    data,
    threads: 1,
    tables: { linkage: { file: table, columns: {} } },
  })
}

async function found(site: string) {
  const outcome = (await readLinkageRecord(consortium.siteHome(site).linkageFile))[consortium.study.digest]
  if (outcome?.kind !== 'compared') throw new Error(`${site} was not compared`)
  return outcome
}

function isHeard({ state }: { readonly state: string }): boolean {
  return state !== 'silent'
}

function childNamed(n: number): string {
  return `sub-1${String(n).padStart(2, '0')}`
}

function childrenNamed(of: readonly number[]): string[] {
  return of.map(childNamed)
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

async function logs(): Promise<string[]> {
  return (await readdir(consortium.folder))
    .filter((name) => name.endsWith('.log'))
    .map((name) => join(consortium.folder, name))
}
