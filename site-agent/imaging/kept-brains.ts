// What a network found in each scan, on disk: it takes longer than all the rest of preparing, and hangs on no study's grid.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { type Digest, sha256 } from '../../shared/digest.ts'
import { brainBox, networkBrainVersion } from './network-brain.ts'
import type { Registration } from './register.ts'

export interface KeptBrains {
  fileOf(content: Digest, registration: Registration): string
  find(content: Digest, registration: Registration): Promise<Uint8Array | undefined>
  keep(content: Digest, registration: Registration, brain: Uint8Array): Promise<void>
}

export interface KeptBrainsOptions {
  readonly folder: string
  /** Of the network. */
  readonly network: Digest
  readonly write: (file: string, content: Uint8Array) => Promise<void>
}

const voxelCount = brainBox.shape.reduce((product, length) => product * length, 1)

export function keptBrains({ folder, network, write }: KeptBrainsOptions): KeptBrains {
  const fileOf = (content: Digest, { templateToScan }: Registration): string => {
    const key = sha256(JSON.stringify({ networkBrainVersion, network, content, templateToScan }))
    return join(folder, `${key}.brain.gz`)
  }
  return {
    fileOf,
    find: (content, registration) => readBrain(fileOf(content, registration)),
    keep: (content, registration, brain) => write(fileOf(content, registration), gzipSync(brain, { level: 1 })),
  }
}

/** In `brainBox`; undefined when the file is missing or is not what was written, which gzip's own checksum tells. */
export async function readBrain(file: string): Promise<Uint8Array | undefined> {
  try {
    const brain = gunzipSync(await readFile(file), { maxOutputLength: voxelCount })
    return brain.byteLength === voxelCount ? brain : undefined
  } catch {
    return undefined
  }
}
