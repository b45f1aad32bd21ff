import { describe, expect, test } from 'vitest'
import { ownCensoringCurve } from '../evaluation/censoring.ts'
import {
  chartFamilies,
  courseFamilies,
  familyWords,
  inputNames,
  inputWords,
  isFamily,
  scanFamilies,
} from '../evaluation/families.ts'
import { wholeFamily } from '../evaluation/suppression/strata.ts'
import { stratify } from '../evaluation/suppression/stratify.ts'
import { horizonDays, simulatedLandmarks } from '../evaluation/testsupport/simulated-landmarks.ts'
import { studyInWords } from './in-words.ts'
import { parseStudy } from './study.ts'
import { exampleStudyText as good } from './testsupport/example-study.ts'

/** What a person is shown before saying yes, in one line. */
function wordsOf(text: string): string {
  return studyInWords(parseStudy(text)).replaceAll(/\s+/g, ' ')
}

const evaluated = `${good}evaluation: {}\n`

describe('a study with an evaluation', () => {
  test('says in words everything that leaves for it, and who sees what', () => {
    for (const leaving of [
      'of children of all folds, those that are trained on too, how long they were followed after their visits and how many were lost',
      'how risks and outcomes lie in ranges of risk that hold at least 5 children each, and how many had an event',
      'how well it does, how its risks are to be corrected, how it orders test scans',
      "how many of these it recognises as this hospital's",
      'mean and covariance of what it makes of validation scans, where there are 30 or more',
      'their number, scans, mean follow-up, competing events and changes of treatment',
      'of training children about how many have which number of visits, days between visits, days since surgery and age',
      'the names of each sequence, scanner and field strength',
      'The coordinator sees all of it; the consortium sees the sums over all hospitals and what each says of itself',
    ])
      expect(wordsOf(evaluated)).toContain(leaving)
    expect(wordsOf(good)).not.toContain('in the evaluation')
  })

  test('names every way in which landmarks are divided, the location of the tumour among them', () => {
    const words = wordsOf(evaluated)
    for (const family of [...courseFamilies, ...chartFamilies, ...scanFamilies])
      expect(words).toContain(familyWords[family])
    for (const name of inputNames) expect(words).toContain(inputWords[name])
    expect(words).toContain(
      'extent of resection, location of the tumour, treatment, sequence, scanner and field strength',
    )
  })

  test('divides by nothing that has no words', () => {
    const rows = simulatedLandmarks({ seed: 'words', children: 60 })
    const parts = stratify(rows, horizonDays, ownCensoringCurve(rows), 1)
    const families = new Set(parts.map(({ family }) => family))
    expect([...families]).toEqual(expect.arrayContaining([wholeFamily, ...courseFamilies, 'sex']))
    families.delete(wholeFamily)
    expect([...families].filter((family) => !isFamily(family))).toEqual([])
  })

  test('of arrays speaks of no sequences, which arrays do not have', () => {
    const arrays = evaluated
      .replace(/model: .*/, 'model: { preset: embeddings, features: 768 }')
      .replace(/pipeline: .*/, 'pipeline: { features: brainiac }')
    expect(wordsOf(arrays)).toContain('treatment, scanner and field strength')
    expect(wordsOf(arrays)).toContain('the names of each scanner and field strength')
  })
})

describe('what a study says never leaves', () => {
  const allowing = (policy: string): string => wordsOf(evaluated.replace(/policy: .*/, `policy: { ${policy} }`))

  test('is any number about a single child, where the study keeps it so', () => {
    expect(allowing('minChildren: 2, minCell: 2')).toContain('and any number about a single child.')
  })

  test('is no more than is true where a number may rest on one child', () => {
    const few = allowing('minChildren: 5, minCell: 1')
    expect(few).toContain('at least 1 child each')
    expect(few).toContain('What never leaves: images, tables, names and dates.')
    expect(few).toContain('What may leave about a single child in this study: sums and counts (policy.minCell is 1).')
    expect(few).not.toContain('any number about a single child')
    expect(allowing('minChildren: 1, minCell: 5, linkage: keyed-hash')).toContain(
      'about a single child in this study: a difference of weights (policy.minChildren is 1); its hash.',
    )
  })
})
