// The page as markup, and in a real browser where there is one.

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decode } from 'fast-png'
import { chromium } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { checkReport } from '../cohort/checks.ts'
import { loadCohort } from '../cohort/cohort.ts'
import { exclusionsOf } from '../cohort/exclusions.ts'
import { prepareCohort } from '../cohort/prepare-cohort.ts'
import {
  imagePath,
  soundSet,
  temporaryFolder,
  testStudy,
  textPreparer,
  togetherStudy,
  writeDataSet,
} from '../cohort/testsupport/data-set.ts'
import { displayGrid } from '../imaging/display.ts'
import { templateMaskOn } from '../imaging/template.ts'
import { renderCheckPage } from './check-page.ts'
import { type CheckPage, checkPage } from './page-data.ts'
import { outlineColours, picturesOf } from './scan-picture.ts'

const browserPath = '/usr/bin/chromium'
const grid = displayGrid(5)
const template = templateMaskOn(grid)
/** A brain that is the template's, one voxel to the left. */
const shifted = template.map((_, i) => template[i - 1] ?? 0)
const pictures = picturesOf({ grid, brightness: shifted.map((inside) => 120 * inside), mask: shifted }, template)

/** A sound set of which one scan cannot be read and one was taken out with a reason that looks like markup. */
async function examplePage(study = testStudy()): Promise<CheckPage> {
  const files = soundSet()
  files.set(imagePath('sub-a', 'ses-z', 'T2w.nii.gz'), 'T2w of sub-a')
  files.set(imagePath('sub-a', 'ses-10'), 'scan_unreadable')
  const root = writeDataSet(files)
  const at = '2026-11-25T04:05:06.000Z'
  const exclusions = exclusionsOf([
    { at, user: 'anna', action: 'exclude', child: 'sub-b', visit: 'ses-2', reason: '<script>alert(1)</script>' },
  ])
  const cohort = await loadCohort({ root, study, site: 'here', exclusions })
  const prepared = await prepareCohort(cohort, textPreparer())
  const scans = [...prepared.volumes.keys()]
  return checkPage({
    report: checkReport(cohort, prepared),
    children: cohort.children,
    pictures: new Map(scans.map((scan) => [scan, pictures])),
    quality: new Map(scans.map((scan) => [scan, 'brain overlaps the template by 0.91 (Dice)'])),
    madeAt: '2026-11-25 04:05 UTC',
  })
}

describe('the page of the data check', () => {
  test('has a row a child, its visits in order of time, and a sentence for everything that is held back', async () => {
    const { children } = await examplePage()
    expect(children.map(({ child, used }) => [child, used])).toEqual([
      ['sub-a', true],
      ['sub-b', false],
    ])
    const [a, b] = children
    expect(a?.visits.map(({ visit, day, used }) => [visit, day, used])).toEqual([
      ['ses-z', 90, true],
      ['ses-10', 400, false],
      ['ses-2', 600, true],
    ])
    expect(a?.visits[1]?.sentences.join()).toMatch(/^Held back: .*scan_unreadable/)
    expect(a?.visits[1]?.pictures).toBeUndefined()
    expect([a?.eventDay, a?.lastFollowUpDay]).toEqual([700, 900])
    expect(b?.visits.find(({ visit }) => visit === 'ses-2')?.sentences.join()).toMatch(/excluded by hand .* anna/)
    expect(b?.sentences.join()).toMatch(/only one usable scan/)
  })

  test('counts sequences where the study shows several at once, and says at each visit which is missing', async () => {
    const page = await examplePage(togetherStudy())
    expect(renderCheckPage(page).text).toContain('Sequences: FLAIR in 2 of 2 visits, T2w in 1 (missing in 1).')
    const [a] = page.children
    expect(a?.visits.map(({ visit, sentences }) => [visit, sentences.join().includes('has no T2w')])).toEqual([
      ['ses-z', false],
      ['ses-10', true],
      ['ses-2', true],
    ])
    expect(renderCheckPage(await examplePage()).text).not.toContain('Sequences:')
  })

  test('asks for nothing from outside, runs nothing, and shows what people wrote as text', async () => {
    const { text } = renderCheckPage(await examplePage())
    expect(text).not.toMatch(/<script|https?:|src="(?!data:image\/png;base64,)/)
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(text).toContain('This page stays at the hospital.')
  })

  test.skipIf(!existsSync(browserPath))(
    'shows three slices a scan in a browser, with nothing to complain of',
    async () => {
      const file = join(temporaryFolder(), 'check.html')
      writeFileSync(file, renderCheckPage(await examplePage()).text)
      const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] })
      try {
        const page = await browser.newPage()
        const complaints: string[] = []
        page.on('console', (message) => complaints.push(message.text()))
        page.on('request', (request) => {
          if (!/^(file|data):/.test(request.url())) complaints.push(request.url())
        })
        await page.goto(`file://${file}`)
        expect(await page.getByRole('img', { name: /slice/ }).count()).toBe(3 * 3)
        const drawn = await page
          .locator('.triple img')
          .evaluateAll((images) => images.map((image): number => Reflect.get(image, 'naturalWidth')))
        expect(Math.min(...drawn)).toBeGreaterThan(10)
        expect(
          await page
            .getByRole('img', { name: 'ses-z on day 90, ses-10 on day 400 (not used), ses-2 on day 600' })
            .count(),
        ).toBe(1)
        await page.setViewportSize({ width: 390, height: 900 })
        const rightmost = await page
          .locator('.visit, .triple img')
          .evaluateAll((parts) => parts.map((part): number => part.getBoundingClientRect().right))
        expect(Math.max(...rightmost)).toBeLessThanOrEqual(390 - 24)
        expect((await page.locator('.timeline').first().boundingBox())?.width).toBeGreaterThanOrEqual(840)
        expect(complaints).toEqual([])
      } finally {
        await browser.close()
      }
    },
  )
})

describe('the pictures of a scan', () => {
  test('go through the middle of the brain, outlined as found and as the template has it', () => {
    const { axial, coronal, sagittal } = pictures
    const [depth, height, width] = grid.shape
    const sizes = [axial, coronal, sagittal].map((png) => decode(png)).map((image) => [image.width, image.height])
    expect(sizes).toEqual([
      [width, height],
      [width, depth],
      [height, depth],
    ])
    const { data } = decode(axial)
    const count = (colour: readonly number[]): number => {
      let found = 0
      for (let i = 0; i < data.length; i += 3) if (colour.every((value, k) => data[i + k] === value)) found++
      return found
    }
    expect(count(outlineColours.scan)).toBeGreaterThan(20)
    expect(count(outlineColours.template)).toBeGreaterThan(5)
    expect(count([120, 120, 120])).toBeGreaterThan(100)
  })
})
