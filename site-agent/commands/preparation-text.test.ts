import { expect, test } from 'vitest'
import { inTemplateSpace } from '../imaging/register.ts'
import { preparationSummary, renderPreparation } from './preparation-text.ts'
import { loggedProgress } from './preparing-progress.ts'

const turnedBy = (rotationDegrees: number, starts: number) => ({
  ...inTemplateSpace,
  quality: { ...inTemplateSpace.quality, rotationDegrees, starts },
})

test('says how many scans are ready, how they lay, and why others are held back', () => {
  const summary = preparationSummary({
    study: 'gliomas',
    scans: 4,
    prepared: 3,
    registrations: [turnedBy(3, 1), turnedBy(20, 14), turnedBy(8, 1)],
    sequences: [
      { sequence: 'FLAIR', visits: 3, missing: 0 },
      { sequence: 'T2w', visits: 1, missing: 2 },
    ],
    maskAgreement: { images: 4, median: 0.93, least: 0.87 },
    findings: [
      {
        holds: 'scan',
        rule: 'unsuitable',
        child: 'sub-a',
        visit: 'ses-4',
        sentence: 'The scan cannot be used: too dark.',
      },
    ],
    seconds: 12,
  })
  expect(renderPreparation(summary)).toBe(
    [
      'Study gliomas: 3 of 4 scans are prepared (12 s, 3.0 s a scan).',
      'Sequences: FLAIR in 3 of 3 visits, T2w in 1 (missing in 2).',
      'They were turned by 8.0° in the middle and 20.0° at most; 1 needed more than one start.',
      'Network and template agree on the brain by 0.93 (Dice) in the middle of 4 images, by 0.87 at least.',
      'Held back (1); site check-data says more:',
      '  sub-a ses-4: The scan cannot be used: too dark.',
    ].join('\n'),
  )
})

test('a log gets ten lines at most, the last one at the end', () => {
  const written: string[] = []
  const { onProgress } = loggedProgress((line) => written.push(line))
  for (let done = 1; done <= 95; done++) onProgress(done, 95)
  expect(written).toHaveLength(10)
  expect(written.at(-1)).toBe('  prepared 95 of 95 scans\n')
})
