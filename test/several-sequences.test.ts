import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Model } from '../shared/gen/sequela/onnx/v1/onnx.ts'
import { modelManifest } from '../shared/model/parameters.ts'
import { hazardsModel } from '../shared/model/testsupport/models.ts'
import { allFinite } from '../shared/weights/arithmetic.ts'
import { decodeSafetensors } from '../shared/weights/safetensors.ts'
import { createApprovals } from '../site-agent/approvals.ts'
import { openBedside } from '../site-agent/bedside/bedside.ts'
import { createOpenedChildren } from '../site-agent/bedside/view/opened-children.ts'
import { siteHome } from '../site-agent/home.ts'
import { createWorkerTrainer } from '../site-agent/learning/worker-trainer.ts'
import { addSecondSequence, type SequencesWritten } from './support/second-sequence.ts'
import { type TrainedFederation, trainedFederation, trainedSites } from './support/trained-federation.ts'

const sites = trainedSites
let trained: TrainedFederation
const written: SequencesWritten[] = []

/** Two hospitals with FLAIR and T2w, some visits lacking one, and a study that shows both at once. */
beforeAll(async () => {
  trained = await trainedFederation({
    ...{ name: 'sequences', hospitalSeed: 5, studySeed: 5, childrenPerSite: 8 },
    changeData: (data) => {
      written.push(addSecondSequence(data))
      return data
    },
    changeStudy: (text) => text.replace('sequences: [FLAIR]', 'sequences: { all: [FLAIR, T2w] }'),
  })
})
afterAll(() => trained?.close())

const atNorth = (...args: string[]): Promise<string> => trained.atSite('north', ...args)

describe('a federation whose hospitals have two sequences and not always both', () => {
  test('trains both stages at both sites', () => {
    const { run } = trained
    expect(run.rounds.map(({ task, state }) => [task, state])).toEqual([
      ['ordering', 'published'],
      ['recurrence', 'published'],
    ])
    for (const { sites: participants } of run.rounds) {
      expect(participants.map(({ site, outcome }) => [site, outcome])).toEqual(sites.map((site) => [site, 'counted']))
      for (const { norm = 0 } of participants) expect(norm).toBeGreaterThan(0)
    }
  })

  test('ends with a network of two channels and a flag for each, for others too', async () => {
    const weights = decodeSafetensors(await readFile(await trained.exported('weights.safetensors')))
    expect(weights.manifest).toEqual(modelManifest({ ...hazardsModel, sequences: 2 }))
    expect(allFinite(weights.values)).toBe(true)
    const { graph, metadataProps } = Model.decode(await readFile(await trained.exported('network.onnx')))
    expect(metadataProps).toContainEqual({ key: 'sequences', value: 'FLAIR,T2w' })
    const provenance: unknown = JSON.parse(await readFile(join(trained.folder, 'weights.provenance.json'), 'utf8'))
    expect(provenance).toMatchObject({ channels: ['FLAIR', 'T2w'], model: { sequences: 2 } })
    const [input] = graph?.input ?? []
    const sizes = input?.type?.tensorType?.shape?.dim.map(({ size }) =>
      size?.$case === 'dimValue' ? Number(size.value) : 0,
    )
    expect(sizes?.slice(1)).toEqual([2, 24, 32, 24])
  })

  test('is told at the hospital which visits lack what', async () => {
    const [north] = written
    if (north === undefined) throw new Error('there are hospitals')
    const { visits, flair, t2w } = north
    const report = reportSchema.parse(JSON.parse(await atNorth('check-data', '--json')))
    expect(report.visits.used).toBe(visits)
    expect(report.sequences).toEqual([
      { sequence: 'FLAIR', visits: flair, missing: visits - flair },
      { sequence: 'T2w', visits: t2w, missing: visits - t2w },
    ])
    const missing = report.findings.filter(({ rule }) => rule === 'missing-sequence')
    expect(missing).toHaveLength(2 * visits - flair - t2w)
    const words = `Sequences: FLAIR in ${flair} of ${visits} visits (missing in ${visits - flair}), T2w in ${t2w} (missing in`
    expect(await atNorth('prepare')).toContain(words)
    const page = join(trained.folder, 'check.html')
    await atNorth('check-data', '--html', page)
    const html = await readFile(page, 'utf8')
    expect(html).toContain(words)
    expect(html.match(/alt="[^"]*, axial slice"/g)).toHaveLength(flair + t2w)
    expect(html).toContain('To look at: this visit has no FLAIR; it is used without')
  })

  test('shows a child in one sequence throughout, and says which visits are not seen for it', async () => {
    const home = trained.federation.sites.get('north') ?? siteHome('')
    const [study] = (await createApprovals(home.approvalsFolder).list()).studies
    if (study === undefined) throw new Error('a study is approved')
    const trainer = createWorkerTrainer({ threads: 1 })
    const bedside = await openBedside({ home, study, model: undefined, trainer }).finally(() => trainer.close())
    const child = bedside.cohort.children.find(({ scans }) => scans.some(({ channels }) => channels?.[0] === undefined))
    if (child === undefined) throw new Error('some child has a visit without FLAIR')
    const opened = createOpenedChildren(bedside, home)
    await opened.settled(child)
    const opening = opened.state(child)
    if (opening.state !== 'ready') throw new Error(`the child is ${opening.state}`)
    const { scans, sequence, unseen, facts } = opening.child
    expect(scans.length + unseen.length).toBe(child.scans.length)
    expect(scans.length).toBeGreaterThanOrEqual(unseen.length)
    for (const sentence of unseen)
      expect(sentence).toContain(`it has no ${sequence}, in which the scans are shown here`)
    // The brain is measured in one image and not in all of them one after the other.
    for (const { overlap } of facts.scans) expect(overlap?.dice).toBeGreaterThan(0.85)
    expect(facts.scans).toHaveLength(child.scans.length)
  })

  test('gives the risk of a child that lacks a sequence somewhere, and says so', async () => {
    const weights = await trained.exported('recurrence.safetensors')
    const report = reportSchema.parse(JSON.parse(await atNorth('check-data', '--json')))
    const child = report.findings.find(({ rule }) => rule === 'missing-sequence')?.child ?? ''
    const answer = await atNorth('predict', '--child', child, '--weights', weights, '--json')
    const { visits, heldBack } = answerSchema.parse(JSON.parse(answer))
    expect(visits.length).toBeGreaterThan(0)
    for (const { output } of visits) expect(output > 0 && output < 1).toBe(true)
    expect(heldBack.join()).toMatch(/this visit has no (FLAIR|T2w)/)
  })
})

const reportSchema = z.object({
  visits: z.object({ used: z.number() }),
  sequences: z.array(z.object({ sequence: z.string(), visits: z.number(), missing: z.number() })),
  findings: z.array(z.object({ rule: z.string(), child: z.string().optional() })),
})
const answerSchema = z.object({
  visits: z.array(z.object({ output: z.number() })),
  heldBack: z.array(z.string()),
})
