import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApprovals } from './approvals.ts'
import { testStudyFile } from './cohort/testsupport/data-set.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sequela-approvals-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('approved studies stand in the order in which they were approved, whatever their digests', async () => {
  const approvals = createApprovals(folder)
  const studies = [1, 2, 3, 4].map((rounds) =>
    testStudyFile([`{ task: ordering, rounds: ${rounds}, learningRate: 1e-3 }`]),
  )
  for (const study of studies) await approvals.approve(study)
  // In order of their digests backwards, hours apart, as no test could wait.
  const names = (await readdir(folder)).toSorted().reverse()
  for (const [hour, name] of names.entries()) await utimes(join(folder, name), 0, 3600 * hour)
  expect((await approvals.list()).map(({ digest }) => `${digest}.yaml`)).toEqual(names)
})
