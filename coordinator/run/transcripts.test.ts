// Each transcript in testdata is a story with the machine's answers. After a change that is meant, rewrite the answers
// with UPDATE_TRANSCRIPTS=1 and read the difference as carefully as code.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runTranscript } from './testsupport/transcript.ts'

const folder = join(import.meta.dirname, 'testdata')

describe('the machine answers as its transcripts say', () => {
  test.each(readdirSync(folder).filter((name) => name.endsWith('.txt')))('%s', (name) => {
    const path = join(folder, name)
    const text = readFileSync(path, 'utf8')
    const answered = runTranscript(text)
    if (process.env.UPDATE_TRANSCRIPTS === '1') writeFileSync(path, answered)
    else expect(answered).toBe(text)
  })
})
