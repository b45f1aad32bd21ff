import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { exampleStudyText } from '../shared/study/testsupport/example-study.ts'
import { siteProgram } from './cli.ts'

const root = mkdtempSync(join(tmpdir(), 'sequela-site-cli-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const call = (...words: readonly string[]): Promise<unknown> =>
  siteProgram().parseAsync(['--home', join(root, 'home'), ...words], { from: 'user' })

describe('the command line of a site', () => {
  test.each(['check-data', 'prepare'])(
    '%s takes no study file whose digest would not be that of its bytes',
    async (command) => {
      const file = join(root, 'study.yaml')
      writeFileSync(file, `${exampleStudyText}# für Zürich\n`, 'latin1')
      const message = expect.stringContaining('not UTF-8')
      const called = call(command, '--data', root, '--study', file)
      await expect(called).rejects.toMatchObject({ code: 'study_invalid', message })
    },
  )

  test('run takes no level of the log that there is not, and names those that there are', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    try {
      await expect(call('run', '--log-level', 'chatty')).rejects.toMatchObject({ code: 'commander.invalidArgument' })
      expect(said.mock.calls.flat().join('')).toContain('Allowed choices are info, warn, error, silent.')
    } finally {
      said.mockRestore()
    }
  })
})
