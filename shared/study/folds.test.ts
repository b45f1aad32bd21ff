import { describe, expect, test } from 'vitest'
import { foldOf } from './folds.ts'
import { parseStudy } from './study.ts'
import { exampleStudyText } from './testsupport/example-study.ts'

describe('the fold of a child', () => {
  const { study } = parseStudy(exampleStudyText)

  test('has the shares that the study asks for', () => {
    const counts = { train: 0, validation: 0, test: 0 }
    for (let child = 0; child < 5000; child++) counts[foldOf(study, 'boston', `sub-${child}`)]++
    expect(counts.train / 5000).toBeCloseTo(0.6, 1)
    expect(counts.validation / 5000).toBeCloseTo(0.2, 1)
  })

  test('differs between seeds and between sites', () => {
    const children = Array.from({ length: 200 }, (_, i) => `sub-${i}`)
    const folds = children.map((child) => foldOf(study, 'boston', child))
    expect(children.map((child) => foldOf({ ...study, seed: 2 }, 'boston', child))).not.toEqual(folds)
    expect(children.map((child) => foldOf(study, 'zurich', child))).not.toEqual(folds)
  })

  test('is the one that it was in earlier versions, so that nobody is tested on who was trained on before', () => {
    const children = Array.from({ length: 12 }, (_, i) => `sub-${i}`)
    expect(children.map((child) => foldOf(study, 'boston', child).slice(0, 2)).join(' ')).toBe(
      'tr va tr va te tr tr tr tr va tr tr',
    )
  })
})
