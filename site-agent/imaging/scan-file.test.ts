import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { describeForeignFile } from './file-kind.ts'
import { decodeScan, readScanFile } from './scan-file.ts'
import { brainScan } from './testsupport/head.ts'
import { hasSharedData, listShared, readShared } from './testsupport/shared-data.ts'

/** What each real file comes to: its shape, or the code and a word of the refusal. */
const outcomes: Record<string, string> = {
  '5D_small.nii': 'scan_unsuitable: 3 frames',
  'air.hdr.gz': 'scan_unreadable: pair',
  'air.img.gz': 'scan_unreadable: not a NIfTI',
  'air2.hdr.gz': 'scan_unreadable: pair',
  'air2.img.gz': 'scan_unreadable: not a NIfTI',
  'anatomical.nii': '25,41,33',
  'avg152T1_LR_nifti.nii.gz': '91,109,91',
  'avg152T1_LR_nifti2.nii.gz': '91,109,91',
  'big.nii.gz': '21,64,64',
  'complex_image.nii.gz': 'scan_unsuitable: complex',
  'example4d.nii.gz': 'scan_unsuitable: 2 frames',
  'example_nifti2.nii.gz': 'scan_unsuitable: 2 frames',
  'functional.nii': 'scan_unsuitable: 20 frames',
  'little.nii.gz': '21,64,64',
  'low_res.nii.gz': 'scan_unsuitable: 3 voxels along one axis',
  'minimal.nii.gz': 'scan_unsuitable: no orientation',
  'ras.hdr': 'scan_unreadable: pair',
  'ras.img': 'scan_unreadable: not a NIfTI',
  'reoriented_anat_moved.nii': '22,26,21',
  'strokez.nii.gz': '156,189,157',
  'test.mgz': 'scan_unreadable: MGH',
  'with_extension.nii.gz': '151,191,161',
  '12bitSigned_0x0F0F.dcm': 'scan_unreadable: DICOM',
  'ExplVR_BigEndNoMeta.dcm': 'scan_unreadable: DICOM',
  'analyze75-header-without-image.hdr': 'scan_unreadable: Analyze',
  'annex-pointer_T1w.nii.gz': 'scan_unreadable: git-annex',
  'header-without-image.hdr': 'scan_unreadable: pair',
  'lfs-pointer_101_t1.nii.gz': 'scan_unreadable: LFS',
  'meta_missing_tsyntax.dcm': 'scan_unreadable: DICOM',
  'nifti2-header-without-image.hdr': 'scan_unreadable: pair',
  'no_meta.dcm': 'scan_unreadable: DICOM',
  'not-nifti.nii': 'scan_unreadable: not a NIfTI',
  'slicethickness_empty_string.dcm': 'scan_unreadable: DICOM',
  'zero-bytes_T1w.nii.gz': 'scan_unreadable: empty',
  'BCP-60M-Seg.nii.gz': '198,291,243',
  'BCP-60M-T1.nii.gz': '198,291,243',
  'sub-pixar009_T1w_brain.nii.gz': '189,233,197',
  'TCGA-FG-6692_FLAIR.nii.gz': '26,256,208',
  'TCGA-FG-6692_T1.nii.gz': '26,224,256',
  'TCGA-FG-6692_T1c.nii.gz': '26,224,256',
  'TCGA-FG-6692_T2.nii.gz': '26,256,224',
}

function outcomeOf(content: Uint8Array): string {
  try {
    const { shape, voxels } = decodeScan(content)
    expect(voxels.some((value) => value !== 0)).toBe(true)
    return shape.join()
  } catch (error) {
    if (error instanceof SequelaError) return `${error.code}: ${error.message}`
    throw error
  }
}

const realFiles = ['formats/nifti', 'malformed', 'pediatric', 'raw-clinical-glioma', 'longitudinal-glioma']

describe('a scan file', () => {
  test.skipIf(!hasSharedData).each(realFiles.flatMap(listShared))('%s is read or refused on purpose', (name) => {
    const base = name.slice(name.lastIndexOf('/') + 1)
    const [code = '', word = ''] = (base.startsWith('BraTSReg') ? '155,240,240' : (outcomes[base] ?? 'unlisted')).split(
      ': ',
    )
    const outcome = outcomeOf(readShared(name))
    expect(outcome.split(': ')[0]).toBe(code)
    expect(outcome).toContain(word)
  })

  test('is the same compressed or not', () => {
    const bytes = brainScan()
    expect(decodeScan(gzipSync(bytes))).toEqual(decodeScan(bytes))
  })

  test('is read past a gzip header of any length', () => {
    const packed = gzipSync(brainScan())
    const extra = [7, 0, 1, 2, 3, 4, 5, 6, 7]
    const texts = [...new Array<number>(100_000).fill(65), 0, 66, 0]
    const flagged = Uint8Array.from(packed.subarray(0, 10))
    flagged[3] = 4 + 8 + 16
    const content = Buffer.concat([flagged, Uint8Array.from([...extra, ...texts]), packed.subarray(10)])
    expect(decodeScan(content)).toEqual(decodeScan(packed))
    expect(outcomeOf(content.subarray(0, 5000))).toMatch(/^scan_unreadable: .*compression is damaged or cut off/)
  })

  test('is refused when one compressed byte is flipped or the second half is missing', () => {
    const packed = gzipSync(brainScan())
    const flipped = Uint8Array.from(packed)
    const middle = Math.floor(packed.byteLength / 2)
    flipped[middle] = (flipped[middle] ?? 0) ^ 16
    expect(outcomeOf(flipped)).toMatch(/^scan_unreadable/)
    expect(outcomeOf(packed.subarray(0, middle))).toMatch(/^scan_unreadable: .*cut off/)
    expect(outcomeOf(packed.subarray(0, 12))).toMatch(/^scan_unreadable/)
  })

  test('is not inflated past what its header describes', () => {
    const bytes = brainScan()
    const bomb = new Uint8Array(bytes.byteLength + 50_000_000)
    bomb.set(bytes)
    expect(outcomeOf(gzipSync(bomb))).toContain('inflates to more than its header describes')
    expect(outcomeOf(gzipSync(new Uint8Array(20_000_000)))).toContain('not a NIfTI')
  })

  test('that is missing or a folder is refused without its path', async () => {
    for (const path of [`${import.meta.dirname}/no-such-scan.nii`, import.meta.dirname]) {
      const error = await readScanFile(path).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'scan_unreadable' })
      expect(String(error)).not.toContain('imaging')
    }
  })

  test.each(['NRRD0004\n', 'CDF\x01', 'PK\x03\x04'])('of another kind is named: %j', (start) => {
    expect(describeForeignFile(new TextEncoder().encode(start))).toMatch(/^it is an? /)
  })
})
