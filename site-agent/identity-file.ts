// Who this site is: its private key, its certificate and the consortium's root, in one file that only this user can read.
// One file, so that a renewal replaces key and certificate together or not at all.

import { X509Certificate } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { SequelaError } from '../shared/protocol/errors.ts'
import { siteIdPattern } from '../shared/study/names.ts'
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

/** @throws SequelaError `config_invalid` when the site has not been enrolled or the file is damaged. */
export async function readIdentity(file: string): Promise<SiteIdentity> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const message =
      'this site has no certificate yet; ask the coordinator for a code and run: site enrol CODE --data FOLDER'
    throw new SequelaError('config_invalid', message, { cause: error })
  }
  const parsed = identitySchema.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data
  throw new SequelaError('config_invalid', `${file} is damaged; enrol again with a new code`)
}

export async function writeIdentity(file: string, identity: SiteIdentity): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFileDurably(file, JSON.stringify(identity), 0o600)
}

/** First and last instant of the certificate's life, in ms since 1970. */
export function certificateLife(identity: SiteIdentity): { readonly notBeforeMs: number; readonly notAfterMs: number } {
  const certificate = new X509Certificate(identity.certificateChainPem)
  return { notBeforeMs: certificate.validFromDate.getTime(), notAfterMs: certificate.validToDate.getTime() }
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
