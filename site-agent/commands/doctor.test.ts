import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type LiveFederation, startLiveFederation } from '../../coordinator/testsupport/live-federation.ts'
import { type SiteHome, siteHome } from '../home.ts'
import { doctor } from './doctor.ts'
import { enrol } from './enrol.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-doctor-'))
let live: LiveFederation
beforeAll(async () => {
  live = await startLiveFederation()
})
afterAll(async () => {
  await live.close()
  rmSync(folder, { recursive: true })
})

/** What `doctor` prints, and what it throws. */
async function consult(home: SiteHome): Promise<{ readonly said: string; readonly failure: unknown }> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    const failure = await doctor(home).then(
      () => undefined,
      (error: unknown) => error,
    )
    return { said: write.mock.calls.flat().join(''), failure }
  } finally {
    write.mockRestore()
  }
}

test('tries the way to the coordinator also where the scans are not found, and still fails', async () => {
  const home = siteHome(mkdtempSync(join(folder, 'home-')))
  const data = mkdtempSync(join(folder, 'empty-'))
  await enrol(home, { code: await live.enrolment.invite('a'), data })
  const { said, failure } = await consult(home)
  expect(said).toMatch(/ {2}data +FAILS\n {4}.* holds no folder called sub-…/)
  expect(said).toMatch(/ {2}coordinator answers; /)
  expect(said).not.toContain('All is well')
  expect(failure).toMatchObject({
    code: 'cohort_empty',
    message: expect.stringContaining('the way to the coordinator is open'),
  })
})

test('ends at the first step on the way that fails, since the later ones hang on it', async () => {
  const home = siteHome(mkdtempSync(join(folder, 'home-')))
  await enrol(home, { code: await live.enrolment.invite('a'), data: folder })
  const identity = {
    ...JSON.parse(readFileSync(home.identityFile, 'utf8')),
    federationAddress: 'no-such-host.invalid:1',
  }
  writeFileSync(home.identityFile, JSON.stringify(identity))
  const { said, failure } = await consult(home)
  expect(said).toMatch(/ {2}name +FAILS\n$/)
  expect(failure).toMatchObject({ code: 'unreachable', message: expect.stringContaining('ask IT') })
})
