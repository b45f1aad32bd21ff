// Makes the pictures of docs/site-guide.md: the product's own pages about synthetic children, in a real browser.
// `npm run site-guide:pictures`, after a change of these pages; needs Chromium or Google Chrome.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { chromium, type Page } from 'playwright-core'
import nodeFlags from '../../shared/node-flags.json' with { type: 'json' }
import { programs, runCommand } from '../programs.ts'
import { createExampleHospital, type ExampleHospital } from './example-hospital.ts'

const outFolder = join(import.meta.dirname, '../../docs/site-guide')
/** The guide is read on slow lines, and its pictures lie in the repository for ever. */
const mostBytes = 200_000
const browsers = ['/usr/bin/chromium', '/usr/bin/google-chrome']

const executablePath = browsers.find((path) => existsSync(path))
if (executablePath === undefined) throw new Error(`the pictures need a browser: ${browsers.join(' or ')}`)
const folder = mkdtempSync(join(tmpdir(), 'sequela-guide-'))
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
try {
  mkdirSync(outFolder, { recursive: true })
  const page = await browser.newPage({ viewport: { width: 1000, height: 720 } })
  const hospital = await createExampleHospital(folder)
  await checkPage(page, hospital)
  await localView(page, hospital)
} finally {
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
}

async function checkPage(page: Page, { home, spoiltChild }: ExampleHospital): Promise<void> {
  const file = join(folder, 'check.html')
  process.stdout.write(`${await runCommand(programs.site, ['--home', home.folder, 'check-data', '--html', file])}\n`)
  await page.goto(`file://${file}`)
  await keep(page, 'check-page.png')
  await page.getByRole('region', { name: spoiltChild }).screenshot({ path: join(outFolder, 'check-held-back.png') })
  checkSize('check-held-back.png')
}

async function localView(page: Page, { home, soundChild }: ExampleHospital): Promise<void> {
  const args = [...nodeFlags, programs.site, '--home', home.folder, 'view']
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(server, 'exit')
  try {
    await page.goto(await linkIn(server.stdout))
    await page.waitForSelector('#children')
    await keep(page, 'view-children.png')
    await page.getByRole('link', { name: soundChild }).click()
    await page.waitForSelector('#viewer img', { timeout: 120_000 })
    await page.evaluate("Promise.all([...document.querySelectorAll('#viewer img')].map((image) => image.decode()))")
    await page.evaluate("document.querySelector('#viewer').scrollIntoView()")
    await keep(page, 'view-scans.png')
  } finally {
    server.kill('SIGTERM')
    await ended
  }
}

async function linkIn(output: Readable): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const link = /http:\S+/.exec(line)?.[0]
    if (link !== undefined) return link
  }
  throw new Error('site view ended without a link')
}

async function keep(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(outFolder, name) })
  checkSize(name)
}

function checkSize(name: string): void {
  const { size } = statSync(join(outFolder, name))
  if (size > mostBytes) throw new Error(`${name} has ${size} bytes; at most ${mostBytes}`)
  process.stdout.write(`${name}: ${size} bytes\n`)
}
