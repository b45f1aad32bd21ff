// The consortium's certificate authority, kept in one folder: the root, the issuing key below it, and the coordinator's
// own server certificate. `root-key.pem` is needed only when the issuing key is replaced (every 60 days): it may be kept
// on another medium and brought back for that start.

import { X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Digest, parseDigest } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { siteUri } from '../../shared/protocol/identity.ts'
import type { CertificateRequest } from './certificate-request.ts'
import {
  endOf,
  issuingLifeMs,
  makeIssuing,
  makeRoot,
  makeServer,
  makeSiteCertificate,
  serverLifeMs,
} from './certificates.ts'
import { formatCertifiedKey, parseCertifiedKey, readKeyFile, syncFolder, writeKeyFile } from './key-files.ts'
import type { Certificate } from './membership.ts'
import { isNamed } from './x509.ts'

export interface AuthorityOptions {
  readonly folder: string
  /** Name of the consortium in certificates: spiffe://<domain>/site/<id>. */
  readonly domain: string
  /** Names and addresses by which sites reach the coordinator; at least one. */
  readonly hosts: readonly string[]
  /** Length of the RSA keys that are made; tests take shorter ones. */
  readonly keyBits?: number
}

/** What the coordinator's listeners show. */
interface ServerIdentity {
  readonly keyPem: string
  /** The server's certificate and the issuing one. */
  readonly chainPem: string
}

interface Renewal {
  /** Whether `serverIdentity` is another than before: listeners must take the new one. */
  readonly serverChanged: boolean
  /** What the operator must do before long. */
  readonly warning: string | undefined
}

export interface Authority {
  readonly rootPem: string
  /** SHA-256 of the root's DER bytes: what enrolment codes carry. */
  readonly rootFingerprint: Digest
  serverIdentity(): ServerIdentity
  /**
   * A certificate for the key in a site's request; it counts once the journal has it.
   * @throws SequelaError `csr_invalid`; `certificate_expired` when the issuing key's time is over.
   */
  issueSite(order: { readonly site: string; readonly request: CertificateRequest; readonly nowMs: number }): Certificate
  /**
   * Replaces the issuing key in the last third of its life, the server's certificate likewise and when its hosts are
   * others. To be called at start, then once a day.
   * @throws SequelaError `certificate_expired` when the issuing key's time is over and the root key is not there.
   */
  renewDue(nowMs: number): Promise<Renewal>
}

/** Beyond 2030 by NIST SP 800-57, table 2; node-forge knows no elliptic curves. */
const defaultKeyBits = 3072
const dueAtShareOfLife = 1 / 3

/**
 * Makes an authority in `folder`, which appears whole or not at all.
 * @throws SequelaError `config_invalid` when there is one already, or the domain or the hosts are wrong.
 */
export async function createAuthority(options: AuthorityOptions, nowMs: number): Promise<Authority> {
  siteUri({ domain: options.domain, site: 'any' })
  if (options.hosts.length === 0) throw new SequelaError('config_invalid', 'a coordinator needs a host name')
  const terms = { keyBits: options.keyBits ?? defaultKeyBits, nowMs }
  await mkdir(dirname(options.folder), { recursive: true, mode: 0o700 })
  const aside = await mkdtemp(`${options.folder}.new-`)
  try {
    const root = await makeRoot(options.domain, terms)
    const issuing = await makeIssuing(root, terms)
    const server = await makeServer(issuing, options.hosts, terms)
    const files = filesIn(aside)
    await writeKeyFile(files.root, root.chainPem)
    await writeKeyFile(files.rootKey, root.privateKeyPem)
    await writeKeyFile(files.issuing, formatCertifiedKey(issuing))
    await writeKeyFile(files.server, formatCertifiedKey(server))
    await rename(aside, options.folder)
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    if (error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')) {
      throw new SequelaError('config_invalid', `there is an authority in ${options.folder} already`, { cause: error })
    }
    throw error
  }
  await syncFolder(dirname(options.folder))
  return openAuthority(options)
}

/** @throws SequelaError `config_invalid` when there is none in the folder, or a file of it is damaged. */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const files = filesIn(options.folder)
  const rootPem = await required(files.root)
  const root = parseRoot(rootPem, files.root)
  let issuing = parseCertifiedKey(await required(files.issuing), root, files.issuing)
  let server = parseCertifiedKey(await required(files.server), root, files.server)
  const termsAt = (nowMs: number) => ({ keyBits: options.keyBits ?? defaultKeyBits, nowMs })

  /** Returns a warning where it is time and the root key is not there. */
  const replaceIssuing = async (nowMs: number): Promise<string | undefined> => {
    const remainingMs = endOf(issuing.chainPem) - nowMs
    if (remainingMs > issuingLifeMs * dueAtShareOfLife) return undefined
    const rootKey = await readKeyFile(files.rootKey)
    if (rootKey !== undefined) {
      const rootPair = parseCertifiedKey(rootKey + rootPem, root, files.rootKey)
      const next = await makeIssuing(rootPair, termsAt(nowMs))
      await writeKeyFile(files.issuing, formatCertifiedKey(next))
      issuing = next
      return undefined
    }
    const bringBack = `put ${files.rootKey} back and start the coordinator again`
    const end = new Date(endOf(issuing.chainPem)).toISOString()
    if (remainingMs > 0) return `the issuing key ends on ${end}; before that, ${bringBack}`
    throw new SequelaError('certificate_expired', `the issuing key ended on ${end}; ${bringBack}`)
  }

  const replaceServer = async (nowMs: number): Promise<boolean> => {
    const remainingMs = endOf(server.chainPem) - nowMs
    const fits = isNamed(new X509Certificate(server.chainPem), options.hosts)
    if (fits && remainingMs > serverLifeMs * dueAtShareOfLife) return false
    const next = await makeServer(issuing, options.hosts, termsAt(nowMs))
    await writeKeyFile(files.server, formatCertifiedKey(next))
    server = next
    return true
  }

  return {
    rootPem,
    rootFingerprint: parseDigest(root.fingerprint256.replaceAll(':', '').toLowerCase()),
    serverIdentity: () => ({ keyPem: server.privateKeyPem, chainPem: server.chainPem }),
    issueSite: ({ site, request, nowMs }) => {
      if (nowMs < endOf(issuing.chainPem)) {
        return makeSiteCertificate(issuing, { domain: options.domain, site, request, nowMs })
      }
      throw new SequelaError(
        'certificate_expired',
        "the coordinator's issuing key has ended; its operator must renew it",
      )
    },
    renewDue: async (nowMs) => {
      const warning = await replaceIssuing(nowMs)
      return { serverChanged: await replaceServer(nowMs), warning }
    },
  }
}

function filesIn(folder: string) {
  return {
    root: join(folder, 'root.pem'),
    rootKey: join(folder, 'root-key.pem'),
    issuing: join(folder, 'issuing.pem'),
    server: join(folder, 'server.pem'),
  }
}

async function required(file: string): Promise<string> {
  const text = await readKeyFile(file)
  if (text !== undefined) return text
  throw new SequelaError('config_invalid', `there is no ${file}; make an authority with: coordinator init`)
}

function parseRoot(pem: string, file: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw new SequelaError('config_invalid', `${file} is not a certificate; restore it from a backup`, { cause: error })
  }
}
