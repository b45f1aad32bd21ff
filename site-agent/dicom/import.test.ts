import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { loadFolder, temporaryFolder } from '../cohort/testsupport/data-set.ts'
import { openScan, readScanFile } from '../imaging/scan-file.ts'
import { type Converter, createConverter } from './converter.ts'
import type { ScannedFolder } from './folder.ts'
import { type ImportRequest, importDicom } from './import.ts'
import { folderSource, SeriesMissed } from './import-source.ts'
import { type MappedPatient, readMapFile } from './map-file.ts'
import type { ImportReport } from './report.ts'
import { contrasts, storedPixels, writeSeries } from './testsupport/series.ts'

const closing: Converter[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((converter) => converter.close()))
})

interface Place {
  readonly dicom: string
  readonly into: string
  readonly home: string
}

function place(): Place {
  const root = temporaryFolder()
  const folders = { dicom: join(root, 'dicom'), into: join(root, 'bids'), home: join(root, 'home') }
  for (const folder of Object.values(folders)) mkdirSync(folder)
  return folders
}

function run({ dicom, into, home }: Place, options: Partial<ImportRequest> = {}): Promise<ImportReport> {
  const converter = createConverter({ writableFolder: into })
  closing.push(converter)
  return importDicom({
    source: folderSource(dicom),
    into,
    map: new Map<string, MappedPatient>(),
    dryRun: false,
    converter,
    childrenFile: join(home, 'children.tsv'),
    recordFile: join(home, 'images.jsonl'),
    ...options,
  })
}

const imagesOf = (report: ImportReport) =>
  report.children.flatMap(({ visits }) => visits.flatMap(({ images }) => images))

function dayOf(date: string): number {
  return Date.parse(date) / 86_400_000
}

/** Three visits of one patient, each with FLAIR and T1w after contrast agent, and a localizer between them. */
function writePatient(folder: string, patient = 'P1'): void {
  for (const [visit, date] of ['20240310', '20240620', '20241001'].entries()) {
    const study = `${patient} ${visit}`
    writeSeries(folder, { patient, study, series: `${study} flair`, number: 4, date })
    const agent = { ...contrasts.T1w, '00180010': 'Dotarem' }
    writeSeries(folder, { patient, study, series: `${study} t1`, number: 9, date, attributes: agent })
    const localizer = { '00080008': 'ORIGINAL\\PRIMARY\\LOCALIZER' }
    writeSeries(folder, { patient, study, series: `${study} loc`, number: 1, date, slices: 3, attributes: localizer })
  }
}

