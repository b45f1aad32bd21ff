import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { contrasts, makeSeries } from '../site-agent/dicom/testsupport/series.ts'
import { hasOrthanc, type Orthanc, startOrthanc } from './support/orthanc.ts'
import { runSite } from './support/site-command.ts'

const realSeries = join(import.meta.dirname, '../../shared/data/dicom/ge-spgr-refaced-jpegls')

function folderOfTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sequela-pacs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

interface Report {
  readonly children: readonly {
    readonly child: string
    readonly visits: readonly { readonly images: readonly { readonly file: string; readonly state: string }[] }[]
  }[]
  readonly held: readonly { readonly rule: string; readonly sentence: string }[]
}

const imagesIn = ({ children }: Report) => children.flatMap(({ visits }) => visits.flatMap(({ images }) => images))

async function importFrom(url: string, folder: string, ...options: string[]): Promise<Report> {
  const { status, stdout, stderr } = await runSite([
    '--home',
    join(folder, 'home'),
    'import',
    '--dicomweb',
    url,
    '--into',
    join(folder, 'bids'),
    '--json',
    ...options,
  ])
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return JSON.parse(stdout) as Report
}

describe.skipIf(!hasOrthanc)('an import from Orthanc', () => {
  let orthanc: Orthanc
  beforeAll(async () => {
    orthanc = await startOrthanc()
    for (const [visit, date] of ['20220310', '20230620'].entries()) {
      const study = `p1 ${visit}`
      await orthanc.store(makeSeries({ patient: 'P1', study, series: `${study} a`, number: 4, date }))
      await orthanc.store(
        makeSeries({ patient: 'P1', study, series: `${study} b`, number: 6, date, attributes: contrasts.T1w }),
      )
      await orthanc.store(
        makeSeries({
          patient: 'P1',
          study,
          series: `${study} c`,
          number: 1,
          date,
          slices: 3,
          attributes: { '00080008': 'ORIGINAL\\PRIMARY\\LOCALIZER' },
        }),
      )
    }
    await orthanc.store(makeSeries({ patient: 'P2', study: 'p2', series: 'p2', date: '20230101' }))
  })
  afterAll(() => orthanc.stop())

  test('fetches what is wanted, converts it, and leaves no DICOM file behind', async () => {
    const folder = folderOfTest()
    const report = await importFrom(orthanc.url, folder, '--from', '2022-01-01')
    expect(imagesIn(report).map(({ state }) => state)).toEqual(Array(5).fill('converted'))
    expect(report.held.map(({ rule }) => rule)).toEqual(['not-anatomical', 'not-anatomical'])
    expect(readdirSync(join(folder, 'home/import/incoming'))).toEqual([])
    const again = await importFrom(orthanc.url, folder, '--from', '2022-01-01')
    expect(imagesIn(again).map(({ state }) => state)).toEqual(Array(5).fill('there already'))
  })

  test('gives the same voxels as an import of the same files from a folder', async () => {
    const folder = folderOfTest()
    for (const [index, bytes] of makeSeries({ patient: 'P2', study: 'p2', series: 'p2', date: '20230101' }).entries())
      writeFileSync(join(folder, `${index}`), bytes)
    const other = folderOfTest()
    const { status } = await runSite([
      '--home',
      join(other, 'home'),
      'import',
      '--dicom',
      folder,
      '--into',
      join(other, 'bids'),
      '--json',
    ])
    expect(status).toBe(0)
    const report = await importFrom(orthanc.url, other, '--from', '2023-01-01', '--until', '2023-01-31', '--dry-run')
    expect(imagesIn(report).map(({ state }) => state)).toEqual(['there already'])
    rmSync(join(other, 'home/import/images.jsonl'))
    const [image] = imagesIn(report)
    const before = readFileSync(join(other, 'bids', image?.file ?? ''))
    rmSync(join(other, 'bids', image?.file ?? ''))
    await importFrom(orthanc.url, other, '--from', '2023-01-01', '--until', '2023-01-31')
    expect(readFileSync(join(other, 'bids', image?.file ?? ''))).toEqual(before)
  })

  test('asks for the patients of a map, within dates', async () => {
    const folder = folderOfTest()
    writeFileSync(join(folder, 'map.tsv'), 'patient_id\tparticipant_id\tsurgery_date\nP1\tsub-one\t2022-03-01\n')
    const report = await importFrom(orthanc.url, folder, '--map', join(folder, 'map.tsv'), '--from', '2023-01-01')
    expect(report.children.map(({ child, visits }) => [child, visits.length])).toEqual([['sub-one', 1]])
  })

  test.skipIf(!existsSync(realSeries))('brings a real JPEG-LS series of 196 slices over as it is stored', async () => {
    for (let from = 0; from < 196; from += 49) {
      const names = readdirSync(realSeries).slice(from, from + 49)
      await orthanc.store(names.map((name) => readFileSync(join(realSeries, name))))
    }
    const report = await importFrom(orthanc.url, folderOfTest(), '--from', '2024-04-25')
    expect(report.children[0]?.visits[0]?.images).toMatchObject([{ sequence: 'T1w', slices: 196, state: 'converted' }])
  })
})

