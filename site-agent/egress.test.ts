import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { sha256 } from '../shared/digest.ts'
import { errorCodes } from '../shared/protocol/errors.ts'
import { encodeLinkTokens, type LinkToken } from '../shared/protocol/link-tokens.ts'
import { decodeSafetensors } from '../shared/weights/safetensors.ts'
import type { Weights } from '../shared/weights/weights.ts'
import { egressText } from './commands/egress-text.ts'
import { createEgress, type Egress, sealMetrics, type UpdateToSeal } from './egress.ts'
import { bytesSentIn, readEgress } from './egress-record.ts'
import { createParticipation, readParticipation } from './participation.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-egress-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
const newFile = (): string => join(folder, `${count++}.jsonl`)
const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) }
/** Of whom the door writes down who stands behind what leaves, in a file beside that of what leaves. */
const participationOf = (file: string): string => `${file}.participation`
const egressInto = (file: string): Egress =>
  createEgress({
    file,
    clock,
    participation: createParticipation({ file: participationOf(file), site: 'north', clock }),
  })
const weights = (...values: number[]): Weights => ({
  manifest: [{ name: 'w', shape: [values.length] }],
  values: Float32Array.from(values),
})

const update = (changes: Partial<UpdateToSeal> = {}): UpdateToSeal => ({
  assignment: { studyDigest: sha256('study'), stage: 0, round: 3 },
  baseDigest: sha256('base'),
  before: weights(1, 1, 1),
  after: weights(4, 5, 1),
  children: 20,
  behind: { trained: ['key 1', 'key 2'], validated: ['key 3'] },
  metrics: [
    { name: 'pair_accuracy', sum: 30, count: 40, children: 8 },
    { name: 'log_loss', sum: 3, count: 4, children: 4 },
  ],
  policy: { updates: 'plaintext', minChildren: 5, minCell: 5, maxUpdateNorm: 100 },
  ...changes,
})

