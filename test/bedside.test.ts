import { execFileSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { programs, runCommand } from '../demo/programs.ts'
import { ensureEngine } from '../deploy/engine/ensure-engine.ts'
import { parseStudy, type StudyFile } from '../shared/study/study.ts'
import { createApprovals } from '../site-agent/approvals.ts'
import type { ChildAnswer } from '../site-agent/bedside/answer.ts'
import { openBedside } from '../site-agent/bedside/bedside.ts'
import { openModel } from '../site-agent/bedside/open-model.ts'
import { readViews } from '../site-agent/bedside/view-log.ts'
import type { CohortChild } from '../site-agent/cohort/cohort.ts'
import { writeSettings } from '../site-agent/home.ts'
import { readIdentity, writeIdentity } from '../site-agent/identity-file.ts'
import { createWorkerTrainer, type WorkerTrainer } from '../site-agent/learning/worker-trainer.ts'
import { recordLinkage } from '../site-agent/linkage/linkage-record.ts'
import { createParticipation } from '../site-agent/participation.ts'
import { type BedsideHome, createBedsideHome, exportInto } from './support/bedside-home.ts'
import { eventually } from './support/eventually.ts'
import { type Program, startProgram } from './support/program.ts'

const browserPath = pathOf('chromium') ?? pathOf('google-chrome')
let folder: string
let bedside: BedsideHome
let trainer: WorkerTrainer
let whole: ReadonlyMap<string, ChildAnswer>

beforeAll(async () => {
  await ensureEngine()
  folder = await mkdtemp(join(tmpdir(), 'sequela-bedside-'))
  bedside = await createBedsideHome(folder, 3)
  trainer = createWorkerTrainer({ threads: 1 })
  whole = await answers()
})
afterAll(async () => {
  await trainer?.close()
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
})

/** What is said about every child of the hospital. */
async function answers(weights = bedside.weights): Promise<ReadonlyMap<string, ChildAnswer>> {
  const { home } = bedside
  const model = await openModel(home, { weights })
  const opened = await openBedside({ home, study: model.study, model, trainer })
  const said = new Map<string, ChildAnswer>()
  for (const child of opened.cohort.children) {
    const { answer } = await opened.open(child)
    if (answer !== undefined) said.set(child.participant, answer)
  }
  return said
}

describe('what is said about a child', () => {
  test('is a calibrated risk within 12 months from the second scan on, and moved along within 6 and 24', () => {
    expect(whole.size).toBe(3)
    for (const { visits, calibration } of whole.values()) {
      expect(calibration).toEqual({ kind: 'card', by: 'consortium' })
      const [first, ...later] = visits
      expect(first?.refusals.join()).toContain('one scan only')
      expect(later.length).toBeGreaterThan(0)
      for (const { calibrated, others } of later) {
        expect(calibrated?.seen).toMatchObject({ children: 41 })
        expect(calibrated?.zone).toBe('grey')
        const [half, two] = others.map(({ moved }) => moved ?? Number.NaN)
        expect(others.map(({ horizonDays }) => horizonDays)).toEqual([183, 730])
        expect(half).toBeLessThan(calibrated?.risk ?? 0)
        expect(two).toBeGreaterThan(calibrated?.risk ?? 1)
      }
    }
  })

  test('at a visit does not change when later scans are taken away', async () => {
    const shorter = join(folder, 'shorter')
    await cp(bedside.data, shorter, { recursive: true })
    for (const [child, { visits }] of whole) {
      const last = visits.at(-1)?.session ?? ''
      await rm(join(shorter, child, last), { recursive: true })
    }
    await writeSettings(bedside.home, { data: shorter, threads: 1 })
    const before = await answers().finally(() => writeSettings(bedside.home, { data: bedside.data, threads: 1 }))
    expect(before.size).toBe(whole.size)
    for (const [child, { visits }] of before) {
      const then = whole.get(child)?.visits ?? []
      expect(visits).toHaveLength(then.length - 1)
      for (const [landmark, visit] of visits.entries()) {
        expect(visit.session).toBe(then[landmark]?.session)
        expect(visit.output).toBeCloseTo(then[landmark]?.output ?? Number.NaN, 6)
        expect(visit.refusals).toEqual(then[landmark]?.refusals)
      }
    }
  })

  test('holds nothing of a scan that was taken out by hand', async () => {
    const [child = '', answer] = [...whole][0] ?? []
    const session = answer?.visits.at(-1)?.session ?? ''
    const { home, weights } = bedside
    const scan = `${child}/${session}`
    await runCommand(programs.site, ['--home', home.folder, 'exclude', scan, '--reason', 'a test'])
    const args = ['--home', home.folder, 'predict', '--child', child, '--weights', weights, '--json']
    const text = await runCommand(programs.site, args)
    await runCommand(programs.site, ['--home', home.folder, 'include', scan])
    expect(text).not.toContain(`"session":"${session}"`)
    expect(text).toContain('a test')
  })

  test('is no calibrated risk where another hospital keeps the child and may have trained on it', async () => {
    const { home, study } = bedside
    const [child = ''] = whole.keys()
    await recordLinkage(home.linkageFile, study.digest, {
      ...{
        kind: 'compared',
        at: '2026-11-25T08:00:00Z',
        name: study.study.study,
        keyFingerprint: '0',
        keysDiffer: false,
      },
      ...{ children: whole.size, held: [child], kept: [] },
    })
    const said = await answers().finally(() => rm(home.linkageFile))
    for (const [participant, { visits, flags }] of said) {
      const isElsewhere = participant === child
      expect(flags.some(({ kind }) => kind === 'trained-on')).toBe(isElsewhere)
      expect(visits.at(-1)?.calibrated === null).toBe(isElsewhere)
      expect(visits.at(-1)?.output).toBe(whole.get(participant)?.visits.at(-1)?.output)
    }
  })

  describe('in the fold of those that a model is trained on', () => {
    const at = { stage: 0, round: 0 }
    let study: StudyFile
    let weights: string
    let children: readonly CohortChild[]

    beforeAll(async () => {
      study = parseStudy(bedside.study.text.replace(/folds: .*/, 'folds: { train: 0.999, validation: 0, test: 0.001 }'))
      await createApprovals(bedside.home.approvalsFolder).approve(study)
      weights = await exportInto(join(folder, 'trained'), study, { heard: ['north', 'south'] })
      const { cohort } = await openBedside({ home: bedside.home, study, model: undefined, trainer })
      children = cohort.children
      expect(children.map(({ fold }) => fold)).toEqual(['train', 'train', 'train'])
    })
    afterAll(() => rm(join(bedside.home.approvalsFolder, `${study.digest}.yaml`)))

    /** Of each child, in order: its part, and whether it is given a calibrated risk after its last visit. */
    const given = async (): Promise<unknown[]> =>
      [...(await answers(weights)).values()].map(({ part, visits }) => [part, visits.at(-1)?.calibrated !== null])

    test('is no calibrated risk where nobody knows whether it was there, as in a home of an older program', async () => {
      expect(await given()).toEqual(Array(3).fill(['perhaps-train', false]))
    })

    test('is its risk where it came after the training, and none where it was trained on', async () => {
      const { home } = bedside
      const [first] = children
      const participation = createParticipation({
        file: home.participationFile,
        site: 'north',
        clock: { now: () => 0 },
      })
      await participation.note({ studyDigest: study.digest, ...at }, { trained: [first?.key ?? ''], validated: [] })
      expect(await given()).toEqual([
        ['train', false],
        ['new', true],
        ['new', true],
      ])
      const text = async (child = ''): Promise<string> =>
        runCommand(programs.site, ['--home', home.folder, 'predict', '--child', child, '--weights', weights])
      expect(await text(first?.participant)).toMatch(/No calibrated risk is given:\n.*trained on this very child/)
      expect(await text(children[1]?.participant)).toMatch(/This child is new to the model.*After the last visit: \d/s)
    })

    test('is its risk at a hospital that took no part, whatever fold it would have had', async () => {
      const { home } = bedside
      const identity = await readIdentity(home.identityFile)
      await writeIdentity(home.identityFile, { ...identity, site: 'elsewhere' })
      const said = await answers(weights).finally(() => writeIdentity(home.identityFile, identity))
      for (const { part, flags, visits } of said.values()) {
        expect([part, visits.at(-1)?.calibrated !== null]).toEqual(['new', true])
        expect(flags.map(({ kind }) => kind)).toContain('foreign-site')
      }
    })
  })

  test('is printed in a terminal, and written into the log of views', async () => {
    const { home, weights } = bedside
    const participant = [...whole.keys()][0] ?? ''
    const args = ['--home', home.folder, 'predict', '--child', participant, '--weights', weights]
    const text = await runCommand(programs.site, args)
    expect(text).toMatch(/After the last visit: \d+\.\d %, recalibrated for the consortium, in the grey zone/)
    const views = await readViews(home.viewsFile)
    expect(views.at(-1)).toMatchObject({ what: 'prediction', child: expect.stringMatching(/^[0-9a-f]{16}$/) })
    expect(await readFile(home.viewsFile, 'utf8')).not.toContain(participant)
    await expect(runCommand(programs.site, [...args, '--card', join(folder, 'no.json')])).rejects.toThrow(/ENOENT/)
  })
})

describe.skipIf(browserPath === undefined)('the pages of site view in a real browser', () => {
  let program: Program
  let browser: Browser
  let page: Page
  const requests: string[] = []
  const complaints: string[] = []

  beforeAll(async () => {
    program = await startProgram({
      entry: '../../site-agent/main.ts',
      args: ['--home', bedside.home.folder, 'view', '--weights', bedside.weights],
      logFile: join(folder, 'view.log'),
      readyWord: 'It ends after',
    })
    browser = await chromium.launch({
      executablePath: browserPath ?? '',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
    })
    page = await browser.newPage({ viewport: { width: 1600, height: 1000 } })
    page.on('request', (request) => requests.push(request.url()))
    page.on('console', (message) => {
      // The page before one is let in has no icon.
      if (!message.location().url.endsWith('/favicon.ico')) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('dialog', (dialog) => {
      complaints.push(dialog.message())
      void dialog.dismiss()
    })
  })
  afterAll(async () => {
    await browser?.close()
    await program?.end()
  })

  const link = (): string => /http:\S+/.exec(program.output())?.[0] ?? ''
  const pictures = () => page.locator('#viewer img')
  const sources = (): Promise<string[]> =>
    pictures().evaluateAll((images: { src: string }[]) => images.map(({ src }) => src))

  test('are let in by the link, and list the children', async () => {
    await page.goto(link())
    await page.waitForSelector('#children')
    expect(await page.locator('#children tr').count()).toBe(3)
    expect(await page.getByText('Not a medical device').first().isVisible()).toBe(true)
  })

  test('are searched without the id getting into an address', async () => {
    const id = await page.locator('#children a').nth(1).innerText()
    await page.getByLabel('Search by id').fill(id.slice(4))
    expect(await page.locator('#children tr:visible').allInnerTexts()).toEqual([expect.stringContaining(id)])
    await page.keyboard.press('Tab')
    await page.getByRole('link', { name: id }).press('Enter')
    await page.waitForSelector('#trajectory', { timeout: 120_000 })
    expect(await page.locator('h1').innerText()).toBe(id)
    expect([page.url(), await page.title()].join()).not.toContain(id.slice(4))
  })

  test('show risk, range, thresholds, contributions, scans and the card of one child', async () => {
    expect(await page.locator('.figure strong').innerText()).toMatch(/^\d+(\.\d)? %$/)
    expect(await page.getByText('grey zone between the thresholds').first().isVisible()).toBe(true)
    expect(await page.locator('svg .trajectory').first().isVisible()).toBe(true)
    expect(await page.locator('svg .threshold').count()).toBe(2)
    expect(await page.locator('svg .seen').count()).toBeGreaterThan(2)
    expect(await page.getByText('were not checked against outcomes').isVisible()).toBe(true)
    expect(await page.locator('.contributions rect').count()).toBeGreaterThan(1)
    await eventually('the pictures', async () => (await widths()).every((width) => width === 112))
    expect(await page.getByText('<script>alert(1)</script>').isVisible()).toBe(true)
  })

  const widths = (): Promise<number[]> =>
    pictures().evaluateAll((images: { naturalWidth: number }[]) => images.map(({ naturalWidth }) => naturalWidth))

  test('lead all pictures through slices and axes by keyboard alone', async () => {
    const slider = page.getByLabel('Slice')
    await slider.focus()
    await page.keyboard.press('ArrowRight')
    await eventually('the next slice', async () => (await sources()).every((src) => src.includes('/axial/57?')))
    await page.getByLabel('axial').focus()
    await page.keyboard.press('ArrowRight')
    await eventually('coronal slices', async () => (await sources()).every((src) => src.includes('/coronal/')))
    await page.keyboard.press('ArrowRight')
    await eventually('sagittal slices', async () => (await widths()).every((width) => width === 150))
    expect(await page.locator('.edge.left').first().innerText()).toBe('A')
  })

  test('keep black below white, and refuse pictures that there are not', async () => {
    await page.getByLabel('Black at').focus()
    await page.keyboard.press('End')
    await eventually('the window', async () => (await sources()).every((src) => src.endsWith('dark=3.75&bright=4')))
    const status = (path: string): Promise<number> =>
      page.request.get(path, { headers: { 'Sec-Fetch-Site': 'same-origin' } }).then((response) => response.status())
    const [picture = ''] = await sources()
    expect(await status(picture)).toBe(200)
    for (const [from, to] of [
      ['/sagittal/', '/oblique/'],
      ['dark=3.75', 'dark=9'],
      ['dark=3.75', 'dark=x'],
      ['/scan/', '/since-first/'],
      ['/sagittal/', '/sagittal/1'],
      ['/pictures/0', '/pictures/99'],
      ['/pictures/0', '/pictures/-1'],
    ] as const) {
      expect([to, await status(picture.replace(from, to))]).toEqual([to, 404])
    }
  })

  test('fit a narrow window, and paper', async () => {
    await page.setViewportSize({ width: 900, height: 900 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(900)
    await page.setViewportSize({ width: 390, height: 900 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
    const chart = page.getByRole('region', { name: 'Chart of the figures after each visit' }).locator('svg')
    // In units of its drawing, so that its words have the size that they were given.
    expect((await chart.boundingBox())?.width).toBeGreaterThanOrEqual(960)
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('#controls').isVisible()).toBe(false)
    expect(await page.locator('.research').isVisible()).toBe(true)
    await page.emulateMedia({ media: 'screen' })
  })

  test('are shown to nobody else, not even by the same link', async () => {
    const other = await browser.newContext()
    for (const url of [link(), page.url()]) {
      const stranger = await other.newPage()
      expect((await stranger.goto(url))?.status()).toBe(403)
      expect(await stranger.locator('h1').innerText()).toBe('Not shown')
    }
    await other.close()
  })

  test('asked nothing of anybody else, and the browser had nothing to complain of', () => {
    expect(requests.filter((url) => !url.startsWith('http://127.0.0.1:'))).toEqual([])
    expect(complaints).toEqual([])
  })

  test('end with a signal, and every view stands in the log before', async () => {
    await program.end('SIGTERM')
    expect(await program.ended).toBe(0)
    const views = await readViews(bedside.home.viewsFile)
    const served = views.slice(views.findLastIndex(({ what }) => what === 'server-started'))
    expect(served.map(({ what }) => what)).toEqual(['server-started', 'link-used', 'list', 'child', 'server-ended'])
    expect(served.find(({ what }) => what === 'child')?.child).toMatch(/^[0-9a-f]{16}$/)
  })
})

function pathOf(command: string): string | undefined {
  try {
    return execFileSync('which', [command], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}
