// Installs the training engine once, into a cache folder outside node_modules: downloads the wheel by its hash, takes the
// two libraries out of it, compiles the binding. Made aside and renamed, so that a half-made engine is never used and two
// processes may do it at the same time.

import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, statfs, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir, hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { compileLibrary } from './compiler.ts'
import { ensureKernels } from './ensure-kernels.ts'
import { type EngineRecipe, engineRecipe } from './recipe.ts'
import { runTool } from './tool.ts'

/** Where an installed engine lies. */
export interface Engine {
  readonly folder: string
  /** The compiled binding, to be loaded into Node. */
  readonly bindingFile: string
  /** The compiled operations of our own; loaded after the binding. */
  readonly kernelsFile: string
  readonly tensorflow: string
}

export interface EnsureEngineOptions {
  /** Called with a sentence for a person before each step that takes more than a moment. */
  readonly onProgress?: (sentence: string) => void
  /** Default: $SEQUELA_ENGINE_CACHE, else sequela/engine in the user's cache folder. */
  readonly cacheFolder?: string
}

/** Version of how the engine is put together; part of the cache's key. */
const layoutVersion = 2

/**
 * The engine, installed first if it is not there.
 * @throws SequelaError `engine_missing` with what is missing and how to get it.
 */
export async function ensureEngine(options: EnsureEngineOptions = {}): Promise<Engine> {
  const recipe = engineRecipe()
  const cache = options.cacheFolder ?? cacheFolder()
  const key = sha256(JSON.stringify([layoutVersion, recipe, process.versions.modules])).slice(0, 16)
  const folder = join(cache, key)
  const bindingFile = join(folder, 'binding', 'tfjs_binding.node')
  const say = options.onProgress ?? (() => {})
  const isThere = existsSync(bindingFile)
  if (!isThere) await install(folder, bindingFile, recipe, say)
  const kernelsFile = await ensureKernels(folder, say)
  if (!isThere) say('The training engine is installed.')
  return { folder, bindingFile, kernelsFile, tensorflow: recipe.tensorflow }
}

async function install(
  folder: string,
  bindingFile: string,
  recipe: EngineRecipe,
  say: (sentence: string) => void,
): Promise<void> {
  const cache = dirname(folder)
  say(
    `Installing the training engine (TensorFlow ${recipe.tensorflow}) into ${folder}: ` +
      `${recipe.downloadMb} MB to download once, ${recipe.installedMb} MB on disk.`,
  )
  await mkdir(cache, { recursive: true })
  await removeAbandoned(cache)
  await requireRoom(cache, recipe)
  const aside = await mkdtemp(join(cache, `${makingPrefix()}${process.pid}_`))
  try {
    await build(aside, recipe, say)
    await rename(join(aside, 'engine'), folder).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster; its engine is as good.
      if (!existsSync(bindingFile)) throw error
    })
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

function cacheFolder(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  return process.env.SEQUELA_ENGINE_CACHE ?? join(cache, 'sequela', 'engine')
}

/** Half-made engines are named after the machine and process that makes them. */
function makingPrefix(): string {
  return `making-${hostname()}_`
}

/** Removes what processes of this machine that are no more left half made: an interrupted download is a gigabyte. */
async function removeAbandoned(cache: string): Promise<void> {
  const prefix = makingPrefix()
  for (const name of await readdir(cache)) {
    if (!name.startsWith(prefix) || isRunning(Number.parseInt(name.slice(prefix.length), 10))) continue
    await rm(join(cache, name), { recursive: true, force: true })
  }
}

