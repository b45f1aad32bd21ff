import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { sha256 } from '../shared/digest.ts'
import { initialWeights } from '../shared/model/parameters.ts'
import { judgingStudyText } from '../shared/study/judged-study.ts'
import { modelOf } from '../shared/study/model-of.ts'
import { staysAtSite } from '../shared/study/personal.ts'
import { parseStudy } from '../shared/study/study.ts'
import { parameterViews, type Weights } from '../shared/weights/weights.ts'
import { createPersonalParameters, type PersonalParameters } from './personal-parameters.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-personal-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const textOf = (training: string): string => `study: small
seed: 1
model: { preset: tiny, grid: [24, 32, 24], spacingMm: 7 }
pipeline: { template: mni152, sequences: [FLAIR] }
sites: [a]
folds: { train: 0.8, validation: 0.2, test: 0 }
stages: [{ task: recurrence, rounds: 3, learningRate: 1e-3 }]
training: { ${training} }
round: { quorum: 1, deadline: 1h }
policy: { minChildren: 1 }
`
const study = parseStudy(textOf('personal: [head.risk]'))
const evaluable = parseStudy(textOf('personal: [head.risk]').replace('0.2, test: 0', '0.1, test: 0.1'))
const start = initialWeights(modelOf(study.study), 1)
const at = (round: number, base: string) => ({
  ...{ studyDigest: study.digest, stage: 0, round, baseDigest: sha256(base) },
})
/** The weights with every value the same, so that a parameter says where it comes from. */
const filled = (value: number): Weights => ({ manifest: start.manifest, values: start.values.map(() => value) })
const valuesIn = (weights: Weights | undefined): Record<string, number | undefined> => {
  const views = weights === undefined ? new Map<string, Float32Array>() : parameterViews(weights)
  return { risk: views.get('head.risk.bias')?.[0], shared: views.get('encoder.embedding.bias')?.[0] }
}

/** The bytes with others at their end: little-endian, so they decide exponent and sign of the last number. */
function withLastByte(bytes: Uint8Array, last: number, before: number): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, -2), before, last])
}

let count = 0
const fresh = (): PersonalParameters => createPersonalParameters(join(folder, String(count++)))

describe("a site's own parameters", () => {
  test('take the place of those that a round hands out, from the round after the first on', async () => {
    const personal = fresh()
    expect(valuesIn(await personal.forRound(study, at(0, 'w0'), filled(1)))).toEqual({ risk: 1, shared: 1 })
    await personal.keep(study, at(0, 'w0'), filled(10))
    expect(valuesIn(await personal.forRound(study, at(1, 'w1'), filled(2)))).toEqual({ risk: 10, shared: 2 })
  })

  test('are the same when a round is begun again, even after it was trained', async () => {
    const personal = fresh()
    await personal.keep(study, at(0, 'w0'), filled(10))
    await personal.forRound(study, at(1, 'w1'), filled(2))
    await personal.keep(study, at(1, 'w1'), filled(11))
    expect(valuesIn(await personal.forRound(study, at(1, 'w1'), filled(2))).risk).toBe(10)
  })

  test('are those of their time where weights of an earlier round are handed out again', async () => {
    const personal = fresh()
    for (const [round, base] of ['w0', 'w1', 'w2'].entries()) {
      await personal.forRound(study, at(round, base), filled(round))
      await personal.keep(study, at(round, base), filled(10 + round))
    }
    expect(valuesIn(await personal.forRound(study, { ...at(0, 'w1'), stage: 1 }, filled(5))).risk).toBe(10)
    expect(valuesIn(await personal.forPrediction(study, sha256('w2'), filled(5))).risk).toBe(11)
    expect(valuesIn(await personal.forPrediction(study, sha256('w3'), filled(5))).risk).toBe(12)
  })

  test('are missing for prediction at a site that has trained none', async () => {
    expect(await fresh().forPrediction(study, sha256('w2'), filled(5))).toBeUndefined()
  })

  test.each([
    ['cut', (file: string) => truncateSync(file, statSync(file).size - 4)],
    ['no finite numbers any more', (file: string) => writeFileSync(file, withLastByte(readFileSync(file), 0x7f, 0xc0))],
  ])('that are %s on the disk are refused with the file and what to do', async (_, damage) => {
    const place = join(folder, String(count))
    const personal = fresh()
    await personal.keep(study, at(0, 'w0'), filled(10))
    damage(join(place, study.digest, 'after-00-00000.safetensors'))
    await expect(personal.forRound(study, at(1, 'w1'), filled(2))).rejects.toMatchObject({
      code: 'file_unreadable',
      message: expect.stringMatching(/after-00-00000\.safetensors, .* is damaged; restore it from a backup/),
    })
  })

  test('are those of the training where finished weights are judged, and a site that has none judges nothing', async () => {
    const judging = parseStudy(judgingStudyText(evaluable, { name: 'judged', sites: ['a'], weights: sha256('w2') }))
    const first = { studyDigest: judging.digest, stage: 0, round: 0, baseDigest: sha256('w2') }
    const personal = fresh()
    await personal.keep(evaluable, at(0, 'w0'), filled(10))
    await personal.forRound(evaluable, at(1, 'w1'), filled(1))
    await personal.keep(evaluable, at(1, 'w1'), filled(11))
    expect(valuesIn(await personal.forRound(judging, first, filled(5)))).toEqual({ risk: 11, shared: 5 })
    expect(valuesIn(await personal.forPrediction(judging, sha256('w2'), filled(5))).risk).toBe(11)
    await expect(fresh().forRound(judging, first, filled(5))).rejects.toMatchObject({ code: 'study_state' })
  })

  test('are none where the study shares everything', async () => {
    const shared = parseStudy(textOf(''))
    const personal = fresh()
    await personal.keep(shared, at(0, 'w0'), filled(10))
    const weights = filled(3)
    expect(await personal.forRound(shared, at(1, 'w1'), weights)).toBe(weights)
    expect(await personal.forPrediction(shared, sha256('w1'), weights)).toBe(weights)
  })
})

describe('parameters that stay', () => {
  test('are named by whole parts of their names', () => {
    expect(staysAtSite('head.risk.weight', ['head.risk'])).toBe(true)
    expect(staysAtSite('head.risky.weight', ['head.risk'])).toBe(false)
    expect(staysAtSite('head.risk.weight')).toBe(false)
  })

  test.each([
    ['a name that no parameter has', 'personal: [head.rsk]', /training\.personal: .*head\.rsk/],
    ['everything', 'personal: [encoder, head, sequence]', /training\.personal: nothing would be shared/],
  ])('are refused for %s', (_, training, message) => {
    expect(() => parseStudy(textOf(training))).toThrow(message)
  })
})
