import { describe, expect, test } from 'vitest'
import { parseNewStudy, parseStudy } from './study.ts'
import { exampleStudyText as good } from './testsupport/example-study.ts'

/** What is said of a text that is to be proposed; whatever it is, journals that hold it are still read. */
function refusalOf(text: string): string {
  expect(() => parseStudy(text)).not.toThrow()
  try {
    parseNewStudy(text)
    return 'accepted'
  } catch (error) {
    expect(error).toMatchObject({ code: 'study_invalid' })
    return (error as Error).message
  }
}

const withLosses = (text: string, losses: string): string => text.replace('3e-3 }', `3e-3, losses: { ${losses} } }`)

describe('a study that is proposed', () => {
  test('is the same study, under the same digest, as the text is later read as', () => {
    expect(parseNewStudy(good)).toEqual(parseStudy(good))
  })

  test("works on voxels of the preset's size, since its grid of others holds a part of the head", () => {
    const voxels = (preset: string, mm: number) =>
      good.replace(/preset: .* spacingMm: 7/, `${preset}, spacingMm: ${mm}`)
    const [tiny, compact] = ['preset: tiny, grid: [24, 32, 24]', 'preset: compact, grid: [48, 64, 48]']
    for (const mm of [0.7, 3.5, 14])
      expect(refusalOf(voxels(tiny, mm))).toContain(`model.spacingMm: preset tiny works on voxels of 7 mm; of ${mm} mm`)
    expect(refusalOf(voxels(compact, 7))).toContain('model.spacingMm: preset compact works on voxels of 3.5 mm')
    expect(refusalOf(voxels(compact, 3.5))).toBe('accepted')
  })

  test('asks for one horizon in all of its stages of recurrence', () => {
    const stage = (days: number) => `  - { task: recurrence, rounds: 2, learningRate: 2e-3, horizonDays: ${days} }\n`
    const two = (first: number, second: number) =>
      good.replace(/ {2}- \{ task: recurrence.*\n/, stage(first) + stage(second))
    expect(refusalOf(two(183, 365))).toContain(
      'stages: all stages of recurrence must share one horizonDays, not 183 and 365',
    )
    expect(refusalOf(two(183, 183))).toBe('accepted')
  })

  test('of arrays is taught by pairs or sequences, as there are no maxima of an array', () => {
    const arrays = (more = '') =>
      good
        .replace(/model: .*/, `model: { preset: embeddings, features: 768${more} }`)
        .replace(/pipeline: .*/, 'pipeline: { features: brainiac }')
    expect(refusalOf(withLosses(arrays(), 'pairs: 0, sequences: 0'))).toContain(
      'stages.0.losses: arrays have no maxima',
    )
    expect(refusalOf(withLosses(arrays(), 'pairs: 0'))).toBe('accepted')
    expect(refusalOf(withLosses(arrays(), 'sequences: 0'))).toBe('accepted')
    const mean = arrays(', temporal: mean')
    expect(refusalOf(withLosses(mean, 'pairs: 0'))).toContain('stages.0.losses: a mean of scans')
    expect(refusalOf(withLosses(mean, 'sequences: 0'))).toBe('accepted')
    expect(refusalOf(mean)).toBe('accepted')
    expect(refusalOf(withLosses(good, 'pairs: 0, sequences: 0'))).toBe('accepted')
  })

  test('hears of everything at once that is wrong with it', () => {
    const message = (): unknown =>
      parseNewStudy(good.replace('spacingMm: 7', 'spacingMm: 5').replace('quorum: 2', 'quorum: 3'))
    expect(message).toThrow(/round\.quorum.*\n.*model\.spacingMm/)
  })
})