/** Asks by a signal that is not sent; a process of somebody else exists too, though it may not be asked. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function build(aside: string, recipe: EngineRecipe, say: (sentence: string) => void): Promise<void> {
  say(`Downloading TensorFlow ${recipe.tensorflow} through pip, checked against its hash …`)
  const wheel = await downloadWheel(aside, recipe)
  say('Unpacking the two libraries and their headers …')
  await unpack(aside, wheel)
  say('Compiling the binding …')
  await compile(aside)
}

async function downloadWheel(aside: string, recipe: EngineRecipe): Promise<string> {
  const requirements = join(aside, 'requirements.txt')
  await writeFile(requirements, `${recipe.requirement}\n`)
  const { platform, pythonVersion } = recipe
  const target = ['--platform', platform, '--python-version', pythonVersion, '--implementation', 'cp']
  const options = ['--quiet', '--no-deps', '--no-cache-dir', '--only-binary=:all:', '--require-hashes', ...target]
  // pip keeps what comes in its temporary folder first; the room has been counted on this disk.
  const env = { ...process.env, TMPDIR: aside }
  const pip = ['-m', 'pip', 'download', ...options, '--dest', aside, '--requirement', requirements]
  await runTool('python3', pip, {
    env,
    missing: 'python3 with pip is needed to download it; on Debian: apt-get install python3-pip',
    failed: (output) =>
      /DO NOT MATCH THE HASHES/i.test(output)
        ? 'the wheel that came is not the one that was pinned: its hash differs; ask whoever runs the package mirror.'
        : 'pip could not download it; is there a way to the package index (a proxy, a mirror in pip.conf)?',
  })
  const wheel = (await readdir(aside)).find((name) => name.endsWith('.whl'))
  if (wheel === undefined) throw new SequelaError('engine_missing', 'pip downloaded no wheel; try again')
  return join(aside, wheel)
}

/** Python reads the wheel, which is a zip file, because pip has brought it along and unzip may be missing. */
async function unpack(aside: string, wheel: string): Promise<void> {
  const script = `
import sys, zipfile
wanted = ('tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2')
folders = tuple('tensorflow/include/' + folder for folder in (
    'tensorflow/c/', 'tensorflow/core/platform/', 'tensorflow/core/common_runtime/next_pluggable_device/c/',
    'tsl/platform/', 'xla/tsl/c/'))
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if name in wanted or name.startswith(folders):
            wheel.extract(name, sys.argv[2])
`
  const unpacked = join(aside, 'unpacked')
  await runTool('python3', ['-c', script, wheel, unpacked], {
    missing: 'python3 is needed to unpack it',
    failed: () => 'the wheel could not be unpacked; is there room on the disk?',
  })
  await rm(wheel)
  const libraries = join(aside, 'engine', 'lib')
  await mkdir(libraries, { recursive: true })
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
    await rename(join(unpacked, 'tensorflow', name), join(libraries, name))
  }
  await symlink('libtensorflow_cc.so.2', join(libraries, 'libtensorflow.so'))
  await symlink('libtensorflow_framework.so.2', join(libraries, 'libtensorflow_framework.so'))
}

/** The headers stay beside the libraries: the kernels are compiled against them, now and in later versions. */
async function compile(aside: string): Promise<void> {
  const sources = join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json')))
  const include = join(aside, 'engine', 'include')
  await rename(join(aside, 'unpacked', 'tensorflow', 'include'), include)
  const binding = join(aside, 'engine', 'binding')
  await mkdir(binding)
  await compileLibrary({
    sources: ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(sources, 'binding', name)),
    include: [include, sources],
    libraries: join(aside, 'engine', 'lib'),
    optimisation: '-O2',
    output: join(binding, 'tfjs_binding.node'),
    name: 'the binding',
  })
}

async function requireRoom(cache: string, recipe: EngineRecipe): Promise<void> {
  const { bavail, bsize } = await statfs(cache)
  const freeMb = (bavail * bsize) / 1e6
  const neededMb = recipe.downloadMb + 2 * recipe.installedMb
  if (freeMb >= neededMb) return
  const message = `${Math.round(freeMb)} MB are free in ${cache} and installing the engine needs ${neededMb} MB`
  throw new SequelaError('engine_missing', `${message}; make room or set SEQUELA_ENGINE_CACHE to another disk`)
}
