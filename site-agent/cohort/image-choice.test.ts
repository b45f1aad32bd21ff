import { describe, expect, test } from 'vitest'
import { chooseImages, type VisitImages } from './image-choice.ts'
import { parseScanName } from './scan-name.ts'
import { testStudy, togetherStudy } from './testsupport/data-set.ts'

const { pipeline } = testStudy()

function visit(session: string, ...rests: string[]): VisitImages {
  const images = rests.flatMap((rest) => {
    const name = parseScanName(`sub-a_${session}_${rest}`)
    return name === undefined ? [] : [{ path: `sub-a/${session}/anat/sub-a_${session}_${rest}`, name }]
  })
  return { session, images }
}

function chosenIn(...visits: VisitImages[]) {
  return chosenBy(pipeline, visits)
}

function chosenBy(asked: typeof pipeline, visits: readonly VisitImages[], shown: string | undefined = 'FLAIR') {
  const { chosen, findings } = chooseImages('sub-a', visits, asked, shown)
  return {
    chosen: [...chosen.values()]
      .flat()
      .map((image) => image?.path ?? 'missing')
      .map((path) => path.replace(/.*sub-a_/, '')),
    findings: findings.map(({ holds, rule, visit, sentence }) => ({ holds, rule, visit, sentence })),
  }
}

describe('the image of a visit', () => {
  test('is of the sequence that the child is shown in, and a visit without it is held', () => {
    const visits = [
      visit('ses-1', 'T2w.nii', 'FLAIR.nii'),
      visit('ses-2', 'T2w.nii'),
      visit('ses-3', 'FLAIR.nii'),
      visit('ses-4', 'T2w.nii', 'T1w.nii'),
    ]
    const { chosen, findings } = chosenBy(pipeline, visits, 'T2w')
    expect(chosen).toEqual(['ses-1_T2w.nii', 'ses-2_T2w.nii', 'ses-4_T2w.nii'])
    expect(findings).toEqual([
      {
        holds: 'scan',
        rule: 'other-sequence',
        visit: 'ses-3',
        sentence:
          'this visit has FLAIR but no T2w, in which this child is shown: ' +
          'its first visit was, and pictures of two sequences cannot be compared.',
      },
    ])
  })

  test('is the last run, and that is said', () => {
    const { chosen, findings } = chosenIn(
      visit('ses-1', 'run-1_FLAIR.nii.gz', 'run-10_FLAIR.nii.gz', 'run-2_FLAIR.nii.gz'),
    )
    expect(chosen).toEqual(['ses-1_run-10_FLAIR.nii.gz'])
    expect(findings).toEqual([
      {
        holds: 'nothing',
        rule: 'several-images',
        visit: 'ses-1',
        sentence:
          'this visit has 3 images of FLAIR; this one is used (in template space before others, then the plainest name, then the last run).',
      },
    ])
  })

  test('has the plainest name among runs of different kinds', () => {
    expect(chosenIn(visit('ses-1', 'acq-fast_run-2_FLAIR.nii', 'run-1_FLAIR.nii')).chosen).toEqual([
      'ses-1_run-1_FLAIR.nii',
    ])
  })

  test('lies in template space where a pipeline left several', () => {
    const names = ['FLAIR.nii.gz', 'space-MNI152NLin6Asym_res-1mm_desc-preproc_FLAIR.nii.gz', 'space-orig_FLAIR.nii.gz']
    expect(chosenIn(visit('ses-1', ...names)).chosen).toEqual([
      'ses-1_space-MNI152NLin6Asym_res-1mm_desc-preproc_FLAIR.nii.gz',
    ])
  })

  test('is one after contrast agent only where the visit has no other, and that is said', () => {
    const { chosen, findings } = chosenIn(
      visit('ses-1', 'ce-gadolinium_FLAIR.nii'),
      visit('ses-2', 'ce-gadolinium_FLAIR.nii', 'acq-slow_run-2_FLAIR.nii'),
      visit('ses-3', 'FLAIR.nii'),
    )
    expect(chosen).toEqual(['ses-1_ce-gadolinium_FLAIR.nii', 'ses-2_acq-slow_run-2_FLAIR.nii', 'ses-3_FLAIR.nii'])
    expect(findings).toEqual([
      {
        holds: 'nothing',
        rule: 'contrast-agent',
        visit: 'ses-1',
        sentence: 'this visit has FLAIR only after contrast agent (ce-…), which is used.',
      },
    ])
  })

  test('is T1c by the name that studies give to T1w after contrast agent, and never T1w', () => {
    const visits = [
      visit('ses-1', 'T1w.nii', 'ce-gadolinium_T1w.nii'),
      visit('ses-2', 'ce-gadolinium_T1w.nii'),
      visit('ses-3', 'T1w.nii'),
    ]
    const t1c = chosenBy({ ...pipeline, sequences: ['T1c'] }, visits, 'T1c')
    expect(t1c.chosen).toEqual(['ses-1_ce-gadolinium_T1w.nii', 'ses-2_ce-gadolinium_T1w.nii'])
    expect(t1c.findings.map(({ holds, rule, visit }) => [holds, rule, visit])).toEqual([['scan', 'no-image', 'ses-3']])
    const t1w = chosenBy({ ...pipeline, sequences: ['T1w'] }, visits, 'T1w')
    expect(t1w.chosen).toEqual(['ses-1_T1w.nii', 'ses-3_T1w.nii'])
    expect(t1w.findings).toEqual([
      {
        holds: 'scan',
        rule: 'contrast-agent',
        visit: 'ses-2',
        sentence: 'its T1w is after contrast agent (ce-…), which is T1c to a study, and this study does not name it.',
      },
    ])
  })

  test('is missing where only other sequences were scanned', () => {
    expect(chosenIn(visit('ses-1', 'T1w.nii')).findings).toEqual([
      {
        holds: 'scan',
        rule: 'no-image',
        visit: 'ses-1',
        sentence: 'this visit has no image of FLAIR or T2w in its folder anat.',
      },
    ])
  })
})

