import { existsSync, rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { sha256 } from '../shared/digest.ts'
import { silentLog } from '../shared/log.ts'
import { judgingStudyText } from '../shared/study/judged-study.ts'
import { parseStudy } from '../shared/study/study.ts'
import { createChildrenProvider, identifiersFor, studyCohort } from './children.ts'
import {
  dataSet,
  imagePath,
  rows,
  temporaryFolder,
  testStudyFile,
  writeDataSet,
} from './cohort/testsupport/data-set.ts'
import { npyFile } from './features/testsupport/npy-file.ts'
import { siteHome } from './home.ts'
import { recordLinkage } from './linkage/linkage-record.ts'

const study = parseStudy(
  testStudyFile()
    .text.replace(/model: .*/, 'model: { preset: embeddings, features: 3 }')
    .replace(/pipeline: .*/, 'pipeline: { features: brainiac }'),
)
const options = { signal: new AbortController().signal, onProgress: () => {} }

test('children are prepared once, and again when the cache was deleted meanwhile', async () => {
  const days = [10, 100, 200]
  const visits = days.map((day, v) => ({ session: `ses-${v + 1}`, day }))
  const files = dataSet({ 'sub-a': visits, 'sub-b': visits })
  for (const [c, child] of ['sub-a', 'sub-b'].entries()) {
    for (const [v, { session }] of visits.entries())
      files.set(imagePath(child, session, 'desc-brainiac_features.npy'), npyFile([c, v, 7]))
  }
  const home = siteHome(temporaryFolder())
  const settings = { data: writeDataSet(files), threads: 1 }
  const childrenOf = createChildrenProvider({ home, settings, site: 'here', log: silentLog })
  const first = await childrenOf(study, options)
  expect(await childrenOf(study, options)).toBe(first)
  rmSync(home.preparedFolder, { recursive: true })
  const again = await childrenOf(study, options)
  expect(again).toEqual(first)
  expect(again.flatMap(({ scans }) => scans.map(({ file }) => existsSync(file)))).toEqual(Array(6).fill(true))
})

const visits = [
  { session: 'ses-1', day: 30 },
  { session: 'ses-2', day: 200 },
]

test('a child that another hospital kept in the training is neither named nor judged when the weights are judged', async () => {
  const trained = parseStudy(testStudyFile().text.replace('minCell: 2', 'minCell: 2, linkage: keyed-hash'))
  const judging = parseStudy(judgingStudyText(trained, { name: 'judged', sites: ['here'], weights: sha256('weights') }))
  const home = siteHome(temporaryFolder())
  await mkdir(home.folder, { recursive: true })
  const files = dataSet({ 'sub-a': visits, 'sub-b': visits, 'sub-c': visits })
  files.set(
    'numbers.tsv',
    rows([
      ['participant_id', 'id'],
      ['sub-a', '1'],
      ['sub-b', '2'],
      ['sub-c', '3'],
    ]),
  )
  const tables = { linkage: { file: 'numbers.tsv', columns: { participant_id: 'participant_id', linkage_id: 'id' } } }
  const deps = { home, site: 'here', settings: { data: writeDataSet(files), threads: 1, tables } }
  const known = { kind: 'compared', at: '', name: 'test', keyFingerprint: '', children: 3, keysDiffer: false } as const
  await recordLinkage(home.linkageFile, trained.digest, { ...known, held: ['sub-b'], kept: [] })
  await recordLinkage(home.linkageFile, judging.digest, { ...known, held: ['sub-c'], kept: [] })
  expect([...((await identifiersFor(deps, judging)) ?? [])].map(([child]) => child)).toEqual(['sub-a', 'sub-c'])
  expect([...((await identifiersFor(deps, trained)) ?? [])]).toHaveLength(3)
  const { children } = await studyCohort(deps, judging)
  expect(children.map(({ participant }) => participant)).toEqual(['sub-a'])
})
