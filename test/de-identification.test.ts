import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { DemoFederation } from '../demo/federation.ts'
import { makeSeries, uidOf } from '../site-agent/dicom/testsupport/series.ts'
import { planted, plantedAttributes, traces, tracesBelow, tracesIn } from './support/planted.ts'
import { runSite } from './support/site-command.ts'
import { type TrainedFederation, trainedFederation, trainedSites } from './support/trained-federation.ts'

describe('an import of DICOM files full of identifiers', () => {
  const uids = ['study', 'series', ...Array.from({ length: 24 }, (_, i) => `series/${i}`)].map((name) =>
    uidOf(...name.split('/')),
  )

  async function importPlanted(options: { readonly broken?: boolean } = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'sequela-phi-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const below = join(folder, 'dicom', `${planted.name}_${planted.date}`)
    mkdirSync(below, { recursive: true })
    const attributes = plantedAttributes(1)
    for (const [index, bytes] of makeSeries({
      patient: planted.patientId,
      date: planted.date,
      time: planted.clock,
      attributes,
    }).entries()) {
      const cut = options.broken === true && index === 3 ? bytes.subarray(0, bytes.length - 100) : bytes
      writeFileSync(join(below, `${planted.name}.${index}.dcm`), cut)
    }
    writeFileSync(join(below, 'notes.txt'), planted.name)
    const [home, into] = [join(folder, 'home'), join(folder, 'bids')]
    const result = await runSite(['--home', home, 'import', '--dicom', join(folder, 'dicom'), '--into', into])
    return { home, into, ...result }
  }

  test('leaves none of them in images, tables, sidecars, file names or the report', async () => {
    const { home, into, status, stdout, stderr } = await importPlanted()
    expect(status).toBe(0)
    expect(stdout).toContain('1 converted')
    expect(readdirSync(into).length).toBeGreaterThan(2)
    const wanted = traces(...uids, '2.25.778899001122')
    expect(tracesBelow(into, wanted)).toEqual([])
    expect(tracesIn(stdout + stderr, wanted)).toEqual([])
    // The one table that joins both sides lies at the site, for its user alone.
    const table = join('import', 'children.tsv')
    expect(tracesBelow(home, wanted, (path) => path === table)).toEqual([])
    expect(readFileSync(join(home, table), 'utf8')).toContain(planted.patientId)
    expect(statSync(join(home, table)).mode & 0o077).toBe(0)
    expect(
      tracesIn(
        readFileSync(join(home, table), 'utf8'),
        wanted.filter((trace) => trace !== planted.patientId),
      ),
    ).toEqual([])
  })

  test('names nobody when a file is damaged', async () => {
    const { into, stdout, stderr, status } = await importPlanted({ broken: true })
    expect(status).toBe(0)
    expect(stdout).toContain('breaks off')
    expect(tracesIn(stdout + stderr, traces(...uids))).toEqual([])
    expect(
      tracesBelow(into, traces(...uids)).concat(
        readdirSync(into, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.nii.gz')),
      ),
    ).toEqual([])
  })

  test('warns that the files themselves still name the patient', async () => {
    const { stdout } = await importPlanted()
    expect(stdout).toContain("24 images carry an age and a date and no mark that the patient's identity was removed")
  })
})

describe('a federation of hospitals whose folders are full of identifiers', () => {
  const sites = trainedSites
  let folder: string
  let federation: DemoFederation
  let trained: TrainedFederation

  beforeAll(async () => {
    trained = await trainedFederation({
      ...{ name: 'phi-federation', hospitalSeed: 4, studySeed: 3, childrenPerSite: 5 },
      changeData: plant,
    })
    ;({ folder, federation } = trained)
  })
  afterAll(() => trained?.close())

  test('leaves none of them at the coordinator: journal, blobs, reports, logs', () => {
    expect(tracesBelow(federation.coordinator.folder, traces())).toEqual([])
    expect(tracesBelow(join(folder, 'logs'), traces())).toEqual([])
  })

  test("leaves none of them in the agents' caches, spools, egress records and status", () => {
    for (const home of federation.sites.values()) {
      // The one place that names the hospital's folder is the setting that says where it is.
      expect(tracesBelow(home.folder, traces(), (path) => path === 'site.yaml')).toEqual([])
      expect(readFileSync(home.egressFile, 'utf8').length).toBeGreaterThan(100)
      expect(readdirSync(home.preparedFolder).length).toBeGreaterThan(5)
    }
  })

  test("leaves none of them in what the sites' programs say of what left and of how they are", async () => {
    for (const home of federation.sites.values()) {
      for (const words of [
        ['egress'],
        ['egress', '--json'],
        ['status'],
        ['status', '--json'],
        ['approve'],
        ['doctor'],
      ]) {
        const { status, stdout, stderr } = await runSite(['--home', home.folder, ...words])
        expect([words, status]).toEqual([words, 0])
        // Doctor says to the person at the machine where the scans lie.
        const said = (stdout + stderr).replaceAll(/Klinik_\S+/g, '')
        expect([words, tracesIn(said, traces())]).toEqual([words, []])
      }
    }
  })

  test('writes a check page for this user alone, which says that it stays, and holds of a child its id and nothing more', async () => {
    const [home] = federation.sites.values()
    if (home === undefined) throw new Error('there are sites')
    const page = join(folder, 'check.html')
    const { status, stdout, stderr } = await runSite(['--home', home.folder, 'check-data', '--html', page])
    expect(status).toBe(0)
    expect(stderr).toContain('It shows children and stays at the hospital')
    expect(statSync(page).mode & 0o077).toBe(0)
    const text = readFileSync(page, 'utf8')
    expect(text).toContain('This page stays at the hospital.')
    // The hospital's own ids are names here, and a data manager has to know a child by them.
    expect(text).toContain(`sub-${planted.name}`)
    const others = traces().filter((trace) => trace !== planted.name)
    expect(tracesIn(text + stdout + stderr, others)).toEqual([])
    expect(text + stdout).not.toContain('Klinik_')
    expect(tracesBelow(home.folder, traces(), (path) => path === 'site.yaml')).toEqual([])
  })

  test('and they were there to be found', () => {
    for (const site of sites) {
      const left = new Set(tracesBelow(join(folder, 'planted', site), traces()).map((found) => found.split(' ')[0]))
      expect([...left].toSorted()).toEqual(
        [
          planted.accession,
          planted.birth,
          planted.device,
          planted.name,
          planted.patientId,
          '10:15:33',
          '2015-07-17',
        ].toSorted(),
      )
    }
  })

  /** Moves a hospital's folder to one with a patient's name, and writes identifiers wherever a text may stand. */
  function plant(data: string, site: string): string {
    const root = join(data, '..', '..', 'planted', site, `Klinik_${planted.name}`)
    mkdirSync(join(root, '..'), { recursive: true })
    renameSync(data, root)
    const children = readdirSync(root).filter((name) => name.startsWith('sub-'))
    const renamed = new Map(children.map((child, index) => [child, `sub-${planted.name}${index}`]))
    for (const [child, name] of renamed) renameBelow(root, child, name)
    for (const table of ['participants.tsv', 'phenotype/recurrence.tsv']) {
      const lines = readFileSync(join(root, table), 'utf8').trimEnd().split('\n')
      const more = [
        `name\tbirth_date\taccession`,
        ...lines.slice(1).map(() => `${planted.name}\t2015-07-17\t${planted.accession}`),
      ]
      const text = lines.map((line, index) => `${line}\t${more[index]}\n`).join('')
      writeFileSync(
        join(root, table),
        [...renamed].reduce((all, [child, name]) => all.replaceAll(child, name), text),
      )
    }
    for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      if (path.endsWith('.json')) plantInJson(join(root, path))
      else if (/\.nii(\.gz)?$/.test(path)) plantInNifti(join(root, path))
    }
    // One scan that cannot be read, so that a refusal about it is made as well.
    const [scan = ''] = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
      /\.nii(\.gz)?$/.test(path),
    )
    writeFileSync(join(root, scan), `${planted.name} ${planted.patientId}`)
    return root
  }

  function renameBelow(root: string, child: string, name: string): void {
    renameSync(join(root, child), join(root, name))
    for (const path of readdirSync(join(root, name), { recursive: true, encoding: 'utf8' }).toSorted(
      (a, b) => b.length - a.length,
    )) {
      if (path.includes(child)) renameSync(join(root, name, path), join(root, name, path.replaceAll(child, name)))
    }
  }

  function plantInJson(file: string): void {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const more = {
      PatientName: planted.name,
      PatientID: planted.patientId,
      PatientBirthDate: planted.birth,
      DeviceSerialNumber: planted.device,
      AcquisitionTime: '10:15:33',
    }
    if (typeof content === 'object' && content !== null) writeFileSync(file, JSON.stringify({ ...content, ...more }))
  }

  function plantInNifti(file: string): void {
    const stored = readFileSync(file)
    const bytes = file.endsWith('.gz') ? gunzipSync(stored) : stored
    bytes.write(`${planted.name};Time=10:15:33`, 148, 80, 'latin1')
    writeFileSync(file, file.endsWith('.gz') ? gzipSync(bytes) : bytes)
  }
})
