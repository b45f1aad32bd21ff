// The site's part against a coordinator that is played: what leaves, what is written down, and when it asks.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { silentLog } from '../../shared/log.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { LinkToken } from '../../shared/protocol/link-tokens.ts'
import { parseStudy, type StudyFile } from '../../shared/study/study.ts'
import { testStudyFile } from '../cohort/testsupport/data-set.ts'
import { statusInWords } from '../commands/status-words.ts'
import { createEgress, type SealedLinks } from '../egress.ts'
import { readEgress } from '../egress-record.ts'
import { type SiteHome, siteHome } from '../home.ts'
import { createParticipation } from '../participation.ts'
import { createLinkKey, readLinkSecrets } from './link-key.ts'
import { createLinkage, type LinkAnswer, type Linkage, type LinkageClient } from './linkage.ts'
import { linkageCounts, linkageInWords, readLinkageRecord } from './linkage-record.ts'
import { linkTokenOf } from './tokens.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-linkage-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const plain = testStudyFile()
const study = parseStudy(plain.text.replace('minCell: 2', 'minCell: 2, linkage: keyed-hash'))
const children = new Map([
  ['sub-a', '756.1'],
  ['sub-b', '756.2'],
  ['sub-c', '756.3'],
])
const nothing: LinkAnswer = { shared: [], held: [], keysDiffer: false, settled: true }

interface Scene {
  readonly home: SiteHome
  readonly linkage: Linkage
  readonly client: LinkageClient
  /** What the coordinator was sent. */
  readonly sent: SealedLinks[]
  readonly tokenOf: (identifier: string) => LinkToken
}

let count = 0
async function scene(
  answer: (tokenOf: Scene['tokenOf']) => LinkAnswer | SequelaError = () => nothing,
  given: { readonly key?: boolean; readonly identifiers?: ReadonlyMap<string, string> | undefined } = {},
): Promise<Scene> {
  const { key = true, identifiers = children } = given
  const home = siteHome(join(folder, `site-${count++}`))
  await createLinkKey(home, join(folder, `key-${count}`))
  const secrets = await readLinkSecrets(home.linkKeyFile)
  if (!key) rmSync(home.linkKeyFile)
  const tokenOf = (id: string): LinkToken => linkTokenOf(secrets?.key ?? new Uint8Array(), study.digest, id)
  const clock = { now: () => 0 }
  const participation = createParticipation({ file: home.participationFile, site: 'a', clock })
  const egress = createEgress({ file: home.egressFile, clock, participation })
  const sent: SealedLinks[] = []
  const linkage = createLinkage({
    identifiers: async () => ('identifiers' in given ? given.identifiers : identifiers),
    ...{ keyFile: home.linkKeyFile, recordFile: home.linkageFile, egress, clock, log: silentLog },
  })
  const client: LinkageClient = {
    linkChildren: async (links) => {
      sent.push(links)
      const said = answer(tokenOf)
      if (said instanceof SequelaError) throw said
      return said
    },
  }
  return { home, linkage, client, sent, tokenOf }
}

const outcomeOf = async ({ home }: Scene) => (await readLinkageRecord(home.linkageFile))[study.digest]

describe('a site that has key and identifiers', () => {
  test('writes down which of its children the other hospital keeps and which it keeps itself', async () => {
    const at = await scene((of) => ({ ...nothing, shared: [of('756.1'), of('756.3')], held: [of('756.3')] }))
    await at.linkage.settle(study, at.client)
    expect(await outcomeOf(at)).toMatchObject({ kind: 'compared', children: 3, held: ['sub-c'], kept: ['sub-a'] })
    const words = statusInWords({
      ...{ status: undefined, running: false, enrolled: true, unreadable: [] },
      linkage: await readLinkageRecord(at.home.linkageFile),
    })
    expect(words).not.toContain('sub-')
  })

  test('records in egress how many hashes leave, before they do, and no identifier', async () => {
    const at = await scene(() => new SequelaError('unreachable', 'gone'))
    await expect(at.linkage.settle(study, at.client)).rejects.toMatchObject({ code: 'unreachable' })
    const [record] = await readEgress(at.home.egressFile)
    expect(record).toMatchObject({ kind: 'links-sealed', study: study.digest, tokens: 64 })
    expect(readFileSync(at.home.egressFile, 'utf8')).not.toContain('756.')
    expect(await outcomeOf(at)).toBeUndefined()
  })

  test('sends hashes only: neither names nor identifiers', async () => {
    const at = await scene()
    await at.linkage.settle(study, at.client)
    const text = JSON.stringify(at.sent)
    expect(text).toContain(at.tokenOf('756.2'))
    expect(text).not.toMatch(/sub-|756\./)
  })

  test('does not ask again once the answer is settled, and does so long as it is not', async () => {
    const settled = await scene()
    for (let i = 0; i < 3; i++) await settled.linkage.settle(study, settled.client)
    expect(settled.sent).toHaveLength(1)
    const open = await scene(() => ({ ...nothing, settled: false }))
    for (let i = 0; i < 3; i++) await open.linkage.settle(study, open.client)
    expect(open.sent).toHaveLength(3)
  })

  test('uses no child when the coordinator speaks of one that was not named', async () => {
    const at = await scene((of) => ({ ...nothing, shared: [of('756.9')] }))
    await expect(at.linkage.settle(study, at.client)).rejects.toMatchObject({ code: 'message_malformed' })
    expect(await outcomeOf(at)).toBeUndefined()
  })

  test('says in its status that another hospital has another key', async () => {
    const at = await scene(() => ({ ...nothing, keysDiffer: true }))
    await at.linkage.settle(study, at.client)
    expect(linkageInWords(await readLinkageRecord(at.home.linkageFile)).join('\n')).toMatch(
      /another key.*[0-9a-f]{4} /s,
    )
  })
})

