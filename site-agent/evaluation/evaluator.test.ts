import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { nothingPooled, type Pooled } from '../../shared/evaluation/pooled.ts'
import { initialWeights } from '../../shared/model/parameters.ts'
import { modelOf } from '../../shared/study/model-of.ts'
import { parseStudy } from '../../shared/study/study.ts'
import { exampleStudyText } from '../../shared/study/testsupport/example-study.ts'
import { createEvaluator } from './evaluator.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sequela-evaluator-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const study = parseStudy(`${exampleStudyText}evaluation: {}\n`)

/** A pass of an evaluation as a program answers it that cuts in that way; nobody is judged here. */
async function answer(round: number, cuts: number, { base = 'w', sites = [] as Pooled['sites'] } = {}) {
  const evaluator = createEvaluator({
    ...{ site: 'a', cuts, trainer: { risks: async () => [] } },
    ...{ reportedFile: join(folder, 'reported.json'), cutsFile: join(folder, 'cuts.json') },
  })
  const pooled = round === 0 ? undefined : Buffer.from(JSON.stringify({ ...nothingPooled, passes: round, sites }))
  const { length: stage } = study.study.stages
  const assignment = {
    ...{ studyDigest: study.digest, stage, round, baseDigest: sha256(base), baseByteLength: 0, deadlineMs: 0 },
    ...{ evaluateOnly: false, answerPass: true },
  }
  const weights = async () => initialWeights(modelOf(study.study), 1)
  return (await evaluator.answer({ study, assignment, children: [], weights, pooled })).pass
}

const answered = {
  ...{ site: 'a', children: 9, landmarks: 9, events: 5 },
  ...{ raw: null, consortium: null, own: null, recalibration: null },
}

describe('the passes of an evaluation', () => {
  test('are answered to the end by a program that was updated and cuts as before', async () => {
    const asked = ['censoring', 'counts', 'calibration', 'calibration', 'recalibration', 'influence']
    for (const [round, pass] of asked.entries()) expect(await answer(round, 1)).toBe(pass)
  })

  test('are not answered by a program that cuts otherwise than the one that began, and are again by that one', async () => {
    await answer(0, 1)
    await answer(1, 1)
    await expect(answer(2, 2)).rejects.toMatchObject({
      code: 'cuts_changed',
      message: expect.stringContaining('run the version that began it'),
    })
    expect(await answer(2, 1)).toBe('calibration')
  })

  test('of other weights are answered in the new way', async () => {
    await answer(0, 1)
    expect(await answer(0, 2, { base: 'other' })).toBe('censoring')
  })

  test('are taken for begun in the first way where a program answered them that noted nothing', async () => {
    await expect(answer(2, 2, { sites: [answered] })).rejects.toMatchObject({ code: 'cuts_changed' })
    expect(await answer(2, 1, { sites: [answered] })).toBe('calibration')
    expect(await answer(2, 2, { base: 'of which it missed the counts' })).toBe('calibration')
  })

  test('are not answered when the record of the ways cannot be understood', async () => {
    writeFileSync(join(folder, 'cuts.json'), '{}')
    await expect(answer(0, 1)).rejects.toMatchObject({ code: 'file_unreadable' })
  })
})