describe('the images of a visit, where the study shows FLAIR and T2w at once,', () => {
  const together = (...visits: VisitImages[]) => chosenBy(togetherStudy().pipeline, visits, undefined)

  test('are one of each in the order of the study, and a missing one is said', () => {
    const { chosen, findings } = together(
      visit('ses-1', 'T1w.nii', 'T2w.nii', 'FLAIR.nii'),
      visit('ses-2', 'T2w.nii'),
      visit('ses-3', 'FLAIR.nii', 'ce-gadolinium_T2w.nii', 'T1w.nii'),
    )
    expect(chosen).toEqual([
      'ses-1_FLAIR.nii',
      'ses-1_T2w.nii',
      'missing',
      'ses-2_T2w.nii',
      'ses-3_FLAIR.nii',
      'ses-3_ce-gadolinium_T2w.nii',
    ])
    expect(findings).toEqual([
      {
        holds: 'nothing',
        rule: 'missing-sequence',
        visit: 'ses-2',
        sentence: 'this visit has no FLAIR; it is used without, and the model is told that it is missing.',
      },
      {
        holds: 'nothing',
        rule: 'contrast-agent',
        visit: 'ses-3',
        sentence: 'this visit has T2w only after contrast agent (ce-…), which is used.',
      },
    ])
  })

  test('are of each sequence the one to use, and that is said', () => {
    const { chosen, findings } = together(visit('ses-1', 'FLAIR.nii', 'run-1_T2w.nii', 'run-2_T2w.nii'))
    expect(chosen).toEqual(['ses-1_FLAIR.nii', 'ses-1_run-2_T2w.nii'])
    expect(findings.map(({ rule, sentence }) => [rule, sentence])).toEqual([
      ['several-images', expect.stringContaining('2 images of T2w')],
    ])
  })

  test('hold the visit back when there is none', () => {
    const { chosen, findings } = together(visit('ses-1', 'T1w.nii'), visit('ses-2', 'ce-x_T1w.nii'))
    expect(chosen).toEqual([])
    expect(findings.map(({ holds, rule, visit }) => [holds, rule, visit])).toEqual([
      ['scan', 'no-image', 'ses-1'],
      ['scan', 'no-image', 'ses-2'],
    ])
  })
})

describe('the name of an image', () => {
  test('says whose it is, of which visit, and how it was made', () => {
    const name = parseScanName('sub-a1_ses-B2_acq-3d_run-02_T2w.nii.gz')
    expect(name).toMatchObject({ participant: 'sub-a1', session: 'ses-B2', sequence: 'T2w' })
    expect([...(name?.entities ?? [])]).toEqual([
      ['acq', '3d'],
      ['run', '02'],
    ])
  })

  test.each([
    'sub-a_FLAIR.nii.gz',
    'sub-a_ses-1_FLAIR.nii.gz.bak',
    'sub-a_ses-1_FLAIR.NII.GZ',
    'sub-a_ses-1_FLAIR.hdr',
    'sub-a_ses-1_run-1_run-2_FLAIR.nii',
    'sub-a_ses-1_run_FLAIR.nii',
    'sub-ä_ses-1_FLAIR.nii',
    'sub-a_ses-1_FLAIR\n.nii',
    '../sub-a_ses-1_FLAIR.nii',
    '.sub-a_ses-1_FLAIR.nii',
  ])('is none: %j', (name) => {
    expect(parseScanName(name)).toBeUndefined()
  })
})
