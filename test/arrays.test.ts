import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { cardFileOf } from '../shared/evaluation/model-card.ts'
import { Model } from '../shared/gen/sequela/onnx/v1/onnx.ts'
import type { ModelSpec } from '../shared/model/model-spec.ts'
import { modelManifest } from '../shared/model/parameters.ts'
import { hazardsModel } from '../shared/model/testsupport/models.ts'
import { foldOf } from '../shared/study/folds.ts'
import { allFinite } from '../shared/weights/arithmetic.ts'
import { decodeSafetensors } from '../shared/weights/safetensors.ts'
import { createApprovals } from '../site-agent/approvals.ts'
import { openBedside } from '../site-agent/bedside/bedside.ts'
import { childPage } from '../site-agent/bedside/view/child-page.ts'
import { createOpenedChildren } from '../site-agent/bedside/view/opened-children.ts'
import { siteCohort } from '../site-agent/children.ts'
import { readSettings, siteHome } from '../site-agent/home.ts'
import { createWorkerTrainer } from '../site-agent/learning/worker-trainer.ts'
import { readParticipation } from '../site-agent/participation.ts'
import { imagesIntoArrays } from './support/arrays.ts'
import { type TrainedFederation, trainedFederation, trainedSites } from './support/trained-federation.ts'

const sites = trainedSites
const length = 12
const model: ModelSpec = { ...hazardsModel, preset: 'embeddings', features: length }
let trained: TrainedFederation
const visits = new Map<string, number>()

/** Two hospitals that have arrays and no image at all: each visit's was computed elsewhere. */
beforeAll(async () => {
  trained = await trainedFederation({
    ...{ name: 'arrays', hospitalSeed: 6, studySeed: 6, childrenPerSite: 24 },
    changeData: (data, site) => {
      visits.set(site, imagesIntoArrays(data, length))
      return data
    },
    changeStudy: (text) =>
      text
        .replace(/model: .*/, `model: { preset: embeddings, features: ${length}, head: hazards }`)
        .replace(/pipeline: .*/, 'pipeline: { features: elsewhere }')
        .replace(/folds: .*/, 'folds: { train: 0.2, validation: 0.3, test: 0.5 }')
        .replace('training:', 'evaluation: { ruleOutNpv: 0.85, ruleInPpv: 0.4 }\ntraining:'),
  })
})
afterAll(() => trained?.close())

/** Another child with the files of `child`, under an id that is `right`. @returns its id */
function copiedChild(data: string, child: string, right: (id: string) => boolean): string {
  let number = 0
  while (!right(`sub-late${number}`)) number++
  const id = `sub-late${number}`
  const table = join(data, 'participants.tsv')
  const rows = readFileSync(table, 'utf8')
  const row = rows.split('\n').find((line) => line.startsWith(`${child}\t`)) ?? ''
  writeFileSync(table, `${rows.trimEnd()}\n${row.replace(child, id)}\n`)
  cpSync(join(data, child), join(data, id), { recursive: true })
  for (const name of readdirSync(join(data, id), { recursive: true, encoding: 'utf8' })) {
    if (basename(name).startsWith(child)) {
      renameSync(join(data, id, name), join(data, id, dirname(name), basename(name).replace(child, id)))
    }
  }
  return id
}

