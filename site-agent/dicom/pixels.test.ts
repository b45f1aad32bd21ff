import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeAll } from './testsupport/decode.ts'
import { encodeDicom } from './testsupport/dicom-writer.ts'
import { makeSeries, storedPixels } from './testsupport/series.ts'

const shared = join(import.meta.dirname, '../../../shared/data')
const syntaxes = join(shared, 'dicom/syntaxes')
const realData = describe.skipIf(!existsSync(syntaxes))

const fileOf = (name: string): Promise<Awaited<ReturnType<typeof decodeAll>>> =>
  decodeAll(readFileSync(join(syntaxes, name)))

realData('one image in many transfer syntaxes', () => {
  const single = ['RLE', 'bigendian', 'expb', 'implicit', 'jp2klossless', 'jpeg_ls_lossless', 'padded']
  test.each(single)('MR_small as %s has the voxels of the uncompressed one', async (name) => {
    const [wanted, found] = [await fileOf('MR_small.dcm'), await fileOf(`MR_small_${name}.dcm`)]
    expect(wanted.frames[0]?.some((value) => value !== wanted.frames[0]?.[0])).toBe(true)
    expect(found.frames).toEqual(wanted.frames)
    expect(found.instance.frames[0]?.plane).toEqual(wanted.instance.frames[0]?.plane)
  })

  test.each(['RLE', 'big_endian', 'jpeg_2k_lossless', 'jpeg_ls_lossless'])(
    'the enhanced image of ten frames as %s has the voxels of the uncompressed one',
    async (name) => {
      const [wanted, found] = [await fileOf('emri_small.dcm'), await fileOf(`emri_small_${name}.dcm`)]
      expect(wanted.frames).toHaveLength(10)
      expect(found.frames).toEqual(wanted.frames)
    },
  )

  test('12-bit signed pixels lose the rubbish above them and keep their sign', async () => {
    const { frames } = await decodeAll(readFileSync(join(shared, 'malformed/12bitSigned_0x0F0F.dcm')))
    const values = frames[0] ?? new Int32Array()
    expect(values.reduce((a, b) => Math.min(a, b))).toBeGreaterThanOrEqual(-2048)
    expect(values.reduce((a, b) => Math.max(a, b))).toBeLessThanOrEqual(2047)
    expect(values.some((value) => value < 0)).toBe(true)
  })
})

describe.skipIf(!hasTool('dcmcjpeg'))('what dcmtk compresses', () => {
  test.each([
    ['lossless JPEG, process 14, selection value 1', 'dcmcjpeg', ['+e1']],
    ['lossless JPEG, process 14', 'dcmcjpeg', ['+el', '+sv', '6']],
    ['JPEG-LS', 'dcmcjpls', ['+el']],
    ['RLE', 'dcmcrle', []],
  ])('%s decodes to what was compressed', async (_name, tool, options) => {
    const folder = mkdtempSync(join(tmpdir(), 'sequela-dcmtk-'))
    try {
      writeFileSync(join(folder, 'plain'), makeSeries({ slices: 4, size: 40 })[3] ?? '')
      execFileSync(tool, [...options, join(folder, 'plain'), join(folder, 'packed')])
      const { instance, frames } = await decodeAll(readFileSync(join(folder, 'packed')))
      expect(instance.layout.transferSyntax).not.toBe('1.2.840.10008.1.2.1')
      expect(frames).toEqual([Int32Array.from(storedPixels(40, 3))])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('uncompressed pixels', () => {
  test.each(['implicit', 'explicit', 'big-endian'] as const)('are read in %s encoding', async (syntax) => {
    const { frames } = await decodeAll(makeSeries({ syntax })[2] ?? new Uint8Array())
    expect(frames).toEqual([Int32Array.from(storedPixels(32, 2))])
  })

  test('lose what stands above and below the stored bits', async () => {
    const stored = Uint16Array.from({ length: 32 * 32 }, (_, i) => 0xf005 | ((i % 2048) << 4) | 0x8000)
    const attributes = { '00280101': 11, '00280102': 14, '7fe00010': new Uint8Array(stored.buffer) }
    const { frames } = await decodeAll(makeSeries({ attributes })[0] ?? new Uint8Array())
    expect(frames[0]?.[33]).toBe(((0xf005 | (33 << 4)) >>> 4) & 0x7ff)
  })

  test.each([
    ['cut off in the middle', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 500)],
    ['cut off at the first pixel', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 2 * 32 * 32)],
  ])('are refused when %s', async (_name, spoil) => {
    await expect(decodeAll(spoil(makeSeries()[0] ?? new Uint8Array()))).rejects.toMatchObject({
      code: 'scan_unreadable',
    })
  })

  test('are refused when rows and columns ask for more than is there', async () => {
    const [bytes] = makeSeries({ attributes: { '00280010': 64 } })
    await expect(decodeAll(bytes ?? new Uint8Array())).rejects.toThrow('fewer or more than its header says')
  })

  test('are refused in a syntax that is not known, with what to do', async () => {
    const bytes = encodeDicom(
      {
        '00080018': '1.2',
        '0020000d': '1.3',
        '0020000e': '1.4',
        '00280010': 1,
        '00280011': 1,
        '00280100': 8,
        '7fe00010': new Uint8Array(2),
      },
      'explicit',
      '1.2.840.10008.1.2.4.50',
    )
    await expect(decodeAll(bytes)).rejects.toThrow(
      'JPEG with 8 bits, which loses grey values; export the series uncompressed',
    )
  })
})

function hasTool(name: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, name)))
}
