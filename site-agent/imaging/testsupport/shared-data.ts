// The folder of real files that lies beside the project on machines that have it; tests skip where it is absent.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'data')

export const hasSharedData = existsSync(folder)

export function sharedPath(name: string): string {
  return join(folder, name)
}

export function readShared(name: string): Uint8Array {
  return readFileSync(sharedPath(name))
}

/** Names of the files in a folder of it, with that folder, sorted. */
export function listShared(name: string): string[] {
  if (!hasSharedData) return []
  return readdirSync(join(folder, name))
    .sort()
    .map((file) => `${name}/${file}`)
}
