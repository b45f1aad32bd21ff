// Compiles the operations of our own (kernels/) against an installed engine, once for each state of their source: a new
// version of Sequela takes seconds for this and downloads nothing.

import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../../shared/digest.ts'
import { compileLibrary } from './compiler.ts'

const sourceFolder = join(import.meta.dirname, 'kernels')

/**
 * The library of kernels for the engine in that folder, compiled first if it is not there.
 * @throws SequelaError `engine_missing`.
 */
export async function ensureKernels(engineFolder: string, say: (sentence: string) => void): Promise<string> {
  const names = (await readdir(sourceFolder)).sort()
  const texts = await Promise.all(names.map((name) => readFile(join(sourceFolder, name), 'utf8')))
  const digest = sha256(JSON.stringify([names, texts]))
  const folder = join(engineFolder, 'kernels')
  const file = join(folder, `${digest.slice(0, 16)}.node`)
  if (existsSync(file)) return file
  say('Compiling the operations of our own …')
  await mkdir(folder, { recursive: true })
  const aside = await mkdtemp(join(folder, 'making-'))
  try {
    const output = join(aside, 'kernels.node')
    await compileLibrary({
      sources: names.filter((name) => name.endsWith('.cc')).map((name) => join(sourceFolder, name)),
      include: [join(engineFolder, 'include')],
      libraries: join(engineFolder, 'lib'),
      optimisation: '-O3',
      output,
      name: 'the operations of our own',
    })
    await rename(output, file)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
  return file
}
