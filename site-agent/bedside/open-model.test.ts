import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { cardFileOf } from '../../shared/evaluation/model-card.ts'
import { exampleCard } from '../../shared/evaluation/testsupport/example-card.ts'
import { initialWeights } from '../../shared/model/parameters.ts'
import { modelOf } from '../../shared/study/model-of.ts'
import { encodeSafetensors } from '../../shared/weights/safetensors.ts'
import { createApprovals } from '../approvals.ts'
import { testStudyFile } from '../cohort/testsupport/data-set.ts'
import { type SiteHome, siteHome } from '../home.ts'
import { openModel } from './open-model.ts'

let folder: string
let home: SiteHome
let weights: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sequela-open-model-'))
  home = siteHome(join(folder, 'home'))
  const study = testStudyFile()
  await createApprovals(home.approvalsFolder).approve(study)
  weights = join(folder, 'model.safetensors')
  const content = encodeSafetensors(initialWeights(modelOf(study.study), 1))
  writeFileSync(weights, content)
  const weightsDigest = sha256(content)
  const sites = ['counted', 'evaluated', 'missing'].map((outcome) => ({ site: `that ${outcome}`, outcome }))
  const ofTraining = { studyDigest: sha256('training'), task: 'ordering', stage: 0, round: 0, sites: sites.slice(0, 1) }
  const rounds = [ofTraining, { task: 'recurrence', stage: 1, round: 4, weightsDigest, sites }]
  const origin = { studyDigest: study.digest, weightsDigest, rounds }
  writeFileSync(join(folder, 'model.provenance.json'), JSON.stringify(origin))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const cardOf = (weightsDigest: string): string => {
  const card = exampleCard()
  return JSON.stringify({ ...card, model: { ...card.model, weightsDigest } })
}

describe('a model that is asked at the bedside', () => {
  test('has no card when there is none beside the weights, and one that is named must be there', async () => {
    expect((await openModel(home, { weights })).card).toBe(undefined)
    await expect(openModel(home, { weights, card: join(folder, 'other.json') })).rejects.toMatchObject({
      code: 'file_unreadable',
      message: expect.stringContaining('ENOENT'),
    })
  })

  test('has the card beside the weights, or the one that is named', async () => {
    const { digest } = await openModel(home, { weights })
    writeFileSync(cardFileOf(weights), cardOf(digest))
    expect((await openModel(home, { weights })).card?.model.weightsDigest).toBe(digest)
    const elsewhere = join(folder, 'elsewhere.json')
    copyFileSync(cardFileOf(weights), elsewhere)
    expect((await openModel(home, { weights, card: elsewhere })).card?.model.weightsDigest).toBe(digest)
  })

  test('says which sites were heard in which round of which study', async () => {
    const { heard, study } = await openModel(home, { weights })
    expect(heard).toEqual([
      { site: 'that counted', studyDigest: sha256('training'), stage: 0, round: 0 },
      { site: 'that counted', studyDigest: study.digest, stage: 1, round: 4 },
      { site: 'that evaluated', studyDigest: study.digest, stage: 1, round: 4 },
    ])
  })

  test('is refused with a card of other weights, and with one that cannot be understood', async () => {
    const other = join(folder, 'other-weights.json')
    writeFileSync(other, cardOf(sha256('other')))
    await expect(openModel(home, { weights, card: other })).rejects.toMatchObject({ code: 'digest_mismatch' })
    writeFileSync(other, readFileSync(weights))
    await expect(openModel(home, { weights, card: other })).rejects.toMatchObject({ code: 'file_unreadable' })
  })
})
