import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { RunStatus } from '../coordinator/status.ts'
import { sha256 } from '../shared/digest.ts'
import { parseNewStudy, type StudyFile } from '../shared/study/study.ts'
import { readEgress } from '../site-agent/egress-record.ts'
import { imagesIntoArrays } from './support/arrays.ts'
import { type TrainedFederation, trainedFederation } from './support/trained-federation.ts'

const sites = ['north', 'south', 'west']
const length = 12
let trained: TrainedFederation
let plan: StudyFile
let judged: RunStatus
let said: { readonly refusal: string; readonly plan: string }

/** Two hospitals train and ask for no evaluation; later they judge the weights together with a third that did not train. */
beforeAll(async () => {
  trained = await trainedFederation({
    ...{ name: 'judged', hospitalSeed: 6, studySeed: 6, childrenPerSite: 24, others: ['west'] },
    changeData: (data) => {
      imagesIntoArrays(data, length)
      return data
    },
    changeStudy: (text) =>
      text
        .replace(/model: .*/, `model: { preset: embeddings, features: ${length}, head: hazards }`)
        .replace(/pipeline: .*/, 'pipeline: { features: elsewhere }')
        .replace(/folds: .*/, 'folds: { train: 0.2, validation: 0.3, test: 0.5 }'),
  })
  const file = join(trained.folder, 'plan.yaml')
  const evaluate = (...args: readonly string[]) => trained.atCoordinator('evaluate', trained.digest, ...args)
  const refusal = await evaluate('--out', trained.folder).then(String, (error: unknown) => String(error))
  said = { refusal, plan: await evaluate('--plan', file, '--sites', sites.join(',')) }
  plan = parseNewStudy(await readFile(file, 'utf8'))
})
afterAll(() => trained?.close())

describe('weights of a finished study', () => {
  test('are judged by a study of their own, to which the coordinator points', () => {
    expect(said.refusal).toContain(`coordinator evaluate ${trained.digest.slice(0, 12)} --plan FILE`)
    expect(said.plan).toContain(`site approve ${plan.digest.slice(0, 12)}`)
    expect(plan.study).toMatchObject({ stages: [], sites, from: { study: trained.digest, sites: ['north', 'south'] } })
  })

  test.each<[what: string, change: (text: string) => string, refusal: string]>([
    ['a study that nobody knows', (text) => text.replace(trained.digest, sha256('none')), 'study_unknown'],
    [
      'weights with which it did not end',
      (text) => text.replace(/weights: [0-9a-f]+/, `weights: ${sha256('none')}`),
      'ended with the weights',
    ],
    ['another model', (text) => text.replace(/features: 12/, 'features: 13'), 'model: in demo'],
    ['another event', (text) => text.replace(/horizonDays: 365/, 'horizonDays: 183'), 'from.horizonDays: in demo'],
    ['other folds', (text) => text.replace(/seed: \d+/, 'seed: 77'), 'seed: in demo'],
    ['fewer children in a cell', (text) => text.replace(/minCell: \d+/, 'minCell: 1'), 'policy: in demo'],
  ])('are not judged as %s', async (_, change, refusal) => {
    const file = join(trained.folder, 'changed.yaml')
    await writeFile(file, change(plan.text))
    await expect(trained.atCoordinator('study', 'propose', file)).rejects.toThrow(refusal)
  })

  describe('judged by those who trained them and by one who did not', () => {
    beforeAll(async () => {
      judged = await trained.runStudy(plan.text, sites)
    })

    test('stay as they are while every site answers six passes', () => {
      expect(judged.weightsDigest).toBe(trained.run.weightsDigest)
      expect(judged.rounds.map(({ purpose }) => purpose)).toEqual(Array(6).fill('pass'))
      for (const { sites: participants } of judged.rounds) {
        expect(participants.map(({ site, outcome }) => [site, outcome])).toEqual(sites.map((site) => [site, 'counted']))
      }
    })

    test('are reported on with all children of the one that did not train, and with test children of the others', async () => {
      const out = join(trained.folder, 'evaluation')
      expect(await trained.atCoordinator('evaluate', plan.digest, '--out', out)).toMatch(/^AUROC 0\.\d\d; written/)
      const report = reportSchema.parse(JSON.parse(await readFile(join(out, 'report.json'), 'utf8')))
      expect(report).toMatchObject({
        weightsDigest: trained.run.weightsDigest,
        trainedBy: { studyDigest: trained.digest, sites: ['north', 'south'], newSites: ['west'] },
      })
      const [north, south, west] = report.sites.map(({ children }) => children ?? 0)
      expect(west).toBeGreaterThan(Math.max(north ?? 0, south ?? 0))
      const card = await readFile(join(out, 'model-card.md'), 'utf8')
      expect(card).toContain('ordering, 1 round; recurrence, 1 round')
      expect(card).toContain('not at west, where every child is tested')
    })

    test('leave nothing of a child of the new site but answers, and no update of anybody', async () => {
      const records = await readEgress(trained.federation.sites.get('west')?.egressFile ?? '')
      expect(new Set(records.map(({ kind }) => kind))).toEqual(new Set(['answer-sealed', 'update-delivered']))
      const north = await readEgress(trained.federation.sites.get('north')?.egressFile ?? '')
      const sealed = north.filter(({ kind }) => kind === 'update-sealed')
      expect(sealed).toHaveLength(2)
    })

    test('are exported as they were, with their card, and predict at the site that did not train', async () => {
      const out = join(trained.folder, 'judged.safetensors')
      await trained.atCoordinator('export', plan.digest, '--out', out)
      expect(sha256(await readFile(out))).toBe(trained.run.weightsDigest)
      const note: unknown = JSON.parse(await readFile(join(trained.folder, 'judged.provenance.json'), 'utf8'))
      expect(note).toMatchObject({ studyDigest: plan.digest, from: { study: trained.digest } })
      const truth = truthSchema.parse(JSON.parse(await readFile(join(trained.folder, 'truth.json'), 'utf8')))
      const child = truth.children.find(({ hospital }) => hospital === 'west')?.participant ?? ''
      const answer = await trained.atSite('west', 'predict', '--child', child, '--weights', out, '--json')
      expect(JSON.parse(answer)).toMatchObject({ weightsDigest: trained.run.weightsDigest })
      const other = trained.atCoordinator('export', plan.digest, '--out', out, '--stage', '1')
      await expect(other).rejects.toThrow(`coordinator export ${trained.digest}`)
    })
  })
})

const reportSchema = z.looseObject({ sites: z.array(z.object({ site: z.string(), children: z.number().nullable() })) })
const truthSchema = z.object({ children: z.array(z.object({ hospital: z.string(), participant: z.string() })) })
