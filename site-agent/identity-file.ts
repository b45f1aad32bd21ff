// Who this site is: its private key, its certificate and the consortium's root, in one file that only this user can read.
// One file, so that a renewal replaces key and certificate together or not at all.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { SequelaError } from '../shared/protocol/errors.ts'
import { siteIdPattern } from '../shared/study/names.ts'
import { systemCode } from '../shared/system-code.ts'
import { writeFileDurably } from './durable-file.ts'

const identitySchema = z.strictObject({
  site: z.string().regex(siteIdPattern),
  /** host:port of the coordinator's federation service. */
  federationAddress: z.string().min(3),
  privateKeyPem: z.string(),
  /** The site's certificate and the issuing one, in that order. */
  certificateChainPem: z.string(),
  rootPem: z.string(),
})

export type SiteIdentity = z.infer<typeof identitySchema>

/** @throws SequelaError `config_invalid` when the site has not been enrolled or the file is damaged, `file_unreadable`. */
export async function readIdentity(file: string): Promise<SiteIdentity> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    const code = systemCode(cause)
    if (code !== 'ENOENT') {
      const message = `${file} cannot be read (${code}); it must belong to the user that the agent runs as`
      throw new SequelaError('file_unreadable', message, { cause })
    }
    const message =
      'this site has no certificate yet; ask the coordinator for a code and run: site enrol CODE --data FOLDER'
    throw new SequelaError('config_invalid', message, { cause })
  }
  const parsed = identitySchema.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data
  throw new SequelaError('config_invalid', `${file} is damaged; enrol again with a new code`)
}

export async function writeIdentity(file: string, identity: SiteIdentity): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFileDurably(file, JSON.stringify(identity), 0o600)
}

/**
 * First and last instant of the certificate's life, in ms since 1970.
 * @throws SequelaError `config_invalid` when key, certificate and root are not what an enrolment gave.
 */
export function certificateLife(identity: SiteIdentity): { readonly notBeforeMs: number; readonly notAfterMs: number } {
  const { validFromDate, validToDate } = certificateOf(identity)
  return { notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() }
}

function certificateOf({ privateKeyPem, certificateChainPem, rootPem }: SiteIdentity): X509Certificate {
  const damaged = (cause?: unknown): SequelaError =>
    new SequelaError('config_invalid', 'the identity.json of this site is damaged; enrol again with a new code', {
      cause,
    })
  try {
    const certificate = new X509Certificate(certificateChainPem)
    new X509Certificate(rootPem)
    if (certificate.checkPrivateKey(createPrivateKey(privateKeyPem))) return certificate
  } catch (cause) {
    throw damaged(cause)
  }
  throw damaged()
}

/**
 * When the certificate is to be renewed: at two thirds of its life, moved by up to a twentieth of it so that sites
 * enrolled together do not all come at once. `jitter` is in [0, 1).
 */
export function renewalDueMs(
  life: { readonly notBeforeMs: number; readonly notAfterMs: number },
  jitter: number,
): number {
  const length = life.notAfterMs - life.notBeforeMs
  return life.notBeforeMs + (length * 2) / 3 + ((jitter - 0.5) * length) / 10
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
