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

  test('depends on the child alone, not on who else is there, and differs between seeds', () => {
    const children = Array.from({ length: 200 }, (_, i) => `sub-${i}`)
    const folds = children.map((child) => foldOf(study, 'boston', child))
    expect(
      children
        .toReversed()
        .map((child) => foldOf(study, 'boston', child))
        .toReversed(),
    ).toEqual(folds)
    expect(children.map((child) => foldOf({ ...study, seed: 2 }, 'boston', child))).not.toEqual(folds)
  })
})
