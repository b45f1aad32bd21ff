import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseStudy } from '../shared/study/study.ts'
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

test('what no new study may ask is not approved, and what was approved earlier is still read', async () => {
  const { text } = testStudyFile(['{ task: ordering, rounds: 9, learningRate: 1e-3 }'])
  const old = parseStudy(text.replace('spacingMm: 7', 'spacingMm: 3.5'))
  const approvals = createApprovals(folder)
  await expect(approvals.approve(old)).rejects.toMatchObject({
    code: 'study_invalid',
    message: expect.stringContaining('model.spacingMm'),
  })
  await expect(approvals.find(old.digest)).rejects.toMatchObject({ code: 'not_approved' })
  await writeFile(join(folder, `${old.digest}.yaml`), old.text)
  expect(await approvals.find(old.digest)).toEqual(old)
})