describe('a PACS that fails for one series', () => {
  test('has it named in the report, and the exit status tells scripts', async () => {
    const answers = new Map([
      ['/studies', { '0020000D': { vr: 'UI', Value: ['1.1'] }, '00100020': { vr: 'LO', Value: ['P1'] } }],
      ['/studies/1.1/series', { '0020000E': { vr: 'UI', Value: ['1.1.1'] }, '00200011': { vr: 'IS', Value: [12] } }],
    ])
    const server = createServer(({ url = '' }, response) => {
      const answer = answers.get(new URL(url, 'http://pacs').pathname)
      if (answer === undefined) response.writeHead(500).end()
      else response.writeHead(200, { 'content-type': 'application/dicom+json' }).end(JSON.stringify([answer]))
    })
    onTestFinished(() => void server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const folder = folderOfTest()
    const places = ['--home', join(folder, 'home'), 'import', '--into', join(folder, 'bids')]
    const { status, stdout, stderr } = await runSite([
      ...places,
      ...['--dicomweb', `http://127.0.0.1:${port}`, '--from', '2020-01-01'],
    ])
    expect(stdout).toContain(
      'series 12: the PACS cannot answer at the moment (500); the next import asks for it again.',
    )
    expect(stderr).toContain('import_incomplete: not all of the series came (1 missed)')
    expect(status).toBe(1)
  })
})

describe.skipIf(!hasOrthanc)('a PACS that asks who is there', () => {
  test('is given the header of a file, which nobody else may read', async () => {
    const orthanc = await startOrthanc(['agent', 'a secret'])
    onTestFinished(() => orthanc.stop())
    await orthanc.store(makeSeries({ date: '20230101' }))
    const folder = folderOfTest()
    const header = join(folder, 'header')
    writeFileSync(header, `Authorization: Basic ${btoa('agent:a secret')}\n`, { mode: 0o600 })
    const command = [
      '--home',
      join(folder, 'home'),
      'import',
      '--dicomweb',
      orthanc.url,
      '--into',
      join(folder, 'bids'),
      '--from',
      '2020-01-01',
    ]
    const refused = await runSite(command)
    expect(refused.stderr).toContain('pacs_refused: the PACS refuses access (401)')
    const report = await importFrom(orthanc.url, folder, '--from', '2020-01-01', '--pacs-header', header)
    expect(imagesIn(report)).toHaveLength(1)
    writeFileSync(join(folder, 'open'), 'Authorization: Basic x', { mode: 0o644 })
    const open = await runSite([...command, '--pacs-header', join(folder, 'open')])
    expect(open.stderr).toContain('may be read by others on this machine; run chmod 600')
  })
})
