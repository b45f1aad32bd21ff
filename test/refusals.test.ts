import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { credentials } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuthority } from '../coordinator/authority/authority.ts'
import { decodeRequest } from '../coordinator/authority/certificate-request.ts'
import type { RoundStatus } from '../coordinator/status.ts'
import { systemClock } from '../shared/clock.ts'
import { parseDigest, sha256 } from '../shared/digest.ts'
import { FederationServiceClient } from '../shared/gen/sequela/v1/federation.ts'
import { createCoordinatorClient } from '../site-agent/coordinator-client.ts'
import { createKeyAndRequest } from '../site-agent/identity.ts'
import type { SiteIdentity } from '../site-agent/identity-file.ts'
import type { SpooledUpdate } from '../site-agent/spool.ts'
import { type Consortium, type EnrolledConsortium, enrolConsortium } from './support/consortium.ts'
import { type HandMade, handMadeUpdate, turnedManifest } from './support/hostile-update.ts'

/** Small enough for the study's largest norm, 1, over all elements. */
const harmless = 1e-5

let enrolled: EnrolledConsortium
let consortium: Consortium
beforeAll(async () => {
  enrolled = await enrolConsortium()
  consortium = await enrolled.open({ orderingRounds: 6, quorum: 2 })
  await consortium.startCoordinator()
  await consortium.startAgents(['a', 'b'])
  await consortium.startRun()
})
afterAll(async () => {
  await consortium.close()
  await enrolled.close()
})

const quietly = () => ({ signal: new AbortController().signal, onProgress: () => {} })

async function deliver(identity: SiteIdentity, update: SpooledUpdate): Promise<{ readonly bytesSent: number }> {
  const client = createCoordinatorClient(identity)
  try {
    return await client.deliver(update, quietly())
  } finally {
    client.close()
  }
}

/** The round once the other two sites count in it; it waits for site c. */
async function waitingFor(round: number): Promise<RoundStatus> {
  const { rounds } = await consortium.when(`round ${round + 1} to wait for site c`, (run) => {
    const counted = run.rounds[round]?.sites.filter(({ outcome }) => outcome === 'counted')
    return run.rounds.length === round + 1 && counted?.length === 2
  })
  return rounds[round] as RoundStatus
}

async function updateFor(
  round: number,
  difference: Partial<Pick<HandMade, 'value' | 'manifest' | 'baseDigest'>>,
): Promise<SpooledUpdate> {
  const { baseDigest } = await waitingFor(round)
  const { folder, study } = consortium
  return handMadeUpdate({
    ...{ folder, studyDigest: study.digest, round, value: harmless, baseDigest: parseDigest(baseDigest) },
    ...difference,
  })
}

async function expectPublishedWithout(round: number, code: string): Promise<void> {
  const { rounds } = await consortium.when(
    `round ${round + 1} to be published`,
    (run) => run.rounds[round]?.state === 'published',
  )
  const sites = rounds[round]?.sites.map((entry) => [entry.site, entry.outcome, entry.code])
  expect(sites).toEqual([
    ['a', 'counted', undefined],
    ['b', 'counted', undefined],
    ['c', 'refused', code],
  ])
}

/** One federation, a round for each; the order of the tests is the order of the rounds. */
describe('an update that is refused leaves the round to the other sites', () => {
  test.each([
    [0, 'not_finite', 'holds NaN', { value: Number.NaN }],
    [1, 'shape_mismatch', 'has another shape', { manifest: turnedManifest }],
    [2, 'base_mismatch', 'starts from other weights', { baseDigest: sha256('other weights') }],
    [3, 'norm_exceeded', 'has a norm beyond what was agreed', { value: 1 }],
  ])('round %i: %s, where it %s', async (round, code, _, difference) => {
    const update = await updateFor(round, difference)
    await expect(deliver(await consortium.identity('c'), update)).rejects.toMatchObject({ code })
    await expectPublishedWithout(round, code)
  })

  test('a counted update gets its receipt again and is refused as an update of another round', async () => {
    const identity = await consortium.identity('c')
    const counted = await updateFor(4, {})
    await deliver(identity, counted)
    expect(await deliver(identity, counted)).toMatchObject({ bytesSent: 0 })
    const other = await handMadeUpdate({
      ...{ folder: consortium.folder, studyDigest: consortium.study.digest, round: 4 },
      ...{ baseDigest: counted.baseDigest, value: 2 * harmless },
    })
    await expect(deliver(identity, other)).rejects.toMatchObject({ code: 'duplicate_update' })

    const replay = await updateFor(5, {})
    expect(replay.updateDigest).toBe(counted.updateDigest)
    await expect(deliver(identity, replay)).rejects.toMatchObject({ code: 'duplicate_update' })
    await expectPublishedWithout(5, 'duplicate_update')
  })

  test('weights that diverge at a site are declined by its own agent, and the run ends', async () => {
    await consortium.startAgents(['c'], 'diverging')
    const { rounds } = await consortium.finished()
    expect(rounds.at(-1)?.sites.map(({ outcome, code }) => code ?? outcome)).toEqual([
      'counted',
      'counted',
      'not_finite',
    ])
  })
})

describe('a peer that is not who it should be is refused', () => {
  const ask = async (identity: SiteIdentity): Promise<unknown> => {
    const client = createCoordinatorClient(identity)
    try {
      return await client.listStudies()
    } finally {
      client.close()
    }
  }

  test('without a certificate', async () => {
    const identity = await consortium.identity('a')
    const { rootPem, federationAddress } = identity
    const client = new FederationServiceClient(federationAddress, credentials.createSsl(Buffer.from(rootPem)))
    const answer = await new Promise<unknown>((resolve) => {
      client.listStudies({}, (error, response) => resolve(error ?? response))
    })
    client.close()
    expect(answer).toBeInstanceOf(Error)
    await expect(ask(identity)).resolves.toBeDefined()
  })

  test('with a certificate of another authority in the name of a site', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sequela-other-authority-'))
    try {
      const nowMs = systemClock.now()
      const other = await createAuthority(
        { folder: join(folder, 'authority'), domain: 'journey.sequela', hosts: ['localhost'], keyBits: 2048 },
        nowMs,
      )
      const { privateKeyPem, csrPem } = await createKeyAndRequest('a', 2048)
      const { chainPem } = other.issueSite({ site: 'a', request: decodeRequest(csrPem), nowMs })
      const identity = await consortium.identity('a')
      await expect(ask({ ...identity, privateKeyPem, certificateChainPem: chainPem })).rejects.toMatchObject({
        code: expect.stringMatching(/^(unauthenticated|unreachable)$/),
      })
      await expect(ask(identity)).resolves.toBeDefined()
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test("with another site's certificate, which speaks for that site alone", async () => {
    const { folder, study } = consortium
    const { rounds } = await consortium.status()
    const made = { folder, studyDigest: study.digest, baseDigest: parseDigest(rounds[0]?.baseDigest ?? '') }
    const update = await handMadeUpdate({ ...made, round: 0, value: 3 * harmless })
    await expect(deliver(await consortium.identity('d'), update)).rejects.toMatchObject({ code: 'not_invited' })
  })
})