describe('a child that was held back stays so', () => {
  const holding = (of: Scene['tokenOf']): LinkAnswer => ({
    ...nothing,
    shared: [of('756.3')],
    held: [of('756.3')],
    settled: false,
  })

  test('when its identifier is gone from the table', async () => {
    const identifiers = new Map(children)
    const at = await scene((of) => (identifiers.has('sub-c') ? holding(of) : { ...nothing, settled: false }), {
      identifiers,
    })
    await at.linkage.settle(study, at.client)
    identifiers.delete('sub-c')
    await at.linkage.settle(study, at.client)
    expect(await outcomeOf(at)).toMatchObject({ kind: 'compared', children: 2, held: ['sub-c'] })
  })

  test('when the key is gone, or another one has come', async () => {
    const at = await scene((of) => (at.sent.length === 1 ? holding(of) : { ...nothing, settled: false }))
    await at.linkage.settle(study, at.client)
    rmSync(at.home.linkKeyFile)
    await at.linkage.settle(study, at.client)
    expect(await outcomeOf(at)).toMatchObject({ kind: 'unchecked', held: ['sub-c'] })
    expect(linkageInWords(await readLinkageRecord(at.home.linkageFile)).join()).toMatch(/Held back from before: 1/)
    // For machines too children are counted, and none is named.
    expect(Object.values(linkageCounts(await readLinkageRecord(at.home.linkageFile)))).toMatchObject([
      { kind: 'unchecked', held: 1, kept: 0 },
    ])
    await createLinkKey(at.home, join(folder, `another-${count}`))
    await at.linkage.settle(study, at.client)
    expect(await outcomeOf(at)).toMatchObject({ kind: 'compared', held: ['sub-c'] })
  })

  test('unless the coordinator says of the same child under the same key that this hospital keeps it', async () => {
    const at = await scene((of) => (at.sent.length === 1 ? holding(of) : { ...holding(of), held: [] }))
    await at.linkage.settle(study, at.client)
    await at.linkage.settle(study, at.client)
    expect(await outcomeOf(at)).toMatchObject({ held: [], kept: ['sub-c'] })
  })
})

describe('a site that cannot be compared takes part and says why', () => {
  const cases: [string, Parameters<typeof scene>[1], string, RegExp][] = [
    ['without a key', { key: false }, 'no-key', /no key/],
    ['without a table', { identifiers: undefined }, 'no-identifiers', /no identifiers/],
    ['with a table that knows none of its children', { identifiers: new Map() }, 'no-identifiers', /no identifiers/],
  ]
  test.each(cases)('%s', async (_what, given, reason, words) => {
    const at = await scene(() => nothing, given)
    await at.linkage.settle(study, at.client)
    expect(at.sent).toEqual([{ kind: 'unchecked', studyDigest: study.digest, reason }])
    expect(await readEgress(at.home.egressFile)).toMatchObject([{ kind: 'links-absent', reason }])
    expect(linkageInWords(await readLinkageRecord(at.home.linkageFile)).join()).toMatch(words)
  })
})

describe('a study', () => {
  test('that does not look for such children is never asked about', async () => {
    const at = await scene()
    await at.linkage.announce([plain], at.client)
    await at.linkage.settle(plain, at.client)
    expect([at.sent, await readEgress(at.home.egressFile)]).toEqual([[], []])
  })

  test('is announced once in the life of an agent, and again after a failure', async () => {
    let fails = true
    const at = await scene(() => (fails ? new SequelaError('unreachable', 'gone') : { ...nothing, settled: false }))
    await at.linkage.announce([study], at.client)
    fails = false
    for (let i = 0; i < 3; i++) await at.linkage.announce([study], at.client)
    expect(at.sent).toHaveLength(2)
  })

  test('that is over is not announced again', async () => {
    const at = await scene(() => new SequelaError('study_state', 'over'))
    for (let i = 0; i < 3; i++) await at.linkage.announce([study], at.client)
    expect(at.sent).toHaveLength(1)
  })

  test('keeps what was found when another study is compared', async () => {
    const at = await scene((of) => ({ ...nothing, shared: [of('756.3')], held: [of('756.3')] }))
    await at.linkage.settle(study, at.client)
    const other: StudyFile = { ...study, digest: sha256('other') }
    await expect(at.linkage.settle(other, at.client)).rejects.toMatchObject({ code: 'message_malformed' })
    expect(await outcomeOf(at)).toMatchObject({ held: ['sub-c'] })
  })
})
