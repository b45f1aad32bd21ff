import { describe, expect, test } from 'vitest'
import { type Digest, sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { testStudyFile } from '../cohort/testsupport/data-set.ts'
import { offeredInWords, studyAmong } from './offered-studies.ts'

const { text, digest } = testStudyFile()
const later = text.replace('seed: 1', 'seed: 1\nattention: \u001b[2Jeverywhere')
const noYaml = 'study: [\u001b[2J'
const texts = [later, text, noYaml]

function refusalOf(digits: string): SequelaError {
  try {
    studyAmong(texts, digits)
  } catch (error) {
    return SequelaError.from(error)
  }
  throw new Error('it was not refused')
}

describe('a study that this version cannot read', () => {
  test('stands in no other’s way', () => {
    expect(studyAmong(texts, digest.slice(0, 8)).digest).toBe(digest)
  })

  test('is listed with its reason, beside those that can be read', () => {
    const words = offeredInWords(texts, new Set([digest]))
    expect(words).toContain(`Study ${sha256(later).slice(0, 12)} cannot be read by this version`)
    expect(words).toMatch(/^ {2}.*attention/m)
    expect(words).toContain('the study file is not YAML')
    expect(words).toMatch(/^Study test$.*^ {2}approved here$/ms)
    expect(words.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  })

  test('is refused by its own digest, with the reason', () => {
    const { code, message } = refusalOf(sha256(later))
    expect(code).toBe('study_invalid')
    expect(message).toMatch(/cannot be read by this version.*attention/s)
  })

  test('is named by its digest where another is asked for that there is not', () => {
    const { code, message } = refusalOf('zz')
    expect(code).toBe('study_unknown')
    expect(message).toBe(
      `"zz" names no study of this site; there are: ${sha256(later).slice(0, 12)} (which this version cannot read), ` +
        `${digest.slice(0, 12)} test, ${sha256(noYaml).slice(0, 12)} (which this version cannot read)`,
    )
  })
})

test('digits that several begin with name none of them', () => {
  expect(refusalOf('').message).toContain('names several studies')
})

test('what is not approved is said to be so, and where there is nothing, that', () => {
  expect(offeredInWords([text], new Set<Digest>())).toMatch(/NOT approved here/)
  expect(offeredInWords([], new Set<Digest>())).toBe('No study lists this site yet.')
})
