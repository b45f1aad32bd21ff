import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureEngine } from './ensure-engine.ts'

const pathBefore = process.env.PATH
let folder: string
let tools: string
let cacheFolder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sequela-engine-test-'))
  tools = join(folder, 'tools')
  cacheFolder = join(folder, 'cache')
  mkdirSync(tools)
  process.env.PATH = tools
})
afterEach(() => {
  process.env.PATH = pathBefore
  rmSync(folder, { recursive: true, force: true })
})

/** A program on the PATH that notes its call, then runs a line of shell. */
function tool(name: string, line: string): void {
  const file = join(tools, name)
  writeFileSync(file, `#!/bin/sh\necho called >> '${file}.calls'\n${line}\n`)
  chmodSync(file, 0o755)
}

/** Stands in for pip, which is told the folder after --dest, and for the script that unpacks a wheel into its last argument. */
const downloadsAndUnpacks = `
if [ "$1" = -m ]; then
  while [ "$1" != --dest ]; do shift; done
  : > "$2/tensorflow.whl"
else
  for last; do :; done
  /bin/mkdir -p "$last/tensorflow/include"
  : > "$last/tensorflow/libtensorflow_cc.so.2"
  : > "$last/tensorflow/libtensorflow_framework.so.2"
fi`
const compiles = `for last; do :; done; : > "$last"`

describe('installing the engine', () => {
  test('says that Python is missing, and how to get it', async () => {
    await expect(ensureEngine({ cacheFolder })).rejects.toMatchObject({
      code: 'engine_missing',
      message: expect.stringMatching(/python3 with pip is needed.*apt-get install python3-pip/),
    })
    expect(readdirSync(cacheFolder)).toEqual([])
  })

  test('passes on what pip says when it cannot download', async () => {
    tool('python3', 'echo "no route to anywhere" >&2; exit 1')
    await expect(ensureEngine({ cacheFolder })).rejects.toMatchObject({
      code: 'engine_missing',
      message: expect.stringMatching(/pip could not download it.*no route to anywhere/),
    })
    expect(readdirSync(cacheFolder)).toEqual([])
  })

  test('says that the wheel which came is another one, and does not blame the network', async () => {
    const words = 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.'
    tool('python3', `echo "${words}" >&2; echo "Expected sha256 a" >&2; echo "Got b" >&2; echo >&2; exit 1`)
    const failing = ensureEngine({ cacheFolder })
    await expect(failing).rejects.toMatchObject({ code: 'engine_missing' })
    await expect(failing).rejects.toThrow(/its hash differs.*Expected sha256 a Got b/)
    await expect(failing).rejects.not.toThrow(/proxy/)
  })

  test("has pip keep its temporary files on the cache's disk, where the room was counted", async () => {
    tool('python3', 'echo "temporary: $TMPDIR" >&2; exit 1')
    await expect(ensureEngine({ cacheFolder })).rejects.toThrow(`temporary: ${cacheFolder}/making-`)
  })

  test('removes what interrupted installations left half made, and leaves those at work alone', async () => {
    const ended = spawnSync('/bin/true').pid
    const [abandoned, atWork, elsewhere] = [`${hostname()}_${ended}_a`, `${hostname()}_${process.pid}_b`, 'other-1-c']
    for (const name of [abandoned, atWork, elsewhere]) {
      mkdirSync(join(cacheFolder, `making-${name}`, 'inside'), { recursive: true })
    }
    await expect(ensureEngine({ cacheFolder })).rejects.toMatchObject({ code: 'engine_missing' })
    expect(readdirSync(cacheFolder).sort()).toEqual([`making-${atWork}`, `making-${elsewhere}`].sort())
  })

  test('says that pip came back with nothing', async () => {
    tool('python3', 'exit 0')
    await expect(ensureEngine({ cacheFolder })).rejects.toMatchObject({
      code: 'engine_missing',
      message: expect.stringContaining('no wheel'),
    })
  })

  test('says that a compiler is missing, and leaves nothing half made', async () => {
    tool('python3', downloadsAndUnpacks)
    await expect(ensureEngine({ cacheFolder })).rejects.toMatchObject({
      code: 'engine_missing',
      message: expect.stringMatching(/C\+\+ compiler is needed.*apt-get install g\+\+/),
    })
    expect(readdirSync(cacheFolder)).toEqual([])
  })

  test('tells its steps, and does nothing when asked again', async () => {
    tool('python3', downloadsAndUnpacks)
    tool('g++', compiles)
    const sentences: string[] = []
    const engine = await ensureEngine({ cacheFolder, onProgress: (sentence) => sentences.push(sentence) })
    expect(existsSync(engine.bindingFile)).toBe(true)
    expect(existsSync(engine.kernelsFile)).toBe(true)
    expect(existsSync(join(engine.folder, 'lib', 'libtensorflow.so'))).toBe(true)
    expect(readdirSync(cacheFolder)).toHaveLength(1)
    expect(sentences[0]).toMatch(/MB to download once/)
    expect(sentences.at(-1)).toBe('The training engine is installed.')

    const told: string[] = []
    expect(await ensureEngine({ cacheFolder, onProgress: (sentence) => told.push(sentence) })).toEqual(engine)
    expect(told).toEqual([])
    expect(callsOf('python3')).toBe(2)
    expect(callsOf('g++')).toBe(2) // the binding, the kernels
  })

  test('compiles the kernels alone when only they are missing, and downloads nothing', async () => {
    tool('python3', downloadsAndUnpacks)
    tool('g++', compiles)
    const engine = await ensureEngine({ cacheFolder })
    rmSync(engine.kernelsFile)
    expect(await ensureEngine({ cacheFolder })).toEqual(engine)
    expect(existsSync(engine.kernelsFile)).toBe(true)
    expect(callsOf('python3')).toBe(2)
    expect(callsOf('g++')).toBe(3)
  })

  test('may be done by two at the same time: one engine is left, and nothing aside', async () => {
    tool('python3', downloadsAndUnpacks)
    tool('g++', compiles)
    const [first, second] = await Promise.all([ensureEngine({ cacheFolder }), ensureEngine({ cacheFolder })])
    expect(second).toEqual(first)
    expect(readdirSync(cacheFolder)).toHaveLength(1)
  })
})

function callsOf(name: string): number {
  return readFileSync(join(tools, `${name}.calls`), 'utf8')
    .trim()
    .split('\n').length
}
