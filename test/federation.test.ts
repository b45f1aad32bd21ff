import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { RunStatus } from '../coordinator/status.ts'
import type { DemoFederation } from '../demo/federation.ts'
import { programs, runCommand } from '../demo/programs.ts'
import { sha256 } from '../shared/digest.ts'
import { Model } from '../shared/gen/sequela/onnx/v1/onnx.ts'
import { modelManifest } from '../shared/model/parameters.ts'
import { hazardsModel } from '../shared/model/testsupport/models.ts'
import { allFinite } from '../shared/weights/arithmetic.ts'
import { decodeSafetensors, encodedByteLength } from '../shared/weights/safetensors.ts'
import { readEgress } from '../site-agent/egress-record.ts'
import { type TrainedFederation, trainedFederation, trainedSites } from './support/trained-federation.ts'

const sites = trainedSites
let folder: string
let federation: DemoFederation
let run: RunStatus
let trained: TrainedFederation

/** Two hospitals with real scans, and a stage that hands on its best round. */
beforeAll(async () => {
  trained = await trainedFederation({
    ...{ name: 'federation', hospitalSeed: 3, studySeed: 3, childrenPerSite: 8 },
    changeStudy: (text) => text.replace('rounds: 1,', 'rounds: 1, select: { metric: ordering_loss },'),
  })
  ;({ folder, federation, run } = trained)
})
afterAll(() => trained?.close())

