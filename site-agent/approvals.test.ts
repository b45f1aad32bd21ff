import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256 } from '../shared/digest.ts'
import { judgingStudyText } from '../shared/study/judged-study.ts'
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
  expect((await approvals.list()).studies.map(({ digest }) => `${digest}.yaml`)).toEqual(names)
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

test('an approval that cannot be read hides no other and is told with its reason', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sequela-approvals-unreadable-'))
  const approvals = createApprovals(folder)
  const [first, second, changed] = [1, 2, 3].map((rounds) =>
    testStudyFile([`{ task: ordering, rounds: ${rounds}, learningRate: 1e-3 }`]),
  )
  if (first === undefined || second === undefined || changed === undefined) throw new Error('three studies were made')
  for (const study of [first, second, changed]) await approvals.approve(study)
  await writeFile(join(folder, `${changed.digest}.yaml`), `${changed.text}# and more`)
  const later = `${first.text}ofALaterVersion: true\n`
  await writeFile(join(folder, `${sha256(later)}.yaml`), later)
  const { studies, unreadable } = await approvals.list()
  expect(studies).toEqual([first, second])
  expect(new Map(unreadable.map(({ digest, ...why }) => [digest, why]))).toEqual(
    new Map([
      [changed.digest, { code: 'digest_mismatch', reason: expect.stringContaining('approve again') }],
      [sha256(later), { code: 'study_invalid', reason: expect.stringContaining('update this program') }],
    ]),
  )
  expect(await approvals.find(first.digest)).toEqual(first)
  await expect(approvals.find(changed.digest)).rejects.toMatchObject({ code: 'digest_mismatch' })
  await expect(approvals.find(sha256(later))).rejects.toMatchObject({ code: 'study_invalid' })
  await rm(folder, { recursive: true })
})

test('a study that judges weights is approved only as this hospital approved their training', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sequela-approvals-judging-'))
  const approvals = createApprovals(folder)
  const trained = testStudyFile()
  const options = { name: 'judged', sites: ['here', 'there'], weights: sha256('weights') }
  const text = judgingStudyText(trained, options)
  const other = parseStudy(text.replace('sites: [ here ]', 'sites: [ there ]'))
  const stranger = parseStudy(text.replace(trained.digest, sha256('a study of others')))
  await approvals.approve(trained)
  await expect(approvals.approve(other)).rejects.toMatchObject({
    code: 'study_invalid',
    message: expect.stringContaining('from.sites'),
  })
  await expect(approvals.find(other.digest)).rejects.toMatchObject({ code: 'not_approved' })
  for (const study of [parseStudy(text), stranger]) {
    await approvals.approve(study)
    expect(await approvals.find(study.digest)).toEqual(study)
  }
  await rm(folder, { recursive: true })
})
