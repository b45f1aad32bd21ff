import { describe, expect, test } from 'vitest'
import { emptyChart } from '../../../shared/cohort/chart.ts'
import type { CohortChild, CohortScan } from '../../cohort/cohort.ts'
import { inOneSequence } from './one-sequence.ts'

const image = (name: string) => ({ path: name, file: `/data/${name}` })

/** A visit with the images that are named, as a study of FLAIR and T2w at once sees it. */
function visit(session: string, flair: string | undefined, t2w: string | undefined): CohortScan {
  const channels = [flair, t2w].map((name) => (name === undefined ? undefined : image(name)))
  const at = { session, day: 0, followUp: null, label: null, scanner: undefined }
  return { ...at, ...image(flair ?? t2w ?? ''), channels }
}

const childOf = (...scans: CohortScan[]): CohortChild => ({
  ...{ participant: 'sub-a', key: 'a', fold: 'test', visits: scans.length, outcome: undefined, chart: emptyChart },
  scans,
})

describe('what is looked at of a child with several sequences a visit', () => {
  test('is the sequence that most of its visits have, and which visits lack it', () => {
    const child = childOf(visit('ses-1', 'f1', 't1'), visit('ses-2', undefined, 't2'), visit('ses-3', undefined, 't3'))
    const shown = inOneSequence(child, ['FLAIR', 'T2w'])
    expect(shown.sequence).toBe('T2w')
    expect(shown.child.scans.map(({ path }) => path)).toEqual(['t1', 't2', 't3'])
    expect(shown.child.scans.every((scan) => !('channels' in scan))).toBe(true)
    expect(shown.without).toEqual([])
  })

  test('is the one that the study names first where as many visits have either', () => {
    const shown = inOneSequence(childOf(visit('ses-1', 'f1', undefined), visit('ses-2', undefined, 't2')), [
      'FLAIR',
      'T2w',
    ])
    expect(shown.sequence).toBe('FLAIR')
    expect(shown.child.scans.map(({ path }) => path)).toEqual(['f1'])
    expect(shown.without).toEqual(['ses-2'])
  })

  test('is the child as it is where the study shows one image a visit', () => {
    const { channels: _, ...plain } = visit('ses-1', 'f1', undefined)
    const child = childOf(plain)
    expect(inOneSequence(child, undefined)).toEqual({ child, sequence: undefined, without: [] })
  })
})
