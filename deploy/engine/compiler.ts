// The C++ compiler, as the engine's parts need it: libraries that Node can load and that find TensorFlow beside them.

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { runTool } from './tool.ts'

export interface Library {
  readonly sources: readonly string[]
  readonly include: readonly string[]
  /** Folder of TensorFlow's libraries. The result must lie in a folder beside it. */
  readonly libraries: string
  readonly optimisation: '-O2' | '-O3'
  /** File to write. */
  readonly output: string
  /** What it is, should it fail to compile. */
  readonly name: string
}

/** Compiles C++ into a library for Node. @throws SequelaError `engine_missing`. */
export async function compileLibrary(library: Library): Promise<void> {
  const flags = [
    '-std=c++17',
    library.optimisation,
    '-fPIC',
    '-shared',
    '-DNAPI_VERSION=8',
    '-DBUILDING_NODE_EXTENSION',
  ]
  const includes = [nodeHeaders(), ...library.include].map((folder) => `-I${folder}`)
  const links = [
    `-L${library.libraries}`,
    '-Wl,-rpath,$ORIGIN/../lib',
    '-ltensorflow',
    '-ltensorflow_framework',
    '-pthread',
  ]
  await runTool('g++', [...flags, ...includes, ...library.sources, ...links, '-o', library.output], {
    missing: 'a C++ compiler is needed to connect it to Node; on Debian: apt-get install g++',
    failed: () => `${library.name} could not be compiled`,
  })
}

/** Node's headers come with the locked Node package; a system's own are the fallback. */
function nodeHeaders(): string {
  const require = createRequire(import.meta.url)
  const candidates = [
    () => join(dirname(require.resolve(`node-${process.platform}-${process.arch}/package.json`)), 'include', 'node'),
    () => join(dirname(dirname(process.execPath)), 'include', 'node'),
    () => '/usr/include/node',
  ]
  for (const candidate of candidates) {
    try {
      if (existsSync(join(candidate(), 'node_api.h'))) return candidate()
    } catch {
      // that package is not installed on this platform
    }
  }
  throw new SequelaError('engine_missing', "Node's C headers were not found; run npm ci, which brings them along")
}
