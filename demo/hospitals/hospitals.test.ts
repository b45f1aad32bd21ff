import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HospitalOptions, type HospitalProgress, type Hospitals, writeHospitals } from './hospitals.ts'

const scratch = mkdtempSync(join(tmpdir(), 'sequela-hospitals-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const options: HospitalOptions = {
  outDir: join(scratch, 'two-threads'),
  seed: 'test',
  sites: ['east', 'west'],
  childrenPerSite: 2,
  testChildren: 2,
  workers: 2,
}

describe('synthetic hospitals', () => {
  let hospitals: Hospitals
  const progress: HospitalProgress[] = []
  beforeAll(async () => {
    hospitals = await writeHospitals({ ...options, onProgress: (step) => progress.push(step) })
  })

  test('are a folder for each site and one for the test children, with the truth outside all of them', () => {
    expect(readdirSync(options.outDir).toSorted()).toEqual(['hospitals', 'test-children', 'truth.json'])
    expect(hospitals.sites.map(({ name, folder }) => [name, existsSync(join(folder, 'participants.tsv'))])).toEqual([
      ['east', true],
      ['west', true],
    ])
    const truth = JSON.parse(readFileSync(hospitals.truthFile, 'utf8'))
    expect(truth.children).toHaveLength(6)
    const inside = filesBelow(join(options.outDir, 'hospitals')).filter((path) => path.includes('truth'))
    expect(inside).toEqual([])
  })

  test('hold an image and a note for every visit that the truth knows', () => {
    const truth = JSON.parse(readFileSync(hospitals.truthFile, 'utf8'))
    for (const { participant, hospital, test, visits } of truth.children) {
      const folder = test ? join(options.outDir, 'test-children') : join(options.outDir, 'hospitals', hospital)
      for (const { session } of visits) {
        const names = readdirSync(join(folder, participant, session, 'anat')).toSorted()
        expect(names).toEqual([
          `${participant}_${session}_FLAIR.json`,
          expect.stringMatching(new RegExp(`^${participant}_${session}_FLAIR\\.nii(\\.gz)?$`)),
        ])
      }
    }
  })

  test('report progress up to the last scan', () => {
    expect(progress[0]).toEqual({ scansDone: 0, scansTotal: hospitals.scans, bytes: 0 })
    expect(progress.at(-1)).toEqual({ scansDone: hospitals.scans, scansTotal: hospitals.scans, bytes: hospitals.bytes })
    const images = filesBelow(options.outDir).filter((path) => /\.nii(\.gz)?$/.test(path))
    expect(images).toHaveLength(hospitals.scans)
  })

  test('are the same bytes on one thread, and other bytes for another seed', async () => {
    const [alone, other] = ['one-thread', 'other-seed'].map((name) => join(scratch, name)) as [string, string]
    await writeHospitals({ ...options, outDir: alone, workers: 1 })
    expect(hashes(alone)).toEqual(hashes(options.outDir))
    await writeHospitals({ ...options, outDir: other, seed: 'other', childrenPerSite: 1, testChildren: 1 })
    const images = (folder: string): string[] =>
      Object.entries(hashes(folder)).flatMap(([path, hash]) => (path.includes('.nii') ? [hash] : []))
    expect(images(other).filter((hash) => images(alone).includes(hash))).toEqual([])
  })

  test('write all scans of a scanner with one header and one length, so that neither tells their order', () => {
    for (const { name, folder } of hospitals.sites) {
      const kinds = new Map<string, Set<string>>()
      let scans = 0
      for (const path of filesBelow(folder).filter((path) => /\.nii(\.gz)?$/.test(path))) {
        scans++
        const bytes = readFileSync(path)
        const raw = path.endsWith('.gz') ? gunzipSync(bytes) : bytes
        const note = JSON.parse(readFileSync(path.replace(/\.nii(\.gz)?$/, '.json'), 'utf8'))
        const scanner = `${name} ${note.ManufacturersModelName}`
        const kind = `${bytes.length} ${raw.subarray(0, 352).toString('hex')}`
        kinds.set(scanner, (kinds.get(scanner) ?? new Set()).add(kind))
      }
      expect(kinds.size).toBeLessThan(scans)
      for (const [, set] of kinds) expect(set.size).toBe(1)
    }
  })

  test('are refused where there are some already, which stay as they are', async () => {
    const before = hashes(options.outDir)
    await expect(writeHospitals(options)).rejects.toMatchObject({ code: 'usage', message: /there already/ })
    expect(hashes(options.outDir)).toEqual(before)
  })
})

describe('options', () => {
  test.each<[string, Partial<HospitalOptions>]>([
    ['no site', { sites: [] }],
    ['a site twice', { sites: ['east', 'east'] }],
    ['a site whose name leaves the folder', { sites: ['../east'] }],
    ['a site named as the unseen hospital', { sites: ['unseen'] }],
    ['no child', { childrenPerSite: 0 }],
    ['half a child', { childrenPerSite: 1.5 }],
    ['more test children than allowed', { testChildren: 100_000 }],
    ['a share of outcomes above 1', { knownOutcomes: 1.2 }],
    ['no thread', { workers: 0 }],
  ])('with %s are refused before anything is written', async (_, change) => {
    const outDir = join(scratch, 'refused')
    await expect(writeHospitals({ ...options, outDir, ...change })).rejects.toMatchObject({ code: 'usage' })
    expect(existsSync(outDir)).toBe(false)
  })
})

test('leftovers of an earlier attempt are cleared away, and a failure leaves none', async () => {
  const outDir = join(scratch, 'blocked')
  mkdirSync(join(outDir, 'hospitals-in-progress', 'hospitals', 'east', 'sub-old'), { recursive: true })
  await writeHospitals({ ...options, outDir, sites: ['east'], childrenPerSite: 1, testChildren: 0, workers: 1 })
  expect(readdirSync(outDir).toSorted()).toEqual(['hospitals', 'truth.json'])
  expect(readdirSync(join(outDir, 'hospitals', 'east'))).not.toContain('sub-old')

  const file = join(scratch, 'a-file')
  writeFileSync(file, 'no folder')
  await expect(writeHospitals({ ...options, outDir: file })).rejects.toMatchObject({ code: 'file_unreadable' })
  expect(readFileSync(file, 'utf8')).toBe('no folder')
})

test('painting that is called off leaves nothing behind', async () => {
  const outDir = join(scratch, 'called-off')
  const controller = new AbortController()
  const onProgress = ({ scansDone }: HospitalProgress): void => {
    if (scansDone > 0) controller.abort()
  }
  const painting = writeHospitals({ ...options, outDir, onProgress, signal: controller.signal })
  await expect(painting).rejects.toMatchObject({ code: 'cancelled' })
  expect(readdirSync(outDir)).toEqual([])
})

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Hash of every file, by its path below the folder. */
function hashes(folder: string): Record<string, string> {
  const pairs = filesBelow(folder).map((path): [string, string] => {
    return [path.slice(folder.length), createHash('sha256').update(readFileSync(path)).digest('hex')]
  })
  return Object.fromEntries(pairs)
}
