// The hospital's data folder, opened for reading only. Every path is followed to where it really lies, and what lies
// outside the folder is refused: a link in a data set must not make the agent read the rest of the machine.

import { open, readdir, realpath, stat } from 'node:fs/promises'
import { sep } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { quoted } from './finding.ts'

/** Names in one folder; a hospital has fewer children. */
const maxEntries = 50_000

/** Paths are below the folder, with forward slashes; '' is the folder itself. */
export interface DataFolder {
  /** Where it really lies. */
  readonly root: string
  /** Sorted names in a folder; undefined when there is none. @throws SequelaError `file_unreadable`. */
  list(path: string): Promise<readonly string[] | undefined>
  /** Where a file really lies; undefined when there is none. @throws SequelaError `file_unreadable`. */
  locate(path: string): Promise<string | undefined>
  /** A file of at most `maxBytes`; undefined when there is none. @throws SequelaError `file_unreadable`. */
  read(path: string, maxBytes: number): Promise<Uint8Array | undefined>
}

/** @throws SequelaError `file_unreadable` when `folder` is no folder that may be read */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  const root = await realpath(folder).catch((cause: unknown) => {
    const message = `the data folder ${folder} cannot be opened (${systemCode(cause, 'unknown fault')}); check the path and its permissions`
    throw new SequelaError('file_unreadable', message, { cause })
  })
  if (!(await stat(root)).isDirectory()) throw new SequelaError('file_unreadable', `${folder} is not a folder`)
  const inside = root.endsWith(sep) ? root : root + sep

  const follow = async (path: string): Promise<string | undefined> => {
    const real = await realpath(path === '' ? root : inside + path).catch(absentOr(path))
    if (real === undefined || real === root || real.startsWith(inside)) return real
    const message = `${quoted(path)} is a link that leads out of the data folder; copy what it points to into the folder`
    throw new SequelaError('file_unreadable', message)
  }

  const locate = async (path: string): Promise<string | undefined> => {
    const real = await follow(path)
    if (real === undefined) return undefined
    if ((await stat(real)).isFile()) return real
    throw new SequelaError('file_unreadable', `${quoted(path)} is not a file`)
  }

  return {
    root,
    locate,
    list: async (path) => {
      const real = await follow(path)
      if (real === undefined) return undefined
      const names = await readdir(real).catch(absentOr(path))
      if (names !== undefined && names.length > maxEntries) {
        throw new SequelaError('file_unreadable', `${quoted(path)} holds more than ${maxEntries} names`)
      }
      return names?.toSorted()
    },
    read: async (path, maxBytes) => {
      const real = await locate(path)
      if (real === undefined) return undefined
      const handle = await open(real, 'r').catch(absentOr(path))
      if (handle === undefined) return undefined
      try {
        const { size } = await handle.stat()
        if (size <= maxBytes) return await handle.readFile()
        throw new SequelaError('file_unreadable', `${quoted(path)} has ${size} bytes; at most ${maxBytes} are read`)
      } finally {
        await handle.close()
      }
    },
  }
}

/** What is not there, or is a file where a folder was looked for, is undefined; everything else is told. */
function absentOr(path: string): (cause: unknown) => undefined {
  return (cause) => {
    const code = systemCode(cause, 'unknown fault')
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new SequelaError('file_unreadable', `${quoted(path)} cannot be read (${code}); check its permissions`, {
      cause,
    })
  }
}