describe('the door out', () => {
  const tokens = Array.from({ length: 64 }, (_, i) => sha256(String(i)) as string as LinkToken).toSorted()
  const links = { kind: 'list', studyDigest: sha256('study'), keyFingerprint: 'a'.repeat(20) } as const

  test('writes down how many keyed hashes leave and the digest that the coordinator’s journal has, but no hash', async () => {
    const file = newFile()
    await egressInto(file).sealLinks({ ...links, tokens })
    const listDigest = sha256(encodeLinkTokens(tokens))
    const at = '2026-01-02T03:04:05.000Z'
    expect(await readEgress(file)).toEqual([
      { kind: 'links-sealed', at, study: sha256('study'), tokens: 64, listDigest, keyFingerprint: 'a'.repeat(20) },
    ])
    expect(readFileSync(file, 'utf8')).not.toContain(tokens[0])
    expect(egressText(await readEgress(file))).toContain('64 keyed hashes of identifiers, random ones among them')
  })

  test.each([0, 1, 63])('lets out no list of %i, which would tell how many children there are', async (count) => {
    const file = newFile()
    const short = { ...links, tokens: tokens.slice(0, count) }
    await expect(egressInto(file).sealLinks(short)).rejects.toMatchObject({ code: 'linkage_refused' })
    expect(await readEgress(file)).toEqual([])
  })

  test('seals the difference of the weights and writes down exactly what will leave', async () => {
    const file = newFile()
    const sealed = await egressInto(file).sealUpdate(update())
    expect([...decodeSafetensors(sealed.content).values]).toEqual([3, 4, 0])
    expect(sealed.updateNorm).toBe(5)
    expect(sealed.updateDigest).toBe(sha256(sealed.content))
    expect(await readEgress(file)).toEqual([
      {
        kind: 'update-sealed',
        at: '2026-01-02T03:04:05.000Z',
        study: sha256('study'),
        stage: 0,
        round: 3,
        baseDigest: sha256('base'),
        updateDigest: sealed.updateDigest,
        bytes: sealed.content.byteLength,
        children: 20,
        norm: 5,
        clippedBy: 1,
        parameters: [{ name: 'w', shape: [3] }],
        metrics: [{ name: 'pair_accuracy', sum: 30, count: 40, children: 8 }],
        withheld: ['log_loss'],
      },
    ])
  })

  test('lets nothing of a parameter out that stays at the site, and says which those are', async () => {
    const file = newFile()
    const two = (shared: number, own: number): Weights => ({
      manifest: [
        { name: 'head.risk.bias', shape: [1] },
        { name: 'w', shape: [1] },
      ],
      values: Float32Array.from([own, shared]),
    })
    const changes = { before: two(1, 5), after: two(4, 77), personal: ['head.risk'] }
    const sealed = await egressInto(file).sealUpdate(update(changes))
    expect([...decodeSafetensors(sealed.content).values]).toEqual([0, 3])
    expect(sealed.updateNorm).toBe(3)
    expect(await readEgress(file)).toMatchObject([{ kept: ['head.risk.bias'] }])
    expect(egressText(await readEgress(file))).toContain('stay here, left as nought: head.risk.bias')
  })

  test('scales an update that is longer than agreed down to the limit, and says by how much', async () => {
    const file = newFile()
    const { policy } = update()
    const sealed = await egressInto(file).sealUpdate(update({ policy: { ...policy, maxUpdateNorm: 1 } }))
    expect(sealed.updateNorm).toBeLessThanOrEqual(1)
    expect(sealed.updateNorm).toBeCloseTo(1, 5)
    const [record] = await readEgress(file)
    expect(record?.kind === 'update-sealed' && record.clippedBy).toBeCloseTo(0.2, 5)
  })

  test.each([
    ['too few children', { children: 4 }, 'too_few_children'],
    ['a weight that is not finite', { after: weights(Number.NaN, 1, 1) }, 'not_finite'],
    [
      'a metric that is not finite',
      { metrics: [{ name: 'brier', sum: Number.NaN, count: 1, children: 9 }] },
      'not_finite',
    ],
    ['another shape', { after: weights(1, 2) }, 'shape_mismatch'],
  ] as const)('seals nothing and records nothing for %s', async (_, changes, code) => {
    const file = newFile()
    await expect(egressInto(file).sealUpdate(update(changes))).rejects.toMatchObject({ code })
    expect(await readEgress(file)).toEqual([])
    expect(await readParticipation(participationOf(file))).toEqual([])
  })

  describe('writes down who stands behind what leaves', () => {
    const { assignment, baseDigest, behind, metrics, policy } = update()
    const noted = [{ study: sha256('study'), site: 'north', stage: 0, round: 3, ...behind }]

    test('with an update and with the numbers on weights, for this site alone', async () => {
      const [one, other] = [newFile(), newFile()]
      await egressInto(one).sealUpdate(update())
      await egressInto(other).sealEvaluation({ assignment, baseDigest, behind, metrics, policy })
      for (const file of [one, other]) {
        expect(await readParticipation(participationOf(file))).toMatchObject(noted)
        expect(readFileSync(file, 'utf8')).not.toContain('key ')
      }
    })

    test('before it is sealed, so that no crash leaves a child out', async () => {
      const file = newFile()
      // Where the record of what leaves is to be: nothing can be sealed.
      mkdirSync(file)
      await expect(egressInto(file).sealUpdate(update())).rejects.toThrow(/EISDIR/)
      expect(await readParticipation(participationOf(file))).toMatchObject(noted)
    })

    test('and seals nothing where that cannot be written down', async () => {
      const file = newFile()
      mkdirSync(participationOf(file))
      await expect(egressInto(file).sealUpdate(update())).rejects.toThrow(/EISDIR/)
      expect(await readEgress(file)).toEqual([])
    })
  })

  test('lets no number through that rests on too few children', () => {
    const metric = (children: number) => ({ name: 'brier', sum: 1, count: 2, children }) as const
    expect(sealMetrics([metric(4), metric(5)], 5)).toEqual({ sent: [metric(5)], withheld: ['brier'] })
  })

  test('writes down the numbers on weights that are only evaluated, without those over too few children', async () => {
    const file = newFile()
    const { assignment, baseDigest, metrics, behind, policy } = update()
    const sealed = await egressInto(file).sealEvaluation({ assignment, baseDigest, metrics, behind, policy })
    expect(sealed).toEqual({ assignment, baseDigest, metrics: metrics.slice(0, 1) })
    const [record] = await readEgress(file)
    expect(record).toMatchObject({
      kind: 'evaluation-sealed',
      round: 3,
      metrics: metrics.slice(0, 1),
      withheld: ['log_loss'],
    })
    expect(egressText(await readEgress(file))).toMatch(
      /evaluated the weights .*\n.*pair_accuracy 30\.00\/40 \(8 children\)\n.*withheld.*log_loss/,
    )
  })

  test('tells a failure in a fixed sentence, never in the words of the error', async () => {
    const file = newFile()
    const egress = egressInto(file)
    expect(await egress.sealReason(update().assignment, 'scan_unreadable')).toBe(errorCodes.scan_unreadable)
    expect(readFileSync(file, 'utf8')).toContain('declined')
  })

  test('keeps a record that a person can read, in which nothing of a last torn line is believed', async () => {
    const file = newFile()
    const egress = egressInto(file)
    const sealed = await egress.sealUpdate(update())
    await egress.recordInterruption(sealed, 100)
    await egress.recordDelivery(sealed, sealed.byteLength, 7n)
    writeFileSync(file, `${readFileSync(file, 'utf8')}{"kind":"upd`)
    const records = await readEgress(file)
    expect(records.map(({ kind }) => kind)).toEqual(['update-sealed', 'delivery-interrupted', 'update-delivered'])
    expect(bytesSentIn(records)).toBe(sealed.byteLength + 100)
    const text = egressText(records)
    expect(text).toContain('20 children stand behind it')
    expect(text).toContain('withheld, too few children: log_loss')
    expect(text).toContain('Delivered: 1 difference of weights, 0 answers of evaluations; ')
    await egress.sealReason(sealed.assignment, 'internal')
    expect((await readEgress(file)).map(({ kind }) => kind).slice(2)).toEqual(['update-delivered', 'declined'])
  })

  test('says which line of the record is damaged', async () => {
    const file = newFile()
    writeFileSync(file, '{"kind":"nonsense"}\n')
    await expect(readEgress(file)).rejects.toThrow('line 1')
  })

  test('has left nothing where nothing was sealed', async () => {
    expect(egressText(await readEgress(join(folder, 'absent.jsonl')))).toContain('Nothing has left')
  })
})
