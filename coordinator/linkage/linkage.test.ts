// The check over real TLS: what sites are told, and what is left of their tokens at the coordinator.

import { afterEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { maxLinkLists } from '../../shared/protocol/limits.ts'
import { decodeLinkList, encodeLinkTokens, type LinkToken } from '../../shared/protocol/link-tokens.ts'
import { type CoordinatorClient, createCoordinatorClient } from '../../site-agent/coordinator-client.ts'
import type { SealedLinks } from '../../site-agent/egress.ts'
import { filledUp, linkTokenOf } from '../../site-agent/linkage/tokens.ts'
import { type LiveFederation, type LiveFederationOptions, startLiveFederation } from '../testsupport/live-federation.ts'

const key = Buffer.alloc(32, 7)
const fingerprint = 'aaaaaaaaaaaaaaaaaaaa'
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `756.${1000 + from + i}`)

let federation: LiveFederation
const clients: CoordinatorClient[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await federation.close()
})

async function open(options: LiveFederationOptions = {}): Promise<void> {
  federation = await startLiveFederation({ elements: 16, study: { linkage: true }, started: false, ...options })
}

async function siteNamed(site: string): Promise<CoordinatorClient> {
  const client = createCoordinatorClient(await federation.enrol(site))
  clients.push(client)
  return client
}

const tokensOf = (identifiers: readonly string[]): readonly LinkToken[] =>
  identifiers.map((id) => linkTokenOf(key, federation.studyDigest, id)).toSorted()

function listOf(site: string, identifiers: readonly string[], keyFingerprint = fingerprint): SealedLinks {
  const { studyDigest } = federation
  const tokens = filledUp(tokensOf(identifiers), Buffer.from(site.padEnd(32)), studyDigest)
  return { kind: 'list', studyDigest, keyFingerprint, tokens }
}

const linkageOf = (): unknown => federation.loop.federation().runs.get(federation.studyDigest)?.linkage.pairs
const unchecked = (): SealedLinks => ({ kind: 'unchecked', studyDigest: federation.studyDigest, reason: 'no-key' })
const blobs = async (): Promise<readonly string[]> => (await federation.blobs.list()).toSorted()
const journalText = (): string => [...federation.journal.read()].map(({ type, body }) => `${type} ${body}`).join('\n')

describe('two hospitals that treat the same children', () => {
  test('are both told of these and of no others, and one of the two keeps each', async () => {
    await open()
    const [a, b] = [await siteNamed('a'), await siteNamed('b')]
    await a.linkChildren(listOf('a', numbers(0, 20)))
    const toB = await b.linkChildren(listOf('b', numbers(12, 40)))
    const toA = await a.linkChildren(listOf('a', numbers(0, 20)))
    const both = tokensOf(numbers(12, 20))
    expect(toA.shared).toEqual(both)
    expect(toB.shared).toEqual(both)
    expect([...toA.held, ...toB.held].toSorted()).toEqual(both)
    expect(toA.held.length * toB.held.length).toBeGreaterThan(0)
    expect([toA.keysDiffer, toA.settled]).toEqual([false, false])
  })

  test('are shown as a count from the smallest cell on, and below it as none', async () => {
    await open()
    const [a, b, c] = [await siteNamed('a'), await siteNamed('b'), await siteNamed('c')]
    await a.linkChildren(listOf('a', numbers(0, 20)))
    await b.linkChildren(listOf('b', numbers(15, 40)))
    await c.linkChildren(listOf('c', numbers(36, 60)))
    expect(linkageOf()).toEqual([
      { sites: ['a', 'b'], children: 5 },
      { sites: ['a', 'c'], children: null },
      { sites: ['b', 'c'], children: null },
    ])
  })

  test('leave no token and no identifier in the journal', async () => {
    await open()
    const [a, b] = [await siteNamed('a'), await siteNamed('b')]
    const list = listOf('a', numbers(0, 20))
    await a.linkChildren(list)
    await b.linkChildren(listOf('b', numbers(0, 20)))
    const text = journalText()
    expect(text).toContain('link-list-recorded')
    for (const token of list.kind === 'list' ? list.tokens : []) expect(text).not.toContain(token)
    expect(text).not.toContain('756.')
  })

  test('find one another after a restart of the coordinator', async () => {
    await open()
    const a = await siteNamed('a')
    await a.linkChildren(listOf('a', numbers(0, 20)))
    await federation.restart()
    const b = await siteNamed('b')
    expect((await b.linkChildren(listOf('b', numbers(19, 30)))).shared).toEqual(tokensOf(numbers(19, 20)))
  })

  test('find one another when both come at the same moment', async () => {
    await open()
    const [a, b] = [await siteNamed('a'), await siteNamed('b')]
    await Promise.all([a.linkChildren(listOf('a', numbers(0, 20))), b.linkChildren(listOf('b', numbers(0, 20)))])
    expect(linkageOf()).toEqual([{ sites: ['a', 'b'], children: 20 }])
  })
})

describe('once the study has begun', () => {
  test('a hospital that comes late holds back what another one named, and the other’s answer stays', async () => {
    await open()
    const [a, b] = [await siteNamed('a'), await siteNamed('b')]
    await b.linkChildren(listOf('b', numbers(0, 20)))
    await federation.startRun()
    const late = await a.linkChildren(listOf('a', numbers(10, 30)))
    expect(late.held).toEqual(tokensOf(numbers(10, 20)))
    const early = await b.linkChildren(listOf('b', numbers(0, 20)))
    expect([early.held, early.settled]).toEqual([[], true])
  })

  test('a child stays with its hospital although that one’s new list lacks it', async () => {
    await open({ started: true })
    const [a, b] = [await siteNamed('a'), await siteNamed('b')]
    await a.linkChildren(listOf('a', numbers(0, 20)))
    await a.linkChildren(listOf('a', numbers(1, 20)))
    expect((await b.linkChildren(listOf('b', numbers(0, 1)))).held).toEqual(tokensOf(numbers(0, 1)))
  })
})

