import { existsSync, rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { silentLog } from '../shared/log.ts'
import { parseStudy } from '../shared/study/study.ts'
import { createChildrenProvider } from './children.ts'
import { dataSet, imagePath, temporaryFolder, testStudyFile, writeDataSet } from './cohort/testsupport/data-set.ts'
import { npyFile } from './features/testsupport/npy-file.ts'
import { siteHome } from './home.ts'

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