describe('the import of a folder', () => {
  test('makes a BIDS folder that the cohort code reads, visits in order of time', async () => {
    const at = place()
    writePatient(at.dicom)
    const report = await run(at)
    expect(imagesOf(report)).toHaveLength(6)
    expect(report.held.map(({ sentence }) => sentence)).toEqual(
      expect.arrayContaining([expect.stringMatching(/series 1 \(3 images\): it is a localizer\.$/)]),
    )
    const { children } = await loadFolder(at.into)
    expect(children.map(({ scans }) => scans.map(({ session, day }) => `${session} ${day}`))).toEqual([
      ['ses-001 0', 'ses-002 102', 'ses-003 205'],
    ])
  })

  test('keeps every voxel where the header puts it', async () => {
    const at = place()
    writeSeries(at.dicom)
    const [image] = imagesOf(await run(at))
    const { shape, affine, readRow } = openScan(await readScanFile(join(at.into, image?.file ?? '')))
    expect(shape).toEqual([24, 32, 32])
    // The header's rows go left and its columns back; read in RAS both are turned round, and the corner moves with them.
    expect(affine.map((row) => row.map((value) => value + 0))).toEqual([
      [5, 0, 0, -75],
      [0, 5, 0, -75],
      [0, 0, 5, -60],
    ])
    const row = new Float32Array(32)
    for (const [z, y] of [
      [0, 0],
      [7, 3],
      [23, 31],
    ] as const) {
      readRow(z, y, row)
      const stored = storedPixels(32, z).subarray(32 * (31 - y), 32 * (31 - y) + 32)
      expect([...row]).toEqual([...stored].toReversed())
    }
  })

  test('counts days from the surgery and writes outcomes when the map says when it was', async () => {
    const at = place()
    writePatient(at.dicom)
    const file = join(at.home, 'map.csv')
    writeFileSync(
      file,
      'patient_id;participant_id;surgery_date;event;event_date;event_type;last_followup_date\n' +
        'P1;sub-7;2024-03-01;1;2024-12-01;recurrence;2025-01-15\n',
    )
    const map = await readMapFile(file)
    const report = await run(at, { map })
    expect(report.children.map(({ child }) => child)).toEqual(['sub-7'])
    expect(report.children[0]?.visits.map(({ when }) => when)).toEqual(['day 9', 'day 111', 'day 214'])
    const [child] = (await loadFolder(at.into)).children
    expect(child?.outcome).toMatchObject({ eventDay: 275, eventType: 'recurrence', lastFollowUpDay: 320 })
    expect(child?.scans.map(({ day }) => day)).toEqual([9, 111, 214])
  })

  test('writes nothing in a dry run and says what it would do', async () => {
    const at = place()
    writePatient(at.dicom)
    const report = await run(at, { dryRun: true })
    expect(new Set(imagesOf(report).map(({ state }) => state))).toEqual(new Set(['would be converted']))
    expect(report.children.map(({ child }) => child)).toEqual(['sub-new1'])
    expect([...readdirSync(at.into), ...readdirSync(at.home)]).toEqual([])
  })

  test('converts nothing twice, and adds a visit that came later to the same child', async () => {
    const at = place()
    writePatient(at.dicom)
    const first = await run(at)
    const again = await run(at)
    expect(imagesOf(again).map(({ file, state }) => `${file} ${state}`)).toEqual(
      imagesOf(first).map(({ file }) => `${file} there already`),
    )
    writeSeries(at.dicom, { study: 'P1 later', series: 'later', date: '20240401' })
    const later = await run(at)
    expect(later.children[0]?.visits.map(({ visit }) => visit)).toEqual(['ses-001', 'ses-004', 'ses-002', 'ses-003'])
    expect((await loadFolder(at.into)).children[0]?.scans.map(({ day }) => day)).toEqual([0, 22, 102, 205])
  })

  test('goes on where it was stopped', async () => {
    const at = place()
    writePatient(at.dicom)
    const stop = new AbortController()
    const onProgress: ImportRequest['onProgress'] = (progress) => {
      if (progress.step === 'converting' && progress.done === 3) stop.abort()
    }
    await expect(run(at, { signal: stop.signal, onProgress })).rejects.toMatchObject({ code: 'cancelled' })
    const states = imagesOf(await run(at)).map(({ state }) => state)
    expect(states.filter((state) => state === 'there already')).toHaveLength(3)
    expect(states.filter((state) => state === 'converted')).toHaveLength(3)
  })

  test('converts a series again when slices were added to it', async () => {
    const at = place()
    writeSeries(at.dicom, { slices: 20 })
    await run(at)
    writeSeries(at.dicom, { slices: 24 })
    expect(imagesOf(await run(at)).map(({ slices, state }) => `${slices} ${state}`)).toEqual(['24 converted'])
  })

  test('keeps the table of patients for its user alone, and what a data manager added to the tables', async () => {
    const at = place()
    writePatient(at.dicom)
    const [child] = (await run(at)).children
    expect(statSync(join(at.home, 'children.tsv')).mode & 0o777).toBe(0o600)
    const chart = join(at.into, 'participants.tsv')
    writeFileSync(chart, `participant_id\tsex\n${child?.child}\tF\nsub-other\tM\n`)
    writePatient(at.dicom, 'P2')
    const report = await run(at)
    const second = report.children.find((other) => other.child !== child?.child)
    expect(readFileSync(chart, 'utf8')).toBe(
      `participant_id\tsex\n${child?.child}\tF\nsub-other\tM\n${second?.child}\tn/a\n`,
    )
  })

  test.each([
    ['with its folder left', false],
    ['and its folder removed', true],
  ])('imports nothing of a child whose row was taken out of participants.tsv, %s', async (_, isRemoved) => {
    const at = place()
    writePatient(at.dicom)
    const [child] = (await run(at)).children
    writeFileSync(join(at.into, 'participants.tsv'), 'participant_id\n')
    if (isRemoved) rmSync(join(at.into, child?.child ?? ''), { recursive: true })
    writeSeries(at.dicom, { study: 'new', series: 'new', date: '20250101' })
    for (const dryRun of [true, false]) {
      const report = await run(at, { dryRun })
      expect(report.children).toEqual([])
      expect(report.held.find(({ rule }) => rule === 'withdrawn')?.sentence).toContain(
        `${child?.child}: it is not in participants.tsv any more`,
      )
    }
    expect(readFileSync(join(at.into, 'participants.tsv'), 'utf8')).toBe('participant_id\n')
    expect(existsSync(join(at.into, child?.child ?? ''))).toBe(!isRemoved)
  })

  test('imports a child anew whose row was added again', async () => {
    const at = place()
    writeSeries(at.dicom)
    const [image] = imagesOf(await run(at))
    const chart = readFileSync(join(at.into, 'participants.tsv'), 'utf8')
    const child = image?.file.split('/')[0] ?? ''
    writeFileSync(join(at.into, 'participants.tsv'), 'participant_id\n')
    rmSync(join(at.into, child), { recursive: true })
    expect(imagesOf(await run(at))).toEqual([])
    writeFileSync(join(at.into, 'participants.tsv'), chart)
    expect(imagesOf(await run(at)).map(({ file, state }) => `${file} ${state}`)).toEqual([`${image?.file} converted`])
  })

  test('takes nobody out whose tables an interrupted import had not written yet', async () => {
    const at = place()
    const unknown = { surgeryDay: undefined, outcome: undefined }
    // Ids that begin alike: images of sub-10 are none of sub-1.
    const map = new Map<string, MappedPatient>([
      ['P1', { participant: 'sub-1', ...unknown }],
      ['P2', { participant: 'sub-10', ...unknown }],
    ])
    writePatient(at.dicom, 'P2')
    expect((await run(at, { map })).children.map(({ child }) => child)).toEqual(['sub-10'])
    writePatient(at.dicom, 'P1')
    const chart = join(at.into, 'participants.tsv')
    const kept = readFileSync(chart, 'utf8')
    writeFileSync(chart, 'a table of something else\n')
    await expect(run(at, { map })).rejects.toMatchObject({ code: 'table_invalid' })
    expect(readFileSync(join(at.home, 'children.tsv'), 'utf8')).toMatch(/\bsub-1\b/)
    writeFileSync(chart, kept)
    expect((await run(at, { map })).children.map(({ child }) => child).toSorted()).toEqual(['sub-1', 'sub-10'])
  })

  test('clears away what was written of an image when the import was killed', async () => {
    const at = place()
    writeSeries(at.dicom)
    const [image] = imagesOf(await run(at))
    const file = join(at.into, image?.file ?? '')
    rmSync(file)
    writeFileSync(`${file}.4711.tmp`, 'half')
    expect(imagesOf(await run(at)).map(({ state }) => state)).toEqual(['converted'])
    expect(readdirSync(dirname(file)).toSorted()).toEqual([basename(file).replace('.nii.gz', '.json'), basename(file)])
  })

  test('converts again what a power cut left out of its record, and goes by no damaged one', async () => {
    const at = place()
    writePatient(at.dicom)
    await run(at)
    const file = join(at.home, 'images.jsonl')
    const whole = readFileSync(file, 'utf8')
    writeFileSync(file, whole.slice(0, -5))
    const states = imagesOf(await run(at)).map(({ state }) => state)
    expect(states.toSorted()).toEqual(['converted', ...Array(5).fill('there already')])
    writeFileSync(file, whole.replace('"path"', '"pa'))
    await expect(run(at)).rejects.toMatchObject({
      code: 'file_unreadable',
      message: expect.stringContaining('line 1 of'),
    })
  })

  test('does not write over an image that it did not make', async () => {
    const at = place()
    writeSeries(at.dicom)
    const [image] = imagesOf(await run(at))
    rmSync(join(at.home, 'images.jsonl'))
    const report = await run(at)
    expect(imagesOf(report)).toEqual([])
    expect(report.held.map(({ rule }) => rule)).toContain('exists')
    expect(existsSync(join(at.into, image?.file ?? ''))).toBe(true)
  })

  test('names a series of which nothing could be read by child, shifted day and number', async () => {
    const at = place()
    writePatient(at.dicom)
    const odd = { day: dayOf('2024-06-20'), seriesNumber: 12, images: 6000, reason: 'it is too much.', missed: false }
    const unreadableSeries = [
      { patientId: 'P1', ...odd },
      { patientId: 'P2', ...odd, images: undefined },
    ]
    const source: ImportRequest['source'] = {
      scan: async (options) => ({ ...(await folderSource(at.dicom).scan(options)), unreadableSeries }),
    }
    const map = new Map<string, MappedPatient>([
      ['P1', { participant: 'sub-1', surgeryDay: dayOf('2024-03-01'), outcome: undefined }],
    ])
    const report = await run(at, { source, map, dryRun: true })
    expect(imagesOf(report)).toHaveLength(6)
    expect(report.held.flatMap(({ rule, sentence }) => (rule === 'unreadable' ? [sentence] : []))).toEqual([
      'sub-1, day 111, series 12 (6000 images): it is too much.',
      'a patient without usable scans, unknown day, series 12: it is too much.',
    ])
  })

  test('goes on when a series is missed, says so, and takes it next time', async () => {
    const at = place()
    writePatient(at.dicom)
    const folder = folderSource(at.dicom)
    const missed = new SeriesMissed('pacs_refused', 'the PACS cannot answer at the moment (500)')
    let asked = 0
    const fetch: ImportRequest['source']['fetch'] = async ({ stack }) => {
      if (++asked === 2) throw missed
      return { images: stack.slices.map(({ source }) => source), release: () => Promise.resolve() }
    }
    const report = await run(at, { source: { ...folder, fetch } })
    expect(imagesOf(report)).toHaveLength(5)
    expect(report.held.flatMap(({ rule, sentence }) => (rule === 'missed' ? [sentence] : []))).toEqual([
      expect.stringMatching(
        /, series \d \(24 images\): the PACS cannot answer at the moment \(500\); the next import asks for it again\.$/,
      ),
    ])
    const states = imagesOf(await run(at, { source: { ...folder, fetch } })).map(({ state }) => state)
    expect(states.filter((state) => state === 'converted')).toHaveLength(1)
    expect(asked).toBe(7)
  })

  test('keeps an image when the series that it was made of is missed, instead of taking another', async () => {
    const at = place()
    writeSeries(at.dicom, { series: 'thick', number: 4, slices: 20, spacingMm: 6 })
    writeSeries(at.dicom, { series: 'thin', number: 5 })
    expect(imagesOf(await run(at)).map(({ series }) => series)).toEqual([5])
    const scan = async (missed: boolean): Promise<ScannedFolder> => {
      const scanned = await folderSource(at.dicom).scan({})
      const images = scanned.images.filter(({ instance }) => instance.seriesNumber !== 5)
      const series = { patientId: 'P1', day: dayOf('2024-03-10'), seriesNumber: 5, images: 24, reason: 'no.', missed }
      return { ...scanned, images, unreadableSeries: [series] }
    }
    const kept = await run(at, { source: { scan: () => scan(true) } })
    expect(imagesOf(kept)).toEqual([])
    expect(kept.held.map(({ rule }) => rule)).toEqual(['waits', 'missed'])
    expect(imagesOf(await run(at)).map(({ series, state }) => `${series} ${state}`)).toEqual(['5 there already'])
    // Of a series that cannot be read at all there is nothing to wait for.
    expect(imagesOf(await run(at, { source: { scan: () => scan(false) } })).map(({ series }) => series)).toEqual([4])
  })

  test('leaves copies aside and refuses images that share an identifier and differ', async () => {
    const at = place()
    writeSeries(join(at.dicom, 'a'))
    writeSeries(join(at.dicom, 'b'))
    const report = await run(at, { dryRun: true })
    expect(report.found).toEqual({ images: 24, copies: 24, foreign: 0 })
    expect(imagesOf(report)).toHaveLength(1)
    writeSeries(join(at.dicom, 'c'), { attributes: { '00180087': '3' } })
    const twice = await run(at, { dryRun: true })
    expect(imagesOf(twice)).toEqual([])
    expect(twice.held[0]?.sentence).toContain('24 of its images are there twice with different content')
  })
})
