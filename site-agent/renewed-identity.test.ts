import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeRequest } from '../coordinator/authority/certificate-request.ts'
import { makeIssuing, makeRoot, makeSiteCertificate } from '../coordinator/authority/certificates.ts'
import { silentLog } from '../shared/log.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { createKeyAndRequest } from './identity.ts'
import { certificateLife, readIdentity, type SiteIdentity, writeIdentity } from './identity-file.ts'
import { renewedIdentity } from './renewed-identity.ts'

const hourMs = 3_600_000
const start = Date.UTC(2030, 0, 1)

let folder: string
let identityFile: string
let issue: (csrPem: string, nowMs: number) => string
let identity: SiteIdentity
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sequela-renewal-'))
  identityFile = join(folder, 'identity.json')
  const terms = { keyBits: 2048, nowMs: start }
  const root = await makeRoot('plgg', terms)
  const issuing = await makeIssuing(root, terms)
  issue = (csrPem, nowMs) =>
    makeSiteCertificate(issuing, { domain: 'plgg', site: 'boston', request: decodeRequest(csrPem), nowMs }).chainPem
  const { privateKeyPem, csrPem } = await createKeyAndRequest('boston', 2048)
  const certificateChainPem = issue(csrPem, start)
  const federationAddress = 'localhost:1'
  identity = { site: 'boston', federationAddress, privateKeyPem, certificateChainPem, rootPem: root.chainPem }
})
afterAll(() => rm(folder, { recursive: true }))

/** The identity in force so many hours after enrolment, and how often a certificate was asked for. */
async function after(
  hours: number,
  refusal?: SequelaError,
): Promise<{ readonly outcome: Promise<SiteIdentity>; readonly asked: () => number }> {
  await writeIdentity(identityFile, identity)
  let asked = 0
  const nowMs = start + hours * hourMs
  const renew = async (_: SiteIdentity, csrPem: string): Promise<string> => {
    asked++
    if (refusal !== undefined) throw refusal
    return issue(csrPem, nowMs)
  }
  const deps = { identityFile, clock: { now: () => nowMs }, jitter: 0.5, log: silentLog, renew }
  const outcome = renewedIdentity(deps)
  await outcome.catch(() => {})
  return { outcome, asked: () => asked }
}

test('a young certificate stays', async () => {
  const { outcome, asked } = await after(40)
  expect(await outcome).toEqual(identity)
  expect(asked()).toBe(0)
})

test('one whose time is two thirds over is renewed, and kept with its key', async () => {
  const { outcome, asked } = await after(60)
  const renewed = await outcome
  expect(asked()).toBe(1)
  expect(renewed.privateKeyPem).not.toBe(identity.privateKeyPem)
  expect(await readIdentity(identityFile)).toEqual(renewed)
})

test('one that the coordinator does not renew stays in force until its end', async () => {
  const { outcome, asked } = await after(60, new SequelaError('certificate_expired', 'the issuing certificate ended'))
  expect(await outcome).toEqual(identity)
  expect(asked()).toBe(1)
  expect(await readIdentity(identityFile)).toEqual(identity)
})

test('one whose time is over is refused with what to do, and nobody is asked', async () => {
  const { outcome, asked } = await after(73)
  await expect(outcome).rejects.toMatchObject({
    code: 'certificate_expired',
    message: expect.stringMatching(/ended 2030-01-04T00:00:00.000Z .* new code, stop the agent and enrol again/),
  })
  expect(asked()).toBe(0)
})

test('one that is not good yet tells that the clock is behind, and nobody is asked', async () => {
  const { outcome, asked } = await after(-365 * 24)
  await expect(outcome).rejects.toMatchObject({
    code: 'certificate_expired',
    message: expect.stringContaining("this machine's clock is behind"),
  })
  expect(asked()).toBe(0)
})

test.each([
  ['certificate', { certificateChainPem: 'no certificate' }],
  ['key', { privateKeyPem: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n' }],
  ['root', { rootPem: '' }],
])('one whose %s is damaged is refused with what to do', async (_, damage) => {
  expect(() => certificateLife({ ...identity, ...damage })).toThrow('is damaged; enrol again with a new code')
})

test('one with the key of another is refused', async () => {
  const { privateKeyPem } = await createKeyAndRequest('boston', 2048)
  expect(() => certificateLife({ ...identity, privateKeyPem })).toThrow('is damaged; enrol again with a new code')
})

test('a file that cannot be read is not taken for a site that was never enrolled', async () => {
  // A folder stands for a file of another user: nobody can read it.
  await expect(readIdentity(folder)).rejects.toMatchObject({ code: 'file_unreadable' })
  await expect(readIdentity(join(folder, 'absent'))).rejects.toThrow('has no certificate yet')
})
