import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { chartFamilies, familyWords, scanFamilies } from '../shared/evaluation/families.ts'
import { errorCodes } from '../shared/protocol/errors.ts'
import { parseNewStudy } from '../shared/study/study.ts'
import { problemOfTest } from './support/named-test.ts'

const root = join(import.meta.dirname, '..')
const read = (name: string): string => readFileSync(join(root, name), 'utf8')

describe('documents say what the code does', () => {
  test('docs/errors.md has a row for every error code and for no other', () => {
    const documented = [...read('docs/errors.md').matchAll(/^\| `([a-z_]+)`\s*\|/gm)].map((match) => match[1])
    expect([...documented].sort()).toEqual(Object.keys(errorCodes).sort())
  })

  test('the file table of ARCHITECTURE.md names every source folder and only folders that exist', () => {
    const table = [...read('ARCHITECTURE.md').matchAll(/^\| `([a-z0-9/-]+)\/`\s*\|/gm)].map((match) => match[1])
    expect([...table].sort()).toEqual(sourceFolders().sort())
  })

  test('every relative link in the documents leads to a file', () => {
    for (const document of documents()) {
      const folder = join(root, document, '..')
      for (const [, target] of read(document).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)) {
        expect(() => readFileSync(join(folder, target ?? '')), `${document} links to ${target}`).not.toThrow(/ENOENT/)
      }
    }
  })

  test('the site guide shows every picture that was made for it, each small enough for slow lines', () => {
    const made = readdirSync(join(root, 'docs/site-guide')).toSorted()
    const shown = [...read('docs/site-guide.md').matchAll(/!\[[^\]]{20,}\]\(site-guide\/([^)]+)\)/g)].map(
      ([, name]) => name,
    )
    expect(shown.toSorted()).toEqual(made)
    expect(made.length).toBeGreaterThan(2)
    for (const name of made) expect(statSync(join(root, 'docs/site-guide', name)).size, name).toBeLessThan(200_000)
  })

  test('every study in the documents is one that is accepted', () => {
    const studies = documents().flatMap((document) =>
      [...read(document).matchAll(/^```ya?ml\n([\s\S]*?)^```/gm)].flatMap(([, text = '']) =>
        /^study:/m.test(text) ? [{ document, text }] : [],
      ),
    )
    expect(studies.filter(({ document }) => document === 'docs/study-file.md').length).toBeGreaterThan(1)
    for (const { document, text } of studies) expect(() => parseNewStudy(text), `a study in ${document}`).not.toThrow()
  })

  test('every piece of a study in docs/study-file.md can be put into one', () => {
    const [whole = ''] = [...read('docs/study-file.md').matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text]) => text)
    const pieces = [...read('docs/study-file.md').matchAll(/`((?:model|pipeline): \{[^`]*\})`/g)].map(
      ([, piece = '']) => piece.replaceAll(/\s+/g, ' '),
    )
    expect(pieces.length).toBeGreaterThan(0)
    for (const piece of pieces) {
      const field = piece.slice(0, piece.indexOf(':'))
      expect(() => parseNewStudy(whole.replace(new RegExp(`^${field}: .*$`, 'm'), piece)), piece).not.toThrow()
    }
  })

  test('the site guide names every group by which results leave a hospital', () => {
    const guide = read('docs/site-guide.md').replaceAll(/\s+/g, ' ')
    const told = /The others are sums and counts over the visits.*?decision 33/.exec(guide)?.[0]
    for (const family of [...chartFamilies, ...scanFamilies]) expect(told).toContain(familyWords[family])
  })

  test('every test that docs/traps.md names is there, under its title, and is run and expects something', () => {
    const named = [...read('docs/traps.md').matchAll(/\]\(\.\.\/([^)]+\.test\.ts)\): “([^”]+)”/g)]
    expect(named.length).toBeGreaterThan(20)
    for (const [, file = '', title = ''] of named)
      expect(problemOfTest(read(file), title), `${file}: ${title}`).toBe('')
  })

  test.each([
    ["test('a', () => expect(1).toBe(1))", ''],
    ["describe('of', () => { test.each([1])('a', (one) => { expect(one).toBe(1) }) })", ''],
    ["test.each([['a', 1]])('%s', (_, one) => { expect(one).toBe(1) })", ''],
    ["test.skip.each([['a', 1]])('%s', (_, one) => { expect(one).toBe(1) })", 'is not always run: skip'],
    ["test('a', () => expectLines(1))", ''],
    ["test('b', () => expect('a').toBe('a'))", 'is not there'],
    ["test.skip('a', () => expect(1).toBe(1))", 'is not always run: skip'],
    ["test.skipIf(true)('a', () => expect(1).toBe(1))", 'is not always run: skipIf'],
    ["test.todo('a')", 'is not always run: todo'],
    ["describe.skip('of', () => { test('a', () => expect(1).toBe(1)) })", 'is not always run: skip'],
    ["test('a', { skip: true }, () => expect(1).toBe(1))", 'is not always run: skip'],
    ["test('a', (context) => { context.skip(); expect(1).toBe(1) })", 'is not always run: skip'],
    ["test('a', () => {})", 'expects nothing'],
    ["test('a', () => { const seen = 1 })", 'expects nothing'],
  ])('a test that is not there, not run or empty is seen: %s', (text, problem) => {
    expect(problemOfTest(text, 'a')).toBe(problem)
  })

  test('every npm command in README.md is a script of package.json', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    for (const [, script] of read('README.md').matchAll(/npm run (?:-s )?([a-z:]+)/g)) {
      expect(Object.keys(scripts)).toContain(script)
    }
  })
})

function sourceFolders(): string[] {
  const tops = [
    'proto',
    'shared',
    'coordinator',
    'site-agent',
    'demo',
    'bench',
    'benchmark',
    'deploy',
    'interop',
    'test',
  ]
  const folders = new Set<string>()
  for (const top of tops) {
    for (const entry of readdirSync(join(root, top), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(ts|mjs|proto|py|cc)$/.test(entry.name)) continue
      const folder = entry.parentPath.slice(root.length + 1)
      if (!folder.startsWith('shared/gen') && !folder.includes('node_modules')) folders.add(folder)
    }
  }
  return [...folders]
}

function documents(): string[] {
  return ['README.md', 'ARCHITECTURE.md', ...markdownIn('docs')]
}

function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
}
