import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  imagePath,
  loadFolder,
  outcomes,
  soundSet,
  temporaryFolder,
  told,
  writeDataSet,
} from './testsupport/data-set.ts'

describe('links', () => {
  /** A sound set with `path` replaced by a link to `target`. */
  const linked = (path: string, target: (root: string) => string): string => {
    const root = writeDataSet(soundSet())
    rmSync(join(root, path), { recursive: true, force: true })
    mkdirSync(dirname(join(root, path)), { recursive: true })
    symlinkSync(target(root), join(root, path))
    return root
  }
  const outside = (content = 'secret'): string => {
    const file = join(temporaryFolder(), 'outside')
    writeFileSync(file, content)
    return file
  }

  test('inside the folder are followed, as in data sets kept by git-annex', async () => {
    const root = linked(imagePath('sub-b', 'ses-1'), (folder) => join(folder, 'objects', 'x'))
    mkdirSync(join(root, 'objects'))
    writeFileSync(join(root, 'objects', 'x'), 'image')
    const { children, findings } = await loadFolder(root)
    expect(findings).toEqual([])
    expect(children[1]?.scans[0]?.file.endsWith(join('objects', 'x'))).toBe(true)
  })

  test('to an image outside hold the scan', async () => {
    const { findings, children } = await loadFolder(linked(imagePath('sub-b', 'ses-1'), () => outside()))
    expect(children[1]?.scans).toHaveLength(1)
    expect(told(findings)).toEqual([
      'scan/unreadable sub-b ses-1: "sub-b/ses-1/anat/sub-b_ses-1_FLAIR.nii.gz" is a link that leads out of the data folder; ' +
        'copy what it points to into the folder.',
    ])
  })

  test('to nothing hold the scan', async () => {
    const { findings } = await loadFolder(linked(imagePath('sub-b', 'ses-1'), () => '/nowhere/at/all'))
    expect(told(findings)).toEqual(['scan/unreadable sub-b ses-1: it is a link to a file that is not there.'])
  })

  test('to a folder outside hold what would have been in it', async () => {
    const elsewhere = writeDataSet(new Map([['anat/sub-b_ses-1_FLAIR.nii.gz', 'image']]))
    const visit = await loadFolder(linked('sub-b/ses-1', () => elsewhere))
    expect(visit.findings.map(({ holds, rule }) => `${holds}/${rule}`)).toEqual(['scan/unreadable', 'scan/no-image'])
    const child = await loadFolder(linked('sub-b', () => elsewhere))
    expect(child.findings.map(({ holds, rule }) => `${holds}/${rule}`)).toEqual(['child/unreadable'])
  })

  test('to a table outside are refused', async () => {
    const text = outcomes({ 'sub-a': '0 n/a n/a 900 n/a' })
    await expect(loadFolder(linked('phenotype/recurrence.tsv', () => outside(text)))).rejects.toMatchObject({
      code: 'file_unreadable',
      message:
        '"phenotype/recurrence.tsv" is a link that leads out of the data folder; copy what it points to into the folder',
    })
  })

  test('that go round in circles are no trap', async () => {
    const { findings } = await loadFolder(linked('sub-b/ses-1', (root) => join(root, 'sub-b')))
    expect(findings.map(({ rule }) => rule)).toEqual(['no-image'])
  })

  test('and sockets in the place of files are not opened', async () => {
    const files = soundSet()
    files.delete('sub-b/sub-b_sessions.tsv')
    const root = writeDataSet(files)
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(root, 'sub-b/sub-b_sessions.tsv'), resolve))
    onTestFinished(() => void server.close())
    const { findings } = await loadFolder(root)
    expect(told(findings)).toEqual(['child/unreadable sub-b: "sub-b/sub-b_sessions.tsv" is not a file.'])
  })
})
