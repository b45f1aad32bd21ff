import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parseStudy } from '../../shared/study/study.ts'
import { exampleStudyText } from '../../shared/study/testsupport/example-study.ts'
import { createApprovals } from '../approvals.ts'
import { type SiteHome, siteHome } from '../home.ts'
import { createStatusBoard } from '../status-board.ts'
import { siteStatus } from './status.ts'

const root = mkdtempSync(join(tmpdir(), 'sequela-site-status-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const study = parseStudy(exampleStudyText)

function enrolledHome(name: string): SiteHome {
  const home = siteHome(join(root, name))
  mkdirSync(home.folder)
  writeFileSync(home.identityFile, '{}')
  return home
}

test('a study that an agent was offered waits for approval until it is approved, in words and as JSON', async () => {
  const home = enrolledHome('offered')
  const board = createStatusBoard({ file: home.statusFile, clock: { now: () => 0 } })
  board.update({ offers: [{ digest: study.digest, name: 'plgg' }] })
  await board.settled()
  expect(await siteStatus(home, false)).toContain(`Study plgg waits for this hospital's approval`)

  await createApprovals(home.approvalsFolder).approve(study)
  expect(await siteStatus(home, false)).not.toContain('waits for')
  expect(JSON.parse(await siteStatus(home, true))).toMatchObject({ running: false, offers: [] })
})

test('an approval that cannot be read is told, in words and as JSON, and hides no other', async () => {
  const home = enrolledHome('changed')
  const board = createStatusBoard({ file: home.statusFile, clock: { now: () => 0 } })
  board.update({ offers: [{ digest: study.digest, name: 'plgg' }] })
  await board.settled()
  await createApprovals(home.approvalsFolder).approve(study)
  const changed = 'f'.repeat(64)
  writeFileSync(join(home.approvalsFolder, `${changed}.yaml`), study.text)
  const said = await siteStatus(home, false)
  expect(said).not.toContain('waits for')
  expect(said).toContain(`No part in study ${changed.slice(0, 12)}: `)
  expect(JSON.parse(await siteStatus(home, true))).toMatchObject({
    offers: [],
    unreadableApprovals: [{ digest: changed, code: 'digest_mismatch' }],
  })
})

test('names as next step what can be done next: enrol before there is an identity, then run', async () => {
  expect(await siteStatus(siteHome(join(root, 'new')), false)).toContain('Join with: site enrol CODE --data FOLDER')
  expect(await siteStatus(enrolledHome('enrolled'), false)).toContain('Start it with: site run')
})
