import { X509Certificate } from 'node:crypto'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKeyAndRequest } from '../../site-agent/identity.ts'
import { type Authority, type AuthorityOptions, createAuthority, openAuthority } from './authority.ts'
import { type CertificateRequest, decodeRequest } from './certificate-request.ts'

const day = 86_400_000
const start = Date.UTC(2030, 0, 1)
const root = mkdtempSync(join(tmpdir(), 'sequela-authority-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let count = 0
const newOptions = (): AuthorityOptions => ({
  folder: join(root, `authority-${count++}`),
  domain: 'plgg.example.org',
  hosts: ['coordinator.example.org', '127.0.0.1'],
  keyBits: 2048,
})

let request: CertificateRequest
let options: AuthorityOptions
let authority: Authority
beforeAll(async () => {
  request = decodeRequest((await createKeyAndRequest('anybody', 2048)).csrPem)
  options = newOptions()
  authority = await createAuthority(options, start)
})

describe('an authority', () => {
  test('has a root of ten years, an issuing key of 90 days and a server certificate of 30', () => {
    const [server, issuing] = chainOf(authority.serverIdentity().chainPem)
    const rootCertificate = new X509Certificate(authority.rootPem)
    expect(lifeInDays(rootCertificate)).toBe(3650)
    expect(issuing && lifeInDays(issuing)).toBe(90)
    expect(server && lifeInDays(server)).toBe(30)
    expect(issuing?.verify(rootCertificate.publicKey)).toBe(true)
    expect([rootCertificate.ca, issuing?.ca, server?.ca]).toEqual([true, true, false])
    expect(server?.subjectAltName).toBe('DNS:coordinator.example.org, IP Address:127.0.0.1')
    expect(authority.rootFingerprint).toBe(rootCertificate.fingerprint256.replaceAll(':', '').toLowerCase())
  })

  test('certifies a site for 72 hours under its one name, whatever the request called itself', () => {
    const made = authority.issueSite({ site: 'boston', request, nowMs: start + 500 })
    const [certificate, issuing] = chainOf(made.chainPem)
    expect(certificate?.subjectAltName).toBe('URI:spiffe://plgg.example.org/site/boston')
    expect(certificate?.subject).toBe('CN=boston')
    expect(certificate?.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
    expect(certificate?.serialNumber.toLowerCase()).toBe(made.serial)
    expect(made.serial).toMatch(/^[0-9a-f]{32}$/)
    expect(made.notAfterMs).toBe(start + 3 * day)
    expect(certificate?.validToDate.getTime()).toBe(made.notAfterMs)
    expect(certificate?.validFromDate.getTime()).toBe(made.notBeforeMs)
    expect(issuing && certificate?.checkIssued(issuing)).toBe(true)
    expect(made.csrDigest).toBe(request.digest)
  })

  test('draws another serial for every certificate', () => {
    const serials = Array.from(
      { length: 3 },
      () => authority.issueSite({ site: 'boston', request, nowMs: start }).serial,
    )
    expect(new Set(serials).size).toBe(3)
  })

  test('is the same after it was opened again, and its files are its owner’s alone', async () => {
    const again = await openAuthority(options)
    expect(again.rootPem).toBe(authority.rootPem)
    expect(again.serverIdentity()).toEqual(authority.serverIdentity())
    expect(readdirSync(options.folder).sort()).toEqual(['issuing.pem', 'root-key.pem', 'root.pem', 'server.pem'])
    for (const file of readdirSync(options.folder)) {
      expect(statSync(join(options.folder, file)).mode & 0o777, file).toBe(0o600)
    }
    expect(statSync(options.folder).mode & 0o777).toBe(0o700)
  })

  test('is not made over another, and nothing is left of the attempt', async () => {
    await expect(createAuthority(options, start)).rejects.toMatchObject({ code: 'config_invalid' })
    expect(readdirSync(root).filter((name) => name.includes('.new'))).toEqual([])
    expect((await openAuthority(options)).rootPem).toBe(authority.rootPem)
  })

  test.each([
    ['a domain with a slash', { domain: 'a/b' }],
    ['no host', { hosts: [] }],
  ])('is not made with %s', async (_, wrong) => {
    const wrongOptions = { ...newOptions(), ...wrong }
    await expect(createAuthority(wrongOptions, start)).rejects.toMatchObject({ code: 'config_invalid' })
    expect(existsSync(wrongOptions.folder)).toBe(false)
  })

  test.each<[string, (folder: string) => void, string]>([
    ['there is none', (folder) => rmSync(folder, { recursive: true }), 'coordinator init'],
    ['the root is no certificate', (folder) => writeFileSync(join(folder, 'root.pem'), 'x'), 'not a certificate'],
    ['the issuing key is cut', (folder) => cut(join(folder, 'issuing.pem')), 'restore'],
    ['key and certificate are two pairs', (folder) => mixPairs(folder), 'restore'],
  ])('is not opened when %s', async (_, damage, why) => {
    const damaged = newOptions()
    await createAuthority(damaged, start)
    damage(damaged.folder)
    const message = expect.stringContaining(why)
    await expect(openAuthority(damaged)).rejects.toMatchObject({ code: 'config_invalid', message })
  })
})

describe('renewal of the authority', () => {
  test('does nothing while there is time', async () => {
    const before = authority.serverIdentity()
    expect(await authority.renewDue(start + 19 * day)).toEqual({ serverChanged: false, warning: undefined })
    expect(authority.serverIdentity()).toEqual(before)
  })

  test('replaces the server certificate in the last third of its life, key and all, also on disk', async () => {
    const own = newOptions()
    const opened = await createAuthority(own, start)
    const before = opened.serverIdentity()
    expect(await opened.renewDue(start + 21 * day)).toEqual({ serverChanged: true, warning: undefined })
    const after = opened.serverIdentity()
    expect(after.keyPem).not.toBe(before.keyPem)
    expect(chainOf(after.chainPem)[1]?.raw).toEqual(chainOf(before.chainPem)[1]?.raw)
    expect((await openAuthority(own)).serverIdentity()).toEqual(after)
  })

  test('replaces the server certificate when the coordinator is reached under other names', async () => {
    const own = newOptions()
    await createAuthority(own, start)
    const moved = await openAuthority({ ...own, hosts: ['new.example.org'] })
    expect((await moved.renewDue(start)).serverChanged).toBe(true)
    expect(chainOf(moved.serverIdentity().chainPem)[0]?.subjectAltName).toBe('DNS:new.example.org')
    expect((await moved.renewDue(start)).serverChanged).toBe(false)
  })

  test('replaces the issuing key in the last third of its life; certificates under the old one keep their chain', async () => {
    const own = newOptions()
    const opened = await createAuthority(own, start)
    const nowMs = start + 61 * day
    const old = opened.issueSite({ site: 'boston', request, nowMs })
    await opened.renewDue(nowMs)
    const made = opened.issueSite({ site: 'boston', request, nowMs })
    expect(chainOf(made.chainPem)[1]?.raw).not.toEqual(chainOf(old.chainPem)[1]?.raw)
    const rootKey = new X509Certificate(opened.rootPem).publicKey
    for (const { chainPem } of [old, made]) {
      const [site, issuing] = chainOf(chainPem)
      expect(issuing && site?.verify(issuing.publicKey) && issuing.verify(rootKey)).toBe(true)
    }
    expect((await openAuthority(own)).issueSite({ site: 'boston', request, nowMs }).site).toBe('boston')
  })

  test('asks for a root key that is kept elsewhere, and goes on when it is back', async () => {
    const own = newOptions()
    const opened = await createAuthority(own, start)
    const rootKey = join(own.folder, 'root-key.pem')
    renameSync(rootKey, join(root, 'in the safe'))
    expect((await opened.renewDue(start + 61 * day)).warning).toContain(rootKey)
    await expect(opened.renewDue(start + 91 * day)).rejects.toMatchObject({ code: 'certificate_expired' })
    expect(() => opened.issueSite({ site: 'boston', request, nowMs: start + 91 * day })).toThrow(
      expect.objectContaining({ code: 'certificate_expired' }),
    )
    renameSync(join(root, 'in the safe'), rootKey)
    expect(await opened.renewDue(start + 91 * day)).toEqual({ serverChanged: true, warning: undefined })
    expect(opened.issueSite({ site: 'boston', request, nowMs: start + 91 * day }).site).toBe('boston')
  })

  test('gives no certificate a longer life than the key that signs it', async () => {
    const opened = await createAuthority(newOptions(), start)
    const { notAfterMs } = opened.issueSite({ site: 'boston', request, nowMs: start + 89 * day })
    expect(notAfterMs).toBe(start + 90 * day)
  })
})

function chainOf(pem: string): X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? []).map(
    (block) => new X509Certificate(block),
  )
}

/** Whole days from the moment of issue, which is five minutes after the first instant. */
function lifeInDays(certificate: X509Certificate): number {
  return (certificate.validToDate.getTime() - certificate.validFromDate.getTime() - 300_000) / day
}

function cut(file: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').slice(0, 900))
}

/** The server's key with the issuing certificate. */
function mixPairs(folder: string): void {
  const keyOf = (text: string): string => text.slice(0, text.indexOf('-----BEGIN CERTIFICATE-----'))
  const server = readFileSync(join(folder, 'server.pem'), 'utf8')
  const issuing = readFileSync(join(folder, 'issuing.pem'), 'utf8')
  writeFileSync(join(folder, 'issuing.pem'), issuing.replace(keyOf(issuing), keyOf(server)))
}