describe('a federation of two hospitals', () => {
  test('trains both stages, and its status says who counted with how many children', () => {
    expect(run.rounds.map(({ task, purpose, state }) => [task, purpose, state])).toEqual([
      ['ordering', 'training', 'published'],
      ['ordering', 'evaluation', 'published'],
      ['recurrence', 'training', 'published'],
    ])
    for (const { sites: participants } of run.rounds.filter(({ purpose }) => purpose === 'training')) {
      expect(participants.map(({ site, outcome }) => [site, outcome])).toEqual(sites.map((site) => [site, 'counted']))
      for (const { children = 0, norm = 0 } of participants) {
        expect(children).toBeGreaterThanOrEqual(2)
        expect(children).toBeLessThanOrEqual(8)
        expect(norm).toBeGreaterThan(0)
      }
    }
  })

  test('ends the stage that chooses among its rounds with an evaluation of its last weights, recorded at the sites', async () => {
    const [trained, closing, next] = run.rounds
    expect(closing?.sites.map(({ site, outcome }) => [site, outcome])).toEqual(sites.map((site) => [site, 'evaluated']))
    expect(closing?.metrics.map(({ name }) => name)).toContain('ordering_loss')
    expect(closing?.choice).toMatchObject({ round: 0, metric: 'ordering_loss', among: 1 })
    expect([closing?.weightsDigest, next?.baseDigest]).toEqual(Array(2).fill(trained?.weightsDigest))
  })

  test('exports weights that can be read, are finite and have changed in every round', async () => {
    const out = join(folder, 'weights.safetensors')
    const home = federation.coordinator.folder
    await runCommand(programs.coordinator, ['--home', home, 'export', run.studyDigest, '--out', out])
    const bytes = await readFile(out)
    expect(sha256(bytes)).toBe(run.weightsDigest)
    const weights = decodeSafetensors(bytes)
    expect(weights.manifest).toEqual(modelManifest(hazardsModel))
    expect(allFinite(weights.values)).toBe(true)
    const [first, second] = run.rounds.filter(({ purpose }) => purpose === 'training')
    expect(new Set([first?.baseDigest, first?.weightsDigest, second?.weightsDigest]).size).toBe(3)
  })

  test('exports the network for others to run, with a note of where it comes from, and refuses other endings', async () => {
    const out = join(folder, 'network.onnx')
    const home = federation.coordinator.folder
    const exporting = (file: string) =>
      runCommand(programs.coordinator, ['--home', home, 'export', run.studyDigest, '--out', file])
    await exporting(out)
    const { metadataProps, graph } = Model.decode(await readFile(out))
    expect(metadataProps).toContainEqual({ key: 'weights_digest', value: run.weightsDigest })
    expect(graph?.output.map(({ name }) => name)).toContain('risk')
    const provenance: unknown = JSON.parse(await readFile(join(folder, 'network.provenance.json'), 'utf8'))
    expect(provenance).toMatchObject({ weightsDigest: run.weightsDigest, studyDigest: run.studyDigest })
    await expect(exporting(join(folder, 'network.pt'))).rejects.toThrow(/safetensors or in \.onnx/)
    await expect(exporting(join(folder, 'nowhere', 'network.onnx'))).rejects.toThrow(/cannot be written \(ENOENT\)/)
  })

  describe('predicts at a hospital', () => {
    const home = (): string => federation.sites.get('north')?.folder ?? ''
    const exported = (name: string): string => join(folder, `${name}.safetensors`)
    const predict = (child: string, weights: string): Promise<string> =>
      runCommand(programs.site, [
        '--home',
        home(),
        'predict',
        '--child',
        child,
        '--weights',
        exported(weights),
        '--json',
      ])
    let child: ReturnType<typeof childOfHospital>
    beforeAll(async () => {
      child = childOfHospital(await readFile(join(folder, 'truth.json'), 'utf8'), 'north')
      const from = ['--home', federation.coordinator.folder, 'export', run.studyDigest]
      await runCommand(programs.coordinator, [...from, '--out', exported('recurrence')])
      await runCommand(programs.coordinator, [...from, '--out', exported('ordering'), '--stage', '1'])
    })

    test("a child's risk after each visit, with what must be known about it", async () => {
      const prediction = predictionSchema.parse(JSON.parse(await predict(child.participant, 'recurrence')))
      expect(prediction.visits.map(({ session }) => session)).toEqual(child.sessions)
      for (const { output } of prediction.visits) expect(output).toBeGreaterThan(0)
      for (const { output } of prediction.visits) expect(output).toBeLessThan(1)
      expect(prediction.visits.map(({ calibrated }) => calibrated)).toEqual(child.sessions.map(() => null))
      expect(prediction.calibration).toMatchObject({
        kind: 'refused',
        reason: expect.stringContaining('no model card'),
      })
      expect(prediction.weightsDigest).toBe(run.weightsDigest)
      expect(prediction.notice).toContain('Not a medical device')
    })

    test('nothing where child, weights and study do not fit together', async () => {
      await expect(predict('sub-nobody', 'recurrence')).rejects.toThrow(/there is no child sub-nobody/)
      await expect(predict(child.participant, 'ordering')).rejects.toThrow(/before recurrence was learnt/)
      await expect(predict(child.participant, 'missing')).rejects.toThrow(/cannot be read \(ENOENT\)/)
      const bytes = await readFile(exported('recurrence'))
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      await writeFile(exported('changed'), bytes)
      await copyFile(join(folder, 'recurrence.provenance.json'), join(folder, 'changed.provenance.json'))
      await expect(predict(child.participant, 'changed')).rejects.toThrow(/is not what .* speaks of/)
    })
  })

  test('leaves with each hospital a record of everything that left it', async () => {
    const updateBytes = encodedByteLength(modelManifest(hazardsModel))
    for (const site of sites) {
      const records = await readEgress(federation.sites.get(site)?.egressFile ?? '')
      expect(records.map((record) => [record.kind, 'stage' in record ? record.stage : undefined])).toEqual([
        ['update-sealed', 0],
        ['update-delivered', 0],
        ['evaluation-sealed', 0],
        ['update-sealed', 1],
        ['update-delivered', 1],
      ])
      const closing = run.rounds.find(({ purpose }) => purpose === 'evaluation')
      const told = closing?.sites.find((entry) => entry.site === site)
      expect(records.find(({ kind }) => kind === 'evaluation-sealed')).toMatchObject({ metrics: told?.metrics })
      const updates = records.filter(({ kind }) => kind.startsWith('update-'))
      for (const [index, round] of run.rounds.filter(({ purpose }) => purpose === 'training').entries()) {
        const counted = round.sites.find((entry) => entry.site === site)
        const [sealed, delivered] = updates.slice(2 * index, 2 * index + 2)
        expect(sealed).toMatchObject({ bytes: updateBytes, children: counted?.children, metrics: counted?.metrics })
        expect(delivered).toMatchObject({ bytesSent: updateBytes })
      }
    }
  })
})

const predictionSchema = z.object({
  calibration: z.unknown(),
  weightsDigest: z.string(),
  notice: z.string(),
  visits: z.array(z.object({ session: z.string(), output: z.number(), calibrated: z.null() })),
})

const truthSchema = z.object({
  children: z.array(
    z.object({
      hospital: z.string(),
      participant: z.string(),
      visits: z.array(z.object({ session: z.string() })),
    }),
  ),
})

/** The first child of a hospital, by the truth of the synthetic cohort. */
function childOfHospital(
  truth: string,
  hospital: string,
): { readonly participant: string; readonly sessions: string[] } {
  const found = truthSchema.parse(JSON.parse(truth)).children.find((child) => child.hospital === hospital)
  if (found === undefined) throw new Error(`${hospital} has children`)
  return { participant: found.participant, sessions: found.visits.map(({ session }) => session) }
}