describe('lists at the coordinator', () => {
  test('are replaced before the start, and the old one is deleted', async () => {
    await open()
    const a = await siteNamed('a')
    const b = await siteNamed('b')
    await a.linkChildren(listOf('a', numbers(0, 20)))
    const before = await blobs()
    await a.linkChildren(listOf('a', numbers(20, 40)))
    const after = await blobs()
    expect(after).toHaveLength(before.length)
    expect(after).not.toEqual(before)
    expect((await b.linkChildren(listOf('b', numbers(0, 20)))).shared).toEqual([])
  })

  test('are deleted when the run ends', async () => {
    await open()
    const none = await blobs()
    const a = await siteNamed('a')
    await a.linkChildren(listOf('a', numbers(0, 20)))
    expect(await blobs()).toHaveLength(none.length + 1)
    await federation.loop.handle({ type: 'cancel-run', studyDigest: federation.studyDigest, reason: 'test' })
    await expect.poll(blobs).toEqual(none)
    await expect(a.linkChildren(listOf('a', numbers(0, 20)))).rejects.toMatchObject({ code: 'study_state' })
    expect(await blobs()).toEqual(none)
  })

  test('are deleted when a hospital says before the start that it has none to compare', async () => {
    await open()
    const none = await blobs()
    const a = await siteNamed('a')
    await a.linkChildren(listOf('a', numbers(0, 20)))
    await a.linkChildren(unchecked())
    expect(await blobs()).toEqual(none)
  })

  test('cannot be downloaded by another site, nor by the one that gave it', async () => {
    await open()
    const a = await siteNamed('a')
    const list = listOf('a', numbers(0, 20))
    await a.linkChildren(list)
    const digest = sha256(encodeLinkTokens(list.kind === 'list' ? list.tokens : []))
    expect(await blobs()).toContain(digest)
    const wanted = { digest, byteLength: 64 * 32, file: `${federation.folder}/stolen` }
    const options = { signal: new AbortController().signal, onProgress: () => {} }
    await expect(a.downloadWeights(wanted, options)).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('are filled up, and lists that are not are refused', async () => {
    await open()
    const a = await siteNamed('a')
    const { studyDigest } = federation
    const bare: SealedLinks = {
      kind: 'list',
      studyDigest,
      keyFingerprint: fingerprint,
      tokens: tokensOf(numbers(0, 20)),
    }
    await expect(a.linkChildren(bare)).rejects.toMatchObject({ code: 'message_malformed' })
    const filled = listOf('a', numbers(0, 20))
    const bytes = encodeLinkTokens(filled.kind === 'list' ? filled.tokens : [])
    expect(decodeLinkList(bytes)).toHaveLength(64)
  })

  test('stay few: a site that tries one list after another is stopped', async () => {
    await open()
    const a = await siteNamed('a')
    for (let i = 0; i < maxLinkLists; i++) await a.linkChildren(listOf('a', numbers(i, i + 1)))
    await expect(a.linkChildren(listOf('a', numbers(999, 1000)))).rejects.toMatchObject({ code: 'linkage_refused' })
    expect((await a.linkChildren(listOf('a', numbers(maxLinkLists - 1, maxLinkLists)))).shared).toEqual([])
  })
})

describe('a site', () => {
  test('that has another key hears so, and nothing is found between the two', async () => {
    await open()
    const [a, b] = [await siteNamed('a'), await siteNamed('b')]
    await a.linkChildren(listOf('a', numbers(0, 20)))
    const { keysDiffer } = await b.linkChildren(listOf('b', numbers(0, 20), 'b'.repeat(20)))
    expect(keysDiffer).toBe(true)
    expect((await a.linkChildren(listOf('a', numbers(0, 20)))).keysDiffer).toBe(true)
  })

  test('that has no key says so, once in the journal', async () => {
    await open()
    const a = await siteNamed('a')
    await a.linkChildren(unchecked())
    expect(await a.linkChildren(unchecked())).toMatchObject({ shared: [], held: [], settled: false })
    expect(journalText().match(/site-unchecked/g)).toHaveLength(1)
  })

  test('that the study does not name is not compared', async () => {
    await open()
    const d = await siteNamed('d')
    await expect(d.linkChildren(listOf('d', numbers(0, 20)))).rejects.toMatchObject({ code: 'not_invited' })
  })

  test('is refused where the study does not look for such children', async () => {
    await open({ study: {} })
    const a = await siteNamed('a')
    const before = await blobs()
    await expect(a.linkChildren(listOf('a', numbers(0, 20)))).rejects.toMatchObject({ code: 'linkage_refused' })
    expect(await blobs()).toEqual(before)
  })

  test('is asked again when the disk of the coordinator is full', async () => {
    await open()
    const a = await siteNamed('a')
    federation.fillDisk(true)
    await expect(a.linkChildren(listOf('a', numbers(0, 20)))).rejects.toMatchObject({ code: 'disk_full' })
    federation.fillDisk(false)
    expect((await a.linkChildren(listOf('a', numbers(0, 20)))).shared).toEqual([])
  })
})
