import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { afterAll, describe, expect, test } from 'vitest'
import { reportPage } from '../demo/report/report-page.ts'
import { exampleReport } from './support/example-report.ts'

const browser = pathOf('chromium') ?? pathOf('google-chrome')
const folder = mkdtempSync(join(tmpdir(), 'sequela-page-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the report page in a real browser', () => {
  test.skipIf(browser === undefined).each([
    ['a desk', 1280],
    ['a phone', 390],
  ])('fits %s, draws every chart, and loads nothing from outside', async (_, width) => {
    const file = join(folder, 'report.html')
    writeFileSync(file, reportPage(exampleReport('<script>alert(1)</script>')))
    const running = await chromium.launch({
      executablePath: browser ?? '',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
    try {
      const page = await running.newPage({ viewport: { width, height: 900 } })
      const requests: string[] = []
      const complaints: string[] = []
      page.on('request', (request) => requests.push(request.url()))
      page.on('console', (message) => complaints.push(message.text()))
      page.on('dialog', (dialog) => {
        complaints.push(dialog.message())
        void dialog.dismiss()
      })
      await page.goto(pathToFileURL(file).href)
      expect(requests.filter((url) => !url.startsWith('file:'))).toEqual([])
      expect(complaints).toEqual([])
      expect(await page.locator('svg').count()).toBeGreaterThanOrEqual(3)
      expect(await page.locator('svg polyline').first().isVisible()).toBe(true)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      expect(await page.getByText('not a medical device').isVisible()).toBe(true)
    } finally {
      await running.close()
    }
  })
})

function pathOf(command: string): string | undefined {
  try {
    return execFileSync('which', [command], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}
