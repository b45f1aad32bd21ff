import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { siteHome } from './home.ts'
import { isLocked, lockHome, lockImport } from './home-lock.ts'

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sequela-lock-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test('a home has one agent and one import, side by side', () => {
  const home = siteHome(place())
  const unlock = lockHome(home)
  expect(isLocked(home)).toBe(true)
  expect(() => lockHome(home)).toThrow(`an agent already runs in ${home.folder}; stop it first`)
  const unlockImport = lockImport(home)
  expect(() => lockImport(home)).toThrow('another import already runs')
  unlockImport()
  unlock()
  expect(isLocked(home)).toBe(false)
})

test.each([lockHome, lockImport])('a home that cannot be written is refused with the reason', (lock) => {
  const file = join(place(), 'a file')
  writeFileSync(file, '')
  const home = siteHome(join(file, 'home'))
  expect(() => lock(home)).toThrow(
    expect.objectContaining({
      code: 'file_unreadable',
      message: `${home.folder} cannot be written (ENOTDIR); it must belong to the user that the site agent runs as`,
    }),
  )
})
