import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../cohort/testsupport/data-set.ts'
import { parseDicomHeader } from './dicom-file.ts'
import { scanFolder } from './folder.ts'
import { readInstance } from './header.ts'
import { judgeSeries } from './series-verdict.ts'
import { stacksOf } from './stacks.ts'
import { decodeAll } from './testsupport/decode.ts'
import { type DataSet, encodeDicom, type WrittenSyntax } from './testsupport/dicom-writer.ts'
import { storedPixels, uidOf } from './testsupport/series.ts'

const frames = 24

/** A FLAIR as Philips and recent Siemens scanners write it: one file, whose frames are described in groups. */
function enhancedImage(frame: (index: number) => DataSet = () => ({}), syntax: WrittenSyntax = 'explicit'): Uint8Array {
  const pixels = Buffer.concat(
    Array.from({ length: frames }, (_, index) => new Uint8Array(storedPixels(32, index).buffer)),
  )
  if (syntax === 'big-endian') pixels.swap16()
  return encodeDicom(
    {
      '00080008': 'ORIGINAL\\PRIMARY\\T2_FLAIR\\NONE',
      '00080016': '1.2.840.10008.5.1.4.1.1.4.1',
      '00080018': uidOf('enhanced'),
      '00080022': '20240310',
      '00080060': 'MR',
      '00080070': 'Philips Medical Systems',
      '00100020': 'P1',
      '00189008': 'SPIN',
      '00189009': 'YES',
      '0020000d': uidOf('study'),
      '0020000e': uidOf('series'),
      '00280002': 1,
      '00280004': 'MONOCHROME2',
      '00280008': String(frames),
      '00280010': 32,
      '00280011': 32,
      '00280100': 16,
      '00280101': 12,
      '00280102': 11,
      '00280103': 0,
      '52009229': [
        {
          '00189112': [{ '00180080': '4800' }],
          '00189115': [{ '00189079': 1660 }],
          '00209116': [{ '00200037': '1\\0\\0\\0\\1\\0' }],
          '00289110': [{ '00280030': '5\\5' }],
          '00289145': [{ '00281052': '-10', '00281053': '2.5' }],
        },
      ],
      '52009230': Array.from({ length: frames }, (_, index) => ({
        '00189114': [{ '00189082': 320 }],
        // Stored from the top down; position, not order, places a frame.
        '00209113': [{ '00200032': `-80\\-80\\${60 - 5 * index}` }],
        ...frame(index),
      })),
      '7fe00010': new Uint8Array(pixels),
    },
    syntax,
  )
}

function verdictOn(bytes: Uint8Array) {
  const { fields, transferSyntax } = parseDicomHeader(bytes)
  const stacks = stacksOf([{ file: '', instance: readInstance(fields, transferSyntax) }])
  return stacks.map(judgeSeries)
}

describe('an enhanced multi-frame image', () => {
  test('is a volume of its own: contrast, spacing and order come from its groups', () => {
    const [verdict] = verdictOn(enhancedImage())
    expect(verdict).toMatchObject({ use: true, weighting: 'FLAIR', grid: { spacingMm: [5, 5, 5] } })
    expect(verdict?.use === true && verdict.grid.slices.map(({ frame }) => frame.index)).toEqual(
      Array.from({ length: frames }, (_, i) => frames - 1 - i),
    )
  })

  test.each(['explicit', 'implicit', 'big-endian'] as const)(
    'decodes frame by frame in %s encoding, with the slope of each',
    async (syntax) => {
      const { instance, frames: decoded } = await decodeAll(enhancedImage(undefined, syntax))
      expect(decoded).toEqual(Array.from({ length: frames }, (_, index) => Int32Array.from(storedPixels(32, index))))
      expect(instance.frames[7]).toMatchObject({ slope: 2.5, intercept: -10, echoTimeMs: 320 })
    },
  )

  test('with two echoes in one file gives a stack for each', () => {
    const verdicts = verdictOn(
      enhancedImage((index) => ({
        '00189114': [{ '00189082': index < 12 ? 20 : 320 }],
        '00209113': [{ '00200032': `-80\\-80\\${5 * (index % 12)}` }],
      })),
    )
    expect(verdicts.map((verdict) => (verdict.use ? 'used' : verdict.reason))).toEqual([
      'it is weighted by proton density, TE 20, TR 4800, TI 1660 ms',
      'it has 12 slices; a head needs at least 15',
    ])
  })

  test('with several points in time is refused', () => {
    const [verdict] = verdictOn(
      enhancedImage((index) => ({ '00209113': [{ '00200032': `-80\\-80\\${5 * (index % 8)}` }] })),
    )
    expect(verdict).toMatchObject({ use: false, reason: 'it holds several volumes (phases, echoes or repetitions)' })
  })

  test('keeps nothing of what a group says in private', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'a'))
    writeFileSync(join(folder, 'a', 'x'), enhancedImage())
    const { images } = await scanFolder(folder)
    expect(images[0]?.instance.frames).toHaveLength(frames)
  })
})