describe('a federation whose hospitals bring arrays and no images', () => {
  test('trains both stages at both sites', () => {
    const rounds = trained.run.rounds.filter(({ purpose }) => purpose === 'training')
    for (const { state, sites: participants } of rounds) {
      expect(state).toBe('published')
      expect(participants.map(({ site, outcome }) => [site, outcome])).toEqual(sites.map((site) => [site, 'counted']))
    }
    expect(rounds).toHaveLength(2)
  })

  test('gives a network that takes such arrays, for others too', async () => {
    const weights = decodeSafetensors(await readFile(await trained.exported('weights.safetensors')))
    expect(weights.manifest).toEqual(modelManifest(model))
    expect(allFinite(weights.values)).toBe(true)
    const { graph, metadataProps } = Model.decode(await readFile(await trained.exported('network.onnx')))
    expect(graph?.input.map(({ name }) => name)).toEqual(['features'])
    // Nothing but the name says which network made the arrays, so it goes along.
    expect(metadataProps).toContainEqual({ key: 'features', value: 'elsewhere' })
    const provenance: unknown = JSON.parse(await readFile(join(trained.folder, 'network.provenance.json'), 'utf8'))
    expect(provenance).toMatchObject({ features: 'elsewhere', model: { preset: 'embeddings', features: length } })
  })

  test('is evaluated together as one that shows images is', async () => {
    const out = join(trained.folder, 'evaluation')
    const said = await trained.atCoordinator('evaluate', trained.digest, '--out', out)
    expect(said).toMatch(/^AUROC 0\.\d\d; written/)
    const report = evaluationSchema.parse(JSON.parse(await readFile(join(out, 'report.json'), 'utf8')))
    expect(report.data).toMatchObject({ sites: 2, sitesHeard: 2 })
    expect(report.performance.raw.auroc).not.toBeNull()
    expect(report.sites.map(({ site }) => site)).toEqual(sites)
    // Arrays of noise do not tell the order.
    for (const { accuracy } of report.pairs) expect(Math.abs((accuracy?.value ?? Number.NaN) - 0.5)).toBeLessThan(0.25)
    const card = await readFile(join(out, 'model-card.md'), 'utf8')
    expect(card).toContain('elsewhere')
    expect(await readFile(cardFileOf(await trained.exported('judged.safetensors')), 'utf8')).not.toContain('trainedBy')
  })

  test('says at the hospital what is used, draws no pictures of it, and gives the risk of a child', async () => {
    const report = reportSchema.parse(JSON.parse(await trained.atSite('north', 'check-data', '--json')))
    expect(report.visits.used).toBe(visits.get('north'))
    expect(await trained.atSite('north', 'prepare')).toContain(`${visits.get('north')} of ${visits.get('north')}`)
    const page = trained.atSite('north', 'check-data', '--html', join(trained.folder, 'check.html'))
    await expect(page).rejects.toThrow('this study shows arrays of numbers')
    const weights = await trained.exported('recurrence.safetensors')
    const child = readdirSync(join(trained.folder, 'hospitals', 'north')).find((name) => name.startsWith('sub-')) ?? ''
    const answer = await trained.atSite('north', 'predict', '--child', child, '--weights', weights, '--json')
    for (const { output } of answerSchema.parse(JSON.parse(answer)).visits) expect(output > 0 && output < 1).toBe(true)
  })

  test('knows at the hospital whom it was trained on, and calls a child new that came afterwards', async () => {
    const home = trained.federation.sites.get('north') ?? siteHome('')
    const [study] = (await createApprovals(home.approvalsFolder).list()).studies
    if (study === undefined) throw new Error('a study is approved')
    const entries = await readParticipation(home.participationFile)
    // Two rounds of training and six passes of the evaluation.
    expect(entries.map(({ stage }) => stage)).toEqual([0, 1, 2, 2, 2, 2, 2, 2])
    const data = join(trained.folder, 'hospitals', 'north')
    const ids = readdirSync(data).filter((name) => name.startsWith('sub-'))
    const late = copiedChild(data, ids[0] ?? '', (id) => foldOf(study.study, 'north', id) === 'train')
    const weights = await trained.exported('whose.safetensors')
    const { children } = await siteCohort({ home, settings: await readSettings(home), site: 'north' }, study.study)
    const trainedOn = children.find(({ key }) =>
      entries.every((round) => round.stage > 1 || round.trained.includes(key)),
    )
    const partOf = async (child = ''): Promise<string> => {
      const said = await trained.atSite('north', 'predict', '--child', child, '--weights', weights, '--json')
      return answerSchema.parse(JSON.parse(said)).part
    }
    expect(trainedOn?.fold).toBe('train')
    expect(await partOf(trainedOn?.participant)).toBe('train')
    expect(await partOf(late)).toBe('new')
  })

  test('opens a child at the bedside without pictures, and says why there are none', async () => {
    const home = trained.federation.sites.get('north') ?? siteHome('')
    const [study] = (await createApprovals(home.approvalsFolder).list()).studies
    if (study === undefined) throw new Error('a study is approved')
    const trainer = createWorkerTrainer({ threads: 1 })
    const bedside = await openBedside({ home, study, model: undefined, trainer }).finally(() => trainer.close())
    const [child] = bedside.cohort.children
    if (child === undefined) throw new Error('there are children')
    const opened = createOpenedChildren(bedside, home)
    await opened.settled(child)
    const opening = opened.state(child)
    if (opening.state !== 'ready') throw new Error(`the child is ${opening.state}`)
    const page = childPage('/room', bedside, opening.child).text
    expect(page).toContain('The model is shown arrays that this hospital computed, so there are no pictures')
    expect(page).not.toContain('<img')
  })
})

const estimate = z.object({ value: z.number() }).nullable()
const evaluationSchema = z.object({
  data: z.object({ sites: z.number(), sitesHeard: z.number() }),
  performance: z.object({ raw: z.object({ auroc: estimate }) }),
  sites: z.array(z.object({ site: z.string() })),
  pairs: z.array(z.object({ accuracy: estimate })),
})
const reportSchema = z.object({ visits: z.object({ used: z.number() }) })
const answerSchema = z.object({ part: z.string(), visits: z.array(z.object({ output: z.number() })).min(1) })
