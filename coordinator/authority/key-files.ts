// The authority's files: readable by their owner alone, replaced in one step, and there after a power cut. A key lies in
// one file with its certificate, so that no reader ever sees a pair that does not belong together.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { CertifiedKey } from './x509.ts'

/** Replaces `file`, with 0600. */
export async function writeKeyFile(file: string, content: string): Promise<void> {
  const aside = `${file}.new`
  const handle = await open(aside, 'w', 0o600)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(aside, file)
  await syncFolder(dirname(file))
}

/** Makes the names in a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The text of a file; undefined where there is none. @throws SequelaError `file_unreadable`. */
export async function readKeyFile(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    const message = `${file} cannot be read; it must belong to the user that the coordinator runs as`
    throw new SequelaError('file_unreadable', message, { cause: error })
  }
}

/** The text of a file that holds a key and its chain. */
export function formatCertifiedKey({ privateKeyPem, chainPem }: CertifiedKey): string {
  return privateKeyPem + chainPem
}

/**
 * A key and its chain out of the text of `file`.
 * @throws SequelaError `config_invalid` when they do not belong together, or do not lead to the root.
 */
export function parseCertifiedKey(text: string, root: X509Certificate, file: string): CertifiedKey {
  const blocks = text.match(/-----BEGIN ([A-Z ]+)-----\n[A-Za-z0-9+/=\n]+-----END \1-----\n/g) ?? []
  const privateKeyPem = blocks.find((block) => block.startsWith('-----BEGIN PRIVATE KEY-----'))
  const chain = blocks.filter((block) => block.startsWith('-----BEGIN CERTIFICATE-----'))
  if (privateKeyPem === undefined || !isCertified(privateKeyPem, chain, root)) {
    const message = `${basename(file)} does not hold a key and its certificate under this root`
    throw new SequelaError('config_invalid', `${message}; restore ${file} from a backup`)
  }
  return { privateKeyPem, chainPem: chain.join('') }
}

/** Whether the first certificate is the key's, and each is signed by the next and the last by the root. */
function isCertified(privateKeyPem: string, chain: readonly string[], root: X509Certificate): boolean {
  try {
    const certificates = chain.map((pem) => new X509Certificate(pem))
    return (
      certificates[0]?.checkPrivateKey(createPrivateKey(privateKeyPem)) === true &&
      certificates.every((certificate, i) => certificate.verify((certificates[i + 1] ?? root).publicKey))
    )
  } catch {
    return false
  }
}
