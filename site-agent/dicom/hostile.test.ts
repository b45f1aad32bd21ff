import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { seededRandom } from '../../shared/random.ts'
import { parseDicomFile, parseDicomHeader } from './dicom-file.ts'
import { gridOf } from './geometry.ts'
import { readInstance } from './header.ts'
import { maxEnhancedHeaderBytes } from './limits.ts'
import { judgeSeries } from './series-verdict.ts'
import { stacksOf } from './stacks.ts'
import { decodeAll } from './testsupport/decode.ts'
import { makeSeries } from './testsupport/series.ts'

const shared = join(import.meta.dirname, '../../../shared/data')

/** Damaged copies of each seed: bytes changed, cut, repeated or taken out, mostly in the header. */
function spoiled(seed: Uint8Array, random: ReturnType<typeof seededRandom>): Uint8Array {
  const bytes = new Uint8Array(seed)
  const headed = random.uniform() < 0.8 ? Math.min(bytes.length, 2000) : bytes.length
  switch (random.integer(4)) {
    case 0:
      for (let i = random.integer(8); i >= 0; i--) bytes[132 + random.integer(headed - 132)] = random.integer(256)
      return bytes
    case 1:
      return bytes.subarray(0, random.integer(bytes.length))
    case 2: {
      const at = 132 + random.integer(headed - 132)
      return new Uint8Array(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.integer(40))]))
    }
    default: {
      // Lengths are what parsers trust.
      const at = 132 + random.integer(headed - 140)
      new DataView(bytes.buffer).setUint32(at, [0xffffffff, 0x7fffffff, 0, 0xfffffffe][random.integer(4)] ?? 0, true)
      return bytes
    }
  }
}

/** What the import does with a header, up to the decision. */
function readAndJudge(bytes: Uint8Array): void {
  const { fields, transferSyntax } = parseDicomHeader(bytes)
  const located = { file: '', instance: readInstance(fields, transferSyntax) }
  for (const stack of stacksOf([located])) judgeSeries(stack)
}

/** Processor time, for the machine has other work. */
function timeOf(bytes: Uint8Array): number {
  const started = process.cpuUsage()
  try {
    readAndJudge(bytes)
  } catch {
    // Judged by the caller.
  }
  return cpuMs(started)
}

function cpuMs(started: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(started)
  return (user + system) / 1000
}

function seedsFrom(folder: string): Uint8Array[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.dcm'))
    .map((name) => new Uint8Array(readFileSync(join(folder, name))))
}

const made = (['explicit', 'implicit', 'big-endian'] as const).flatMap((syntax) =>
  makeSeries({ syntax, slices: 1, size: 16 }),
)
const seeds = [
  ...made,
  ...seedsFrom(join(shared, 'dicom/syntaxes')),
  ...seedsFrom(join(shared, 'dicom/enhanced-multiframe')),
]

/** How many of each; SEQUELA_FUZZ asks for more. */
const rounds = Number(process.env.SEQUELA_FUZZ ?? 4000)

describe('hostile files', () => {
  test('damaged headers are read or refused, each in little time', () => {
    const random = seededRandom('headers')
    let [read, slowestMs] = [0, 0]
    for (let i = 0; i < rounds; i++) {
      const bytes = spoiled(seeds[i % seeds.length] ?? new Uint8Array(), random)
      const started = process.cpuUsage()
      try {
        readAndJudge(bytes)
        read++
      } catch (error) {
        if (!(error instanceof SequelaError)) throw error
        expect(error.code).toMatch(/^scan_/)
      }
      // Once more: a pause of the garbage collector is nobody's fault.
      slowestMs = Math.max(slowestMs, Math.min(cpuMs(started), timeOf(bytes)))
    }
    expect(read).toBeGreaterThan(0)
    expect(read).toBeLessThan(rounds)
    if (process.env.SEQUELA_FUZZ !== undefined) console.log(`${rounds} headers, slowest ${slowestMs.toFixed(1)} ms`)
  })

  test('damaged bodies give frames of the announced size or none', async () => {
    const random = seededRandom('bodies')
    let decoded = 0
    for (let i = 0; i < rounds / 4; i++) {
      const bytes = spoiled(seeds[i % seeds.length] ?? new Uint8Array(), random)
      try {
        const { instance, frames } = await decodeAll(bytes)
        const { rows, columns } = instance.layout
        for (const frame of frames) expect(frame).toHaveLength(rows * columns)
        decoded++
      } catch (error) {
        if (!(error instanceof SequelaError)) throw error
        expect(error.code).toMatch(/^scan_/)
      }
    }
    expect(decoded).toBeGreaterThan(0)
  })

  test('a header made of millions of empty attributes costs bounded memory', () => {
    const header = makeSeries({ slices: 1, size: 16 })[0] ?? new Uint8Array()
    const bytes = new Uint8Array(maxEnhancedHeaderBytes)
    bytes.set(header.subarray(0, 300))
    for (let at = 300; at + 8 <= bytes.length; at += 8)
      bytes.set([0x19, 0x00, at & 255, (at >> 8) & 255, 0x4c, 0x4f, 0, 0], at)
    expect(() => parseDicomHeader(bytes)).not.toThrow(RangeError)
  })

  test('sequences in sequences, as deep as the file is long, are refused', () => {
    const [start] = makeSeries({ slices: 1, size: 16 })
    const nested = Array.from({ length: 20_000 }, () => [
      8, 0, 0x40, 0x11, 0x53, 0x51, 0, 0, 255, 255, 255, 255, 254, 255, 0, 224, 255, 255, 255, 255,
    ]).flat()
    const bytes = new Uint8Array(Buffer.concat([(start ?? new Uint8Array()).subarray(0, 166), Uint8Array.from(nested)]))
    expect(() => parseDicomFile(bytes)).toThrow(SequelaError)
  })

  test.skipIf(!existsSync(join(shared, 'malformed')))(
    'every DICOM file of the malformed set is refused with a reason',
    async () => {
      const folder = join(shared, 'malformed')
      const reasons: string[] = []
      for (const name of readdirSync(folder).filter((name) => name.endsWith('.dcm'))) {
        try {
          const bytes = readFileSync(join(folder, name))
          await decodeAll(bytes)
          const { fields, transferSyntax } = parseDicomHeader(bytes)
          const [stack] = stacksOf([{ file: '', instance: readInstance(fields, transferSyntax) }])
          const verdict = stack === undefined ? undefined : judgeSeries(stack)
          reasons.push(`${name}: ${verdict?.use === false ? verdict.reason : 'used'}`)
          if (stack !== undefined) expect(() => gridOf(stack.slices)).toThrow('slices')
        } catch (error) {
          reasons.push(`${name}: ${error instanceof SequelaError ? error.message : 'a bug'}`)
        }
      }
      expect(reasons.toSorted()).toEqual([
        '12bitSigned_0x0F0F.dcm: it is a mosaic of many slices in one image (functional or diffusion)',
        'ExplVR_BigEndNoMeta.dcm: The file cannot be read: it is not a DICOM file: the four letters DICM are missing at byte 128.',
        'meta_missing_tsyntax.dcm: The file cannot be read: its header does not say how it is encoded (no transfer syntax).',
        'no_meta.dcm: The file cannot be read: it is not a DICOM file: the four letters DICM are missing at byte 128.',
        'slicethickness_empty_string.dcm: it was derived from other images',
      ])
    },
  )
})
