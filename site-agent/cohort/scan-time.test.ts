import { describe, expect, test } from 'vitest'
import {
  type DataSet,
  dataSet,
  findingsOf,
  imagePath,
  loadFolder,
  rows,
  soundSet,
  writeDataSet,
} from './testsupport/data-set.ts'

describe('the time of a scan', () => {
  const undated = (): DataSet => {
    const files = dataSet({ 'sub-a': [{ session: 'ses-1' }, { session: 'ses-2' }] })
    files.delete('sub-a/sub-a_sessions.tsv')
    return files
  }
  const scanTable = (session: string, ...lines: [string, string][]) =>
    [`sub-a/${session}/sub-a_${session}_scans.tsv`, rows([['filename', 'acq_time'], ...lines])] as const
  const daysOf = async (files: DataSet) =>
    (await loadFolder(writeDataSet(files))).children.flatMap(({ scans }) =>
      scans.map(({ session, day }) => [session, day]),
    )

  test('is taken from the scan table where there is no visit table', async () => {
    const files = undated()
    files.set(...scanTable('ses-1', ['anat/sub-a_ses-1_FLAIR.nii.gz', '1900-03-01T10:00:00']))
    files.set(...scanTable('ses-2', ['anat/sub-a_ses-2_FLAIR.nii.gz', '1900-02-27T10:00:00']))
    expect(await daysOf(files)).toEqual([
      ['ses-2', 0],
      ['ses-1', 2],
    ])
  })

  test('else from the sidecar, else from a date in the name, and never from the file', async () => {
    const files = undated()
    files.set('sub-a/ses-1/anat/sub-a_ses-1_FLAIR.json', '{"AcquisitionDateTime": "1900-03-01T10:00:00.000000"}')
    files.delete(imagePath('sub-a', 'ses-2'))
    files.set(imagePath('sub-a', 'ses-19000227'), 'image')
    files.set(imagePath('sub-a', 'ses-3', 'acq-19000302_FLAIR.nii'), 'image 3')
    files.set(imagePath('sub-a', 'ses-4'), 'image 4')
    expect(await daysOf(files)).toEqual([
      ['ses-19000227', 0],
      ['ses-1', 2],
      ['ses-3', 3],
    ])
  })

  test('must be the same day in both tables', async () => {
    const files = soundSet()
    files.set(
      'sub-a/ses-z/sub-a_ses-z_scans.tsv',
      rows([
        ['filename', 'acq_time'],
        ['anat/sub-a_ses-z_FLAIR.nii.gz', '1867-07-15T13:45:30'],
      ]),
    )
    expect(await findingsOf(files)).toEqual([
      'scan/times-disagree sub-a ses-z: the visit table says 1867-06-15 and the scan table 1867-07-15; correct one of them.',
    ])
  })

  test('in a scan table is checked, and the table joined with the images both ways', async () => {
    const files = undated()
    files.set(
      ...scanTable(
        'ses-1',
        ['anat/sub-a_ses-1_T1w.nii.gz', '1900-03-01T10:00:00'],
        ['func/sub-a_ses-1_bold.nii.gz', 'n/a'],
        ['func/sub-a_ses-1_bold.nii.gz', 'n/a'],
      ),
    )
    files.set(...scanTable('ses-2', ['anat/sub-a_ses-2_FLAIR.nii.gz', 'March']))
    const findings = await findingsOf(files)
    expect(findings.slice(0, 4)).toEqual([
      'nothing/scan-table sub-a ses-1: sub-a/ses-1/sub-a_ses-1_scans.tsv line 4: "func/sub-a_ses-1_bold.nii.gz" is there twice; the first row counts.',
      'nothing/scan-table sub-a ses-1: sub-a/ses-1/sub-a_ses-1_scans.tsv does not list 1 (sub-a_ses-1_FLAIR.nii.gz).',
      'nothing/scan-table sub-a ses-1: sub-a/ses-1/sub-a_ses-1_scans.tsv lists images that are not there: 1 ("anat/sub-a_ses-1_T1w.nii.gz").',
      'scan/scan-table sub-a ses-2: in the scan table, acq_time is "March"; write a date of the calendar as YYYY-MM-DDThh:mm:ss, or n/a.',
    ])
  })

  test('is not guessed from a broken scan table or sidecar', async () => {
    const files = undated()
    files.set('sub-a/ses-1/sub-a_ses-1_scans.tsv', 'filename\tfilename\n')
    files.set('sub-a/ses-1/anat/sub-a_ses-1_FLAIR.json', 'soon')
    files.set('sub-a/ses-2/anat/sub-a_ses-2_FLAIR.json', '{"AcquisitionDateTime": "10:00:00"}')
    expect(await findingsOf(files)).toEqual([
      'nothing/scan-table sub-a ses-1: sub-a/ses-1/sub-a_ses-1_scans.tsv: line 1, column 2: "filename" is there twice. The table is not used.',
      'scan/time-missing sub-a ses-1: sub-a/ses-1/anat/sub-a_ses-1_FLAIR.json was asked for the time of the scan and cannot be read: it is not JSON text.',
      'scan/time-missing sub-a ses-2: sub-a/ses-2/anat/sub-a_ses-2_FLAIR.json: AcquisitionDateTime is "10:00:00"; ' +
        'write a date of the calendar as YYYY-MM-DDThh:mm:ss, or n/a.',
      'child/nothing-to-learn sub-a: none of its scans can be used.',
    ])
  })
})
