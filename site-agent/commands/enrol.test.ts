import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type LiveFederation, startLiveFederation } from '../../coordinator/testsupport/live-federation.ts'
import { readSettings, type SiteHome, siteHome } from '../home.ts'
import { readIdentity } from '../identity-file.ts'
import { enrol } from './enrol.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-enrol-'))
let live: LiveFederation
beforeAll(async () => {
  live = await startLiveFederation()
})
afterAll(async () => {
  await live.close()
  rmSync(folder, { recursive: true })
})

let home: SiteHome
beforeEach(() => {
  home = siteHome(mkdtempSync(join(folder, 'home-')))
})

/** As hospital IT keeps it, with comments and in its own order. */
const written = `# asked for by radiology, 2026-03-02
layout: flat   # names hold the date
data: ${folder}
sequence: FLAIR
tables:
  linkage:
    file: /secure/numbers.csv
    columns: { participant_id: Patient, linkage_id: Insurance number }
`

describe('joining', () => {
  test('for the first time writes folder and threads into site.yaml', async () => {
    const told = await enrol(home, { code: await live.enrolment.invite('a'), data: folder })
    expect(await readSettings(home)).toEqual({ data: folder, threads: 1 })
    expect((await readIdentity(home.identityFile)).site).toBe('a')
    expect(told).toMatch(/^This is now site a of /)
    expect(told).not.toContain('stay as they are')
  })

  test('for the first time asks for the folder, and leaves the code good', async () => {
    const code = await live.enrolment.invite('a')
    await expect(enrol(home, { code })).rejects.toMatchObject({ code: 'usage' })
    await enrol(home, { code, data: folder, threads: 2 })
    expect(await readSettings(home)).toEqual({ data: folder, threads: 2 })
  })

  test.each([
    ['without --data', undefined],
    ['with the same --data', folder],
  ])('again %s leaves site.yaml as people wrote it', async (_, data) => {
    writeFileSync(home.settingsFile, written)
    const told = await enrol(home, { code: await live.enrolment.invite('a'), data })
    expect(readFileSync(home.settingsFile, 'utf8')).toBe(written)
    expect((await readIdentity(home.identityFile)).site).toBe('a')
    expect(told).toContain(`its settings stay as they are in ${home.settingsFile}`)
  })

  test('again with another number of threads changes that line and nothing else', async () => {
    writeFileSync(home.settingsFile, written)
    await enrol(home, { code: await live.enrolment.invite('a'), threads: 3 })
    const text = readFileSync(home.settingsFile, 'utf8')
    for (const comment of ['# asked for by radiology, 2026-03-02', '# names hold the date'])
      expect(text).toContain(comment)
    const before = {
      data: folder,
      layout: 'flat',
      sequence: 'FLAIR',
      tables: { linkage: { file: '/secure/numbers.csv' } },
    }
    expect(await readSettings(home)).toMatchObject({ ...before, threads: 3 })
  })

  test('again with another folder is refused with what to do, and the code stays good', async () => {
    writeFileSync(home.settingsFile, written)
    const code = await live.enrolment.invite('a')
    const elsewhere = mkdtempSync(join(folder, 'elsewhere-'))
    await expect(enrol(home, { code, data: elsewhere })).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(`names ${folder} as the folder with the scans; leave out --data`),
    })
    expect(readFileSync(home.settingsFile, 'utf8')).toBe(written)
    await enrol(home, { code })
  })

  test('again with a site.yaml that cannot be read is refused, and it is not written over', async () => {
    writeFileSync(home.settingsFile, 'data: [')
    const code = await live.enrolment.invite('a')
    await expect(enrol(home, { code, data: folder })).rejects.toMatchObject({ code: 'config_invalid' })
    expect(readFileSync(home.settingsFile, 'utf8')).toBe('data: [')
  })
})
