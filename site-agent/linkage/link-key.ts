// The key that hospitals of a consortium share so that they can find children whom two of them treat. It travels from hospital
// to hospital in a file, never through the coordinator; people compare its fingerprint. At a site it lies in the home folder,
// for this user alone, beside a secret that is the site's own.

import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, stat } from 'node:fs/promises'
import { z } from 'zod'
import { sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { fingerprintInGroups } from '../../shared/protocol/link-tokens.ts'
import { systemCode } from '../../shared/system-code.ts'
import { writeFileDurably } from '../durable-file.ts'
import type { SiteHome } from '../home.ts'
import type { LinkSecrets } from './tokens.ts'

const hex = z.string().regex(/^[0-9a-f]{64}$/)
const storedSchema = z.strictObject({ key: hex, filling: hex })

/** What a file for other hospitals says: a word, the key, and its fingerprint against slips. */
const filePattern = /^sequela-link-key-1 ([0-9a-f]{64}) ([0-9a-f]{20})\s*$/

/** A key file is one line of 104 letters. */
const maxKeyFileBytes = 1024

/** 80 bits of a hash of the key: enough that nobody makes another key with the same. */
export function keyFingerprint(key: Uint8Array): string {
  return sha256(`sequela link key\n${Buffer.from(key).toString('hex')}`).slice(0, 20)
}

/** The site's secrets; undefined where it has no key. @throws SequelaError `config_invalid`, `file_unreadable`. */
export async function readLinkSecrets(file: string): Promise<LinkSecrets | undefined> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return undefined
    throw new SequelaError('file_unreadable', `${file} cannot be read (${systemCode(cause)})`, { cause })
  })
  if (text === undefined) return undefined
  if (((await stat(file)).mode & 0o077) !== 0) {
    throw new SequelaError('config_invalid', `${file} may be read by others on this machine; run chmod 600 on it`)
  }
  const stored = storedSchema.safeParse(jsonOf(text))
  if (!stored.success)
    throw new SequelaError('config_invalid', `${file} is damaged; delete it and import the key again`)
  return { key: Buffer.from(stored.data.key, 'hex'), filling: Buffer.from(stored.data.filling, 'hex') }
}

/**
 * Makes a key, for this site and in a file for the others.
 * @throws SequelaError `config_invalid` when the site has one or the file is there; `file_unreadable`.
 */
export async function createLinkKey(home: SiteHome, file: string): Promise<string> {
  const before = await readLinkSecrets(home.linkKeyFile)
  if (before !== undefined) throw anotherKey(home, before)
  const key = randomBytes(32)
  const handle = await open(file, 'wx', 0o600).catch((cause: unknown) => {
    const code = systemCode(cause)
    if (code === 'EEXIST')
      throw new SequelaError('config_invalid', `${file} is there already; name another file`, { cause })
    throw new SequelaError('file_unreadable', `${file} cannot be written (${code})`, { cause })
  })
  try {
    await handle.writeFile(`sequela-link-key-1 ${key.toString('hex')} ${keyFingerprint(key)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return keep(home, key)
}

/** Takes a key over from another hospital. @throws SequelaError `config_invalid`, `file_unreadable`. */
export async function importLinkKey(home: SiteHome, file: string): Promise<string> {
  const key = await readKeyFile(file)
  const before = await readLinkSecrets(home.linkKeyFile)
  if (before !== undefined && keyFingerprint(before.key) !== keyFingerprint(key)) throw anotherKey(home, before)
  return before === undefined ? keep(home, key) : keyFingerprint(key)
}

async function readKeyFile(file: string): Promise<Uint8Array> {
  const unreadable = (cause: unknown): never => {
    throw new SequelaError('file_unreadable', `${file} cannot be read (${systemCode(cause)})`, { cause })
  }
  const { size } = await stat(file).catch(unreadable)
  const text = size > maxKeyFileBytes ? '' : await readFile(file, 'utf8').catch(unreadable)
  const [, digits = '', fingerprint] = filePattern.exec(text) ?? []
  const key = Buffer.from(digits, 'hex')
  if (fingerprint !== undefined && keyFingerprint(key) === fingerprint) return key
  throw new SequelaError(
    'config_invalid',
    `${file} is no key that site link-key --create has made, or it was changed on the way`,
  )
}

async function keep(home: SiteHome, key: Uint8Array): Promise<string> {
  await mkdir(home.folder, { recursive: true, mode: 0o700 })
  const stored = { key: Buffer.from(key).toString('hex'), filling: randomBytes(32).toString('hex') }
  await writeFileDurably(home.linkKeyFile, JSON.stringify(stored), 0o600)
  return keyFingerprint(key)
}

function anotherKey(home: SiteHome, { key }: LinkSecrets): SequelaError {
  const text =
    `this site has a key already, with the fingerprint ${fingerprintInGroups(keyFingerprint(key))}; if the hospitals agree on ` +
    `another, delete ${home.linkKeyFile} first`
  return new SequelaError('config_invalid', text)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
