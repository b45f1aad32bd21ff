import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../cohort/testsupport/data-set.ts'
import type { ConversionJob } from './conversion.ts'
import { type Converter, type ConverterOptions, createConverter } from './converter.ts'
import { makeSeries, uidOf } from './testsupport/series.ts'

function converterFor(options: Partial<ConverterOptions> = {}): { converter: Converter; folder: string } {
  const folder = options.writableFolder ?? temporaryFolder()
  const converter = createConverter({ writableFolder: folder, ...options })
  onTestFinished(() => converter.close())
  return { converter, folder }
}

/** A program for the process, written by the test. */
function program(text: string): URL {
  const file = join(temporaryFolder(), 'process.mjs')
  writeFileSync(file, `${text}\nprocess.on('disconnect', () => process.exit(0))`)
  return new URL(`file://${file}`)
}

function jobIn(folder: string, target: string): ConversionJob {
  const [bytes] = makeSeries({ slices: 1 })
  const file = join(folder, 'slice')
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, bytes ?? '')
  return {
    slices: [{ file, frame: 0, sopUid: uidOf('series', 0) }],
    rows: 32,
    columns: 32,
    affine: [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
    ],
    target,
  }
}

describe('the process that converts', () => {
  test('converts one job after another', async () => {
    const { converter, folder } = converterFor()
    await converter.convert(jobIn(folder, join(folder, 'a.nii.gz')))
    await converter.convert(jobIn(folder, join(folder, 'b.nii.gz')))
    expect(readdirSync(folder).toSorted()).toEqual(['a.nii.gz', 'b.nii.gz', 'slice'])
  })

  test('may write into its folder only', async () => {
    const { converter, folder } = converterFor()
    const elsewhere = temporaryFolder()
    await expect(converter.convert(jobIn(folder, join(elsewhere, 'a.nii.gz')))).rejects.toMatchObject({
      code: 'file_unreadable',
    })
    expect(readdirSync(elsewhere)).toEqual([])
  })

  test('is ended when it takes too long, and the next job gets a fresh one', async () => {
    const { converter, folder } = converterFor({
      maxMs: 300,
      program: program("process.on('message', () => { for (;;); })"),
    })
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(converter.convert(jobIn(folder, join(folder, 'a')))).rejects.toMatchObject({
        code: 'scan_unreadable',
        message: 'its conversion took longer than 0.3 s',
      })
    }
  })

  test('is ended when it takes too much memory', async () => {
    const hungry =
      "const all = []; process.on('message', () => setInterval(() => all.push(Buffer.alloc(16 * 2 ** 20, 1)), 5))"
    const { converter, folder } = converterFor({ maxBytes: 300 * 2 ** 20, program: program(hungry) })
    await expect(converter.convert(jobIn(folder, join(folder, 'a')))).rejects.toThrow('took more than 300 MiB')
  })

  test('costs one series when it crashes', async () => {
    const { converter, folder } = converterFor({ program: program("process.on('message', () => process.abort())") })
    await expect(converter.convert(jobIn(folder, join(folder, 'a')))).rejects.toMatchObject({
      code: 'scan_unreadable',
      message: expect.stringContaining('crashed'),
    })
  })

  test('is ended when the import is stopped', async () => {
    const { converter, folder } = converterFor({ program: program("process.on('message', () => { for (;;); })") })
    const stop = new AbortController()
    const converting = converter.convert(jobIn(folder, join(folder, 'a')), stop.signal)
    stop.abort()
    await expect(converting).rejects.toMatchObject({ code: 'cancelled' })
  })

  test('refuses a file that was exchanged after it was planned', async () => {
    const { converter, folder } = converterFor()
    const job = jobIn(folder, join(folder, 'a'))
    const exchanged = { ...job, slices: job.slices.map((slice) => ({ ...slice, sopUid: '1.2.3' })) }
    await expect(converter.convert(exchanged)).rejects.toThrow('a file changed while the import ran')
  })
})
