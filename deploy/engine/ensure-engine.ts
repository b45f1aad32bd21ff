// Installs the training engine once, into a cache folder outside node_modules: downloads the wheel by its hash, takes the
// two libraries out of it, compiles the binding. Made aside and renamed, so that a half-made engine is never used and two
// processes may do it at the same time.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rename, rm, statfs, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir, hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { type EngineRecipe, engineRecipe } from './recipe.ts'

const run = promisify(execFile)

/** Where an installed engine lies. */
export interface Engine {
  readonly folder: string
  /** The compiled binding, to be loaded into Node. */
  readonly bindingFile: string
  readonly tensorflow: string
}

export interface EnsureEngineOptions {
  /** Called with a sentence for a person before each step that takes more than a moment. */
  readonly onProgress?: (sentence: string) => void
  /** Default: $SEQUELA_ENGINE_CACHE, else sequela/engine in the user's cache folder. */
  readonly cacheFolder?: string
}

/** Version of how the engine is put together; part of the cache's key. */
const layoutVersion = 1

/**
 * The engine, installed first if it is not there.
 * @throws SequelaError `engine_missing` with what is missing and how to get it.
 */
export async function ensureEngine(options: EnsureEngineOptions = {}): Promise<Engine> {
  const recipe = engineRecipe()
  const cache = options.cacheFolder ?? cacheFolder()
  const key = sha256(JSON.stringify([layoutVersion, recipe, process.versions.modules])).slice(0, 16)
  const folder = join(cache, key)
  const engine = { folder, bindingFile: join(folder, 'binding', 'tfjs_binding.node'), tensorflow: recipe.tensorflow }
  if (existsSync(engine.bindingFile)) return engine
  const say = options.onProgress ?? (() => {})
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
      if (!existsSync(engine.bindingFile)) throw error
    })
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
  say('The training engine is installed.')
  return engine
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
  await tool('python3', pip, {
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
folders = ('tensorflow/include/tensorflow/c/', 'tensorflow/include/tensorflow/core/platform/',
           'tensorflow/include/tensorflow/tsl/', 'tensorflow/include/xla/', 'tensorflow/include/tsl/')
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if name in wanted or name.startswith(folders):
            wheel.extract(name, sys.argv[2])
`
  const unpacked = join(aside, 'unpacked')
  await tool('python3', ['-c', script, wheel, unpacked], {
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

async function compile(aside: string): Promise<void> {
  const sources = join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json')))
  const include = join(aside, 'include')
  // The sources include headers of TensorFlow and their own by paths relative to one folder.
  await cp(join(aside, 'unpacked', 'tensorflow', 'include'), include, { recursive: true })
  const binding = join(aside, 'engine', 'binding')
  await mkdir(binding)
  const flags = ['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION']
  const includes = [nodeHeaders(), include, sources].map((folder) => `-I${folder}`)
  const code = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(sources, 'binding', name))
  const libraries = [
    `-L${join(aside, 'engine', 'lib')}`,
    '-Wl,-rpath,$ORIGIN/../lib',
    '-ltensorflow',
    '-ltensorflow_framework',
  ]
  await tool('g++', [...flags, ...includes, ...code, ...libraries, '-o', join(binding, 'tfjs_binding.node')], {
    missing: 'a C++ compiler is needed to connect it to Node; on Debian: apt-get install g++',
    failed: () => 'the binding could not be compiled',
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

async function requireRoom(cache: string, recipe: EngineRecipe): Promise<void> {
  const { bavail, bsize } = await statfs(cache)
  const freeMb = (bavail * bsize) / 1e6
  const neededMb = recipe.downloadMb + 2 * recipe.installedMb
  if (freeMb >= neededMb) return
  const message = `${Math.round(freeMb)} MB are free in ${cache} and installing the engine needs ${neededMb} MB`
  throw new SequelaError('engine_missing', `${message}; make room or set SEQUELA_ENGINE_CACHE to another disk`)
}

interface ToolOptions {
  /** What to say when there is no such program. */
  readonly missing: string
  /** What to say when it fails, given what it wrote to standard error; the end of that follows. */
  readonly failed: (output: string) => string
  readonly env?: NodeJS.ProcessEnv
}

async function tool(
  command: string,
  args: readonly string[],
  { missing, failed, env = process.env }: ToolOptions,
): Promise<void> {
  try {
    await run(command, args, { maxBuffer: 16 * 1024 * 1024, env })
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    const end = output.split('\n').slice(-3).join(' ')
    const sentence = absent ? missing : `${failed(output)} ${end}`.trim()
    throw new SequelaError('engine_missing', `the training engine could not be installed: ${sentence}`, {
      cause: error,
    })
  }
}
