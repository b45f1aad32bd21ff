import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dataSet, imagePath } from '../site-agent/cohort/testsupport/data-set.ts'
import { fromEuler } from '../site-agent/imaging/rigid.ts'
import { brainScan } from '../site-agent/imaging/testsupport/head.ts'
import { startProgram } from './support/program.ts'
import { runSite } from './support/site-command.ts'

const visits = [
  { session: 'ses-1', day: 30 },
  { session: 'ses-2', day: 200 },
]
const children = ['sub-a', 'sub-b']
const scans = children.length * visits.length

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sequela-preparing-'))
  const files = dataSet(Object.fromEntries(children.map((child) => [child, visits])))
  for (const [c, child] of children.entries()) {
    for (const [v, { session }] of visits.entries()) {
      const moved = fromEuler([0.05 * v, 0.04 * c, 0, 3 * v, 2 * c, 0], [0, 0, 0])
      files.set(imagePath(child, session, 'FLAIR.nii'), brainScan({ moved, left: 1 + 0.1 * (2 * c + v) }))
      files.delete(imagePath(child, session))
    }
  }
  for (const [path, content] of files) {
    mkdirSync(join(folder, 'data', path, '..'), { recursive: true })
    writeFileSync(join(folder, 'data', path), content)
  }
  writeFileSync(join(folder, 'study.yaml'), studyText)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const wordsFor = (home: string): string[] => [
  ...['--home', join(folder, home), 'prepare', '--data', join(folder, 'data')],
  ...['--study', join(folder, 'study.yaml'), '--processes', '1'],
]

/** Starts preparing, and ends it with a signal once so many scans are done. @returns what it said */
async function interrupted(home: string, after: number, signal: NodeJS.Signals): Promise<string> {
  const program = await startProgram({
    ...{ entry: '../../site-agent/main.ts', args: wordsFor(home), logFile: join(folder, 'log') },
    readyWord: `  prepared ${after} of ${scans}`,
  })
  await program.end(signal)
  return program.output()
}

const preparedIn = (home: string): string => join(folder, home, 'cache/prepared')
const blocksIn = (home: string): string[] =>
  readdirSync(preparedIn(home))
    .filter((name) => name.endsWith('.f32'))
    .toSorted()

function contentOf(home: string): Record<string, string> {
  const digestOf = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(join(preparedIn(home), name)))
      .digest('hex')
  return Object.fromEntries(blocksIn(home).map((name) => [name, digestOf(name)]))
}

describe('preparing that is interrupted', () => {
  test('says what is kept, goes on there, and comes to the same as one that was not', async () => {
    expect(await interrupted('often', 1, 'SIGINT')).toMatch(
      /cancelled: stopped after [1-3] scans, which are kept; the same command goes on there/,
    )
    const kept = blocksIn('often')
    expect(kept.length).toBeGreaterThanOrEqual(1)
    expect(kept.length).toBeLessThan(scans)
    const madeAt = (name: string): bigint => statSync(join(preparedIn('often'), name), { bigint: true }).mtimeNs
    const before = kept.map(madeAt)

    await interrupted('often', kept.length + 1, 'SIGKILL')
    expect(kept.map(madeAt)).toEqual(before)

    const last = await runSite(wordsFor('often'))
    expect(last).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`${scans} of ${scans} scans are prepared`),
    })
    expect(last.stdout).toContain('Nothing is held back.')
    expect(kept.map(madeAt)).toEqual(before)

    expect((await runSite(wordsFor('once'))).status).toBe(0)
    expect(blocksIn('once')).toHaveLength(scans)
    expect(contentOf('often')).toEqual(contentOf('once'))
  })
})

const studyText = `study: preparing
seed: 1
model: { preset: tiny, grid: [24, 32, 24], spacingMm: 7 }
pipeline: { template: mni152, sequences: [FLAIR], registration: rigid, brainMask: template }
sites: [here]
folds: { train: 0.6, validation: 0.2, test: 0.2 }
stages:
  - { task: ordering, rounds: 1, learningRate: 1e-3 }
round: { quorum: 1, deadline: 1h }
policy: {}
`
