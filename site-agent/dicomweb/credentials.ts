// What the PACS asks for: a header, a client certificate, or neither. Secrets come from files that only this user may read,
// or from the environment; never from the command line, which everybody on the machine can see.

import { readFile, stat } from 'node:fs/promises'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'

export interface PacsCredentials {
  readonly header: { readonly name: string; readonly value: string } | undefined
  /** PEM, instead of the system's authorities. */
  readonly ca: string | undefined
  readonly certificate: string | undefined
  readonly key: string | undefined
}

export interface CredentialFiles {
  readonly headerFile?: string | undefined
  readonly caFile?: string | undefined
  readonly certificateFile?: string | undefined
  readonly keyFile?: string | undefined
}

/** The environment variable that may hold the header instead of a file. */
export const headerVariable = 'SEQUELA_PACS_HEADER'

/** Reads what is given. @throws SequelaError `file_unreadable`, `config_invalid`. */
export async function readCredentials(
  files: CredentialFiles,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<PacsCredentials> {
  if ((files.certificateFile === undefined) !== (files.keyFile === undefined)) {
    throw new SequelaError('config_invalid', 'a client certificate needs its key, and a key its certificate')
  }
  const header = files.headerFile === undefined ? environment[headerVariable] : await readSecret(files.headerFile)
  return {
    header: header === undefined ? undefined : parseHeader(header),
    ca: await optional(files.caFile, readText),
    certificate: await optional(files.certificateFile, readText),
    key: await optional(files.keyFile, readSecret),
  }
}

/** `Authorization: Bearer …` or any other header, on one line. */
function parseHeader(text: string): { readonly name: string; readonly value: string } {
  const [, name, value] = /^([A-Za-z0-9-]{1,64}):\s*([\x21-\x7e][\x20-\x7e]{0,8190})$/.exec(text.trim()) ?? []
  if (name === undefined || value === undefined) {
    throw new SequelaError(
      'config_invalid',
      'the header for the PACS must be one line, such as "Authorization: Bearer …"',
    )
  }
  return { name, value }
}

async function readSecret(file: string): Promise<string> {
  const text = await readText(file)
  if (((await stat(file)).mode & 0o077) !== 0) {
    throw new SequelaError('config_invalid', `${file} may be read by others on this machine; run chmod 600 on it`)
  }
  return text
}

function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new SequelaError('file_unreadable', `${file} cannot be read (${systemCode(cause)})`, { cause })
  })
}

async function optional(
  file: string | undefined,
  read: (file: string) => Promise<string>,
): Promise<string | undefined> {
  return file === undefined ? undefined : read(file)
}
