import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { exampleStudyText } from '../shared/study/testsupport/example-study.ts'
import { coordinatorProgram } from './cli.ts'

const root = mkdtempSync(join(tmpdir(), 'sequela-cli-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const call = (...words: readonly string[]): Promise<unknown> =>
  coordinatorProgram().parseAsync(['--home', join(root, 'home'), ...words], { from: 'user' })

describe('the command line of the coordinator', () => {
  test.each(['check', 'propose', 'start'])(
    'study %s takes no file whose digest would not be that of its bytes',
    async (command) => {
      const file = join(root, 'study.yaml')
      writeFileSync(file, `${exampleStudyText}# für Zürich\n`, 'latin1')
      const message = expect.stringContaining('not UTF-8')
      await expect(call('study', command, file)).rejects.toMatchObject({ code: 'study_invalid', message })
    },
  )

  test('serve takes no level of the log that there is not, and names those that there are', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    try {
      await expect(call('serve', '--log-level', 'chatty')).rejects.toMatchObject({ code: 'commander.invalidArgument' })
      expect(said.mock.calls.flat().join('')).toContain('Allowed choices are info, warn, error, silent.')
    } finally {
      said.mockRestore()
    }
  })
})
