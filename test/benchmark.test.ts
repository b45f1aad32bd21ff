// The benchmark at its smallest: six sites with a handful of children, one round of each stage. It is killed once as a power cut would
// kill it, and the same command goes on where it stood.

import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { benchmarkOptions } from '../benchmark/options.ts'
import { planCells } from '../benchmark/plan.ts'
import { siteNames } from '../benchmark/study-text.ts'
import { startProgram } from './support/program.ts'

const small = ['--seeds', '1', '--children', '24', '--test-children', '12', '--rounds', '1', '--workers', '2']
/** Cells of the first tier. */
const headlineCells = planCells(benchmarkOptions(['node', 'benchmark', ...small, '--tier', '1']), siteNames).length
const cellLine = /^\d+\/\d+ {2}(\S+) /gm

let root: string
let out: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sequela-benchmark-'))
  out = join(root, 'out')
})
afterAll(() => rm(root, { recursive: true }))

function start(folder: string, options: readonly string[]) {
  return startProgram({
    ...{ entry: '../../benchmark/main.ts', args: [...small, ...options, '--out', folder] },
    ...{ logFile: join(root, 'log'), readyWord: '1 seeds of the hardened cohort' },
  })
}

/** Runs the benchmark to its end. @returns names of the cells that it computed, in order */
async function run(folder: string, ...options: string[]): Promise<string[]> {
  const program = await start(folder, options)
  expect(await program.ended).toBe(0)
  expect(program.output()).toContain(`results  ${join(folder, 'results.md')}`)
  return [...program.output().matchAll(cellLine)].map(([, cell = '']) => cell)
}

const cellsFolder = (of: string): string => join(of, 'cells', 'hardened-tiny')

/** Results on disk, by the name of the cell. */
async function kept(of: string): Promise<Map<string, string>> {
  const names = (await readdir(cellsFolder(of))).filter((name) => name.endsWith('.json'))
  return new Map(
    await Promise.all(
      names.map(async (name) => [name.slice(0, -5), await readFile(join(cellsFolder(of), name), 'utf8')] as const),
    ),
  )
}

/** What a cell came to, without how long it took. */
async function resultOf(of: string, cell: string): Promise<unknown> {
  return JSON.parse(await readFile(join(cellsFolder(of), `${cell}.json`), 'utf8')).result
}

describe('a benchmark', () => {
  test('that was killed goes on where it stood, and writes its page once all cells are there', async () => {
    const headline = await start(out, ['--tier', '1'])
    await vi.waitUntil(() => headline.output().includes(`\n1/${headlineCells} `), { timeout: 600_000 })
    await headline.end('SIGKILL')
    const before = await kept(out)
    expect(before.size).toBeGreaterThan(0)
    expect(before.size).toBeLessThan(headlineCells)
    expect(existsSync(join(out, 'results.md'))).toBe(false)
    const children = await readFile(join(out, 'cohorts', 'hardened-tiny-24-12-any-1', 'children.json'))

    const computed = await run(out, '--tier', '1')
    const after = await kept(out)
    expect(after.size).toBe(headlineCells)
    expect([...computed, ...before.keys()].toSorted()).toEqual([...after.keys()].toSorted())
    for (const [cell, content] of before) expect(after.get(cell), cell).toBe(content)
    expect(await readFile(join(out, 'cohorts', 'hardened-tiny-24-12-any-1', 'children.json'))).toEqual(children)

    const page = await readFile(join(out, 'results.md'), 'utf8')
    expect(page).toContain(`All ${headlineCells} cells of tier 1 of 6 are finished`)
    const plots = [...page.matchAll(/^!\[[^\]]+\]\(([^)]+\.svg)\)$/gm)].map(([, file = '']) => file)
    expect(plots.length).toBeGreaterThan(2)
    for (const plot of plots) expect(existsSync(join(out, plot)), plot).toBe(true)
  })

  test('computes nothing again of what it has', async () => {
    expect(await run(out, '--tier', '1')).toEqual([])
  })

  test('comes to the same whether or not it was interrupted', async () => {
    const undisturbed = join(root, 'undisturbed')
    await mkdir(undisturbed)
    await symlink(join(out, 'cohorts'), join(undisturbed, 'cohorts'))
    const cells = ['1.ordering.order.federated', '1.recurrence.order.federated.40']
    expect(await run(undisturbed, '--only', 'recurrence.order.federated.40', '--tier', '1')).toEqual(cells)
    for (const cell of cells) expect(await resultOf(undisturbed, cell)).toEqual(await resultOf(out, cell))
    const weights = join('cells', 'hardened-tiny', '1.ordering.order.federated.all.safetensors')
    expect(await readFile(join(undisturbed, weights))).toEqual(await readFile(join(out, weights)))
  })

  test('has figures of every kind of cell', async () => {
    const cells = [
      '1.recurrence.order.federated.40.mixed-0',
      '1.recurrence.scratch.local.40',
      '1.recurrence.single-scan.federated.40',
      '1.recurrence.personal-head.federated.40',
      '1.upgrade',
      '1.left-out.zurich',
    ]
    const computed = await run(out, '--only', cells.join(','))
    expect(computed.toSorted()).toEqual(cells.toSorted())
    // JSON has no NaN: a figure that could not be computed would be null.
    for (const [cell, content] of await kept(out)) expect(content, cell).not.toContain('null')
    const kinds = new Set([...(await kept(out)).values()].map((content) => JSON.parse(content).cell.kind))
    expect([...kinds].toSorted()).toEqual([
      ...['left-out', 'lesion-change', 'ordering', 'plain', 'recurrence', 'shortcuts', 'upgrade'],
    ])
    const local = await resultOf(out, '1.recurrence.scratch.local.40')
    expect(local).toMatchObject({
      models: { boston: {}, kyoto: {}, lyon: {}, philadelphia: {}, toronto: {}, zurich: {} },
    })
  })
})
