import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Digest, sha256 } from '../shared/digest.ts'
import { silentLog } from '../shared/log.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { parseStudy } from '../shared/study/study.ts'
import type { Approvals } from './approvals.ts'
import type { Assignment, DeliveryClient } from './assignment.ts'
import { createEgress } from './egress.ts'
import { readEgress } from './egress-record.ts'
import { clearLeftovers } from './leftovers.ts'
import { createParticipation } from './participation.ts'
import { createSpool } from './spool.ts'

const study = parseStudy(`study: small
seed: 1
model: { preset: tiny, grid: [24, 32, 24], spacingMm: 7 }
pipeline: { template: mni152, sequences: [FLAIR] }
sites: [a]
folds: { train: 0.8, validation: 0.2, test: 0 }
stages: [{ task: ordering, rounds: 9, learningRate: 1e-3 }]
round: { quorum: 1, deadline: 1h }
policy: { minChildren: 1, minCell: 1, maxUpdateNorm: 100 }
`)

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sequela-leftovers-'))
})
afterEach(() => rm(folder, { recursive: true }))

const assignment = (round: number): Assignment => ({
  ...{ studyDigest: study.digest, stage: 0, round, baseDigest: sha256(`base ${round}`), baseByteLength: 10 },
  ...{ deadlineMs: 0, evaluateOnly: false, answerPass: false },
})

/** Clears up after round 0, whose update lies in the spool; the coordinator answers it with `answer`. */
async function clearedUp({
  answer = 5n,
  asked = [],
  approved = true,
  signal = new AbortController().signal,
  weightsFolder = folder,
}: {
  readonly answer?: bigint | Error
  readonly asked?: readonly Assignment[]
  readonly approved?: boolean
  readonly signal?: AbortSignal
  readonly weightsFolder?: string
} = {}) {
  const spool = createSpool(join(folder, 'spool'))
  const content = Uint8Array.from([1, 2, 3])
  const { studyDigest, stage, round, baseDigest } = assignment(0)
  const numbers = { byteLength: content.byteLength, children: 7, updateNorm: 1, metrics: [] }
  await spool.put({
    assignment: { studyDigest, stage, round },
    baseDigest,
    updateDigest: sha256(content),
    ...numbers,
    content,
  })
  const find = async (digest: Digest) => {
    if (approved && digest === study.digest) return study
    throw new SequelaError('not_approved', 'not here')
  }
  const approvals: Approvals = { find, list: async () => ({ studies: [], unreadable: [] }), approve: async () => {} }
  let offered = 0
  const client: DeliveryClient = {
    downloadWeights: async () => {},
    deliver: async ({ byteLength }) => {
      offered++
      if (answer instanceof Error) throw answer
      return { journalIndex: answer, bytesSent: byteLength }
    },
  }
  const egressFile = join(folder, 'egress.jsonl')
  const clock = { now: () => 0 }
  const participation = createParticipation({ file: join(folder, 'participation.jsonl'), site: 'a', clock })
  await clearLeftovers(
    {
      ...{ approvals, spool, weightsFolder, log: silentLog, asked: () => asked, use: (work) => work(client) },
      egress: createEgress({ file: egressFile, clock, participation }),
    },
    signal,
  )
  const records = (await readEgress(egressFile)).map(({ kind }) => kind)
  return { offered, kept: (await spool.list()).length, records }
}

test('an update that counts already, its receipt lost, is written down as delivered and forgotten', async () => {
  expect(await clearedUp()).toEqual({ offered: 1, kept: 0, records: ['update-delivered'] })
})

test('an update is settled although the cache with the weights was deleted', async () => {
  const weightsFolder = join(folder, 'cache', 'weights')
  expect(await clearedUp({ weightsFolder })).toMatchObject({ offered: 1, kept: 0 })
})

test.each(['round_closed', 'study_unknown', 'duplicate_update'] as const)(
  'one that is refused with %s is forgotten',
  async (code) => {
    expect(await clearedUp({ answer: new SequelaError(code, 'no') })).toEqual({ offered: 1, kept: 0, records: [] })
  },
)

test.each(['unreachable', 'too_busy', 'cancelled', 'store_corrupt'] as const)(
  'one of which nothing was said (%s) stays',
  async (code) => {
    expect(await clearedUp({ answer: new SequelaError(code, 'later') })).toEqual({ offered: 1, kept: 1, records: [] })
  },
)

test('a fault of this program is no reason to forget one', async () => {
  expect(await clearedUp({ answer: new Error('a fault') })).toEqual({ offered: 1, kept: 1, records: [] })
})

test('one that is asked for is left to its assignment', async () => {
  expect(await clearedUp({ asked: [assignment(1), assignment(0)] })).toEqual({ offered: 0, kept: 1, records: [] })
})

test('one of a study that the hospital does not approve any more is forgotten and not offered', async () => {
  expect(await clearedUp({ approved: false })).toEqual({ offered: 0, kept: 0, records: [] })
})

test('an agent that stops offers nothing more', async () => {
  expect(await clearedUp({ signal: AbortSignal.abort() })).toEqual({ offered: 0, kept: 1, records: [] })
})

test('of weights only those stay, whole or in part, that are asked for', async () => {
  const asked = { ...assignment(1), pooled: { digest: sha256('pooled'), byteLength: 10 } }
  const wanted = [`${asked.baseDigest}.safetensors.partial`, `${asked.pooled.digest}.json`, 'something else']
  const old = [`${sha256('old')}.safetensors`, `${sha256('older')}.safetensors.partial`, `${sha256('old')}.json`]
  for (const name of [...wanted, ...old]) await writeFile(join(folder, name), '')
  await clearedUp({ asked: [asked] })
  expect(await readdir(folder)).toEqual(expect.arrayContaining(wanted))
  expect(await readdir(folder)).not.toEqual(expect.arrayContaining([expect.stringMatching(sha256('old'))]))
  expect(await readdir(folder)).not.toEqual(expect.arrayContaining([expect.stringMatching(sha256('older'))]))
})
