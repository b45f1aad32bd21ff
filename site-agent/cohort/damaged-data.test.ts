import { describe, expect, test } from 'vitest'
import { type Random, seededRandom } from '../../shared/random.ts'
import { renderCheckReport } from './check-report.ts'
import { checkReport } from './checks.ts'
import { prepareCohort } from './prepare-cohort.ts'
import { type DataSet, loadFolder, soundSet, textPreparer, writeDataSet } from './testsupport/data-set.ts'

/** One mishap of the kinds that happen: cut, overwritten, lost, swapped, repeated, misnamed. */
function spoil(files: DataSet, random: Random): void {
  const paths = [...files.keys()]
  const path = paths[random.integer(paths.length)] ?? ''
  const bytes = Buffer.from(files.get(path) ?? '')
  const at = random.integer(bytes.length + 1)
  switch (random.integer(7)) {
    case 0:
      files.set(path, bytes.subarray(0, at))
      return
    case 1:
      bytes.fill(random.integer(256), at, Math.min(bytes.length, at + 1 + random.integer(4)))
      files.set(path, bytes)
      return
    case 2:
      files.delete(path)
      return
    case 3:
      files.set(path, files.get(paths[random.integer(paths.length)] ?? '') ?? '')
      return
    case 4:
      files.set(path, Buffer.concat([bytes, bytes.subarray(at)]))
      return
    case 5:
      files.delete(path)
      files.set(
        path.replace(/[a-z0-9]/, () => 'xs_-9'[random.integer(5)] ?? ''),
        bytes,
      )
      return
    default:
      files.set(
        path,
        bytes.toString('latin1').replace(/\d+/g, (digits) => (random.integer(3) ? digits : `-${digits}9`)),
      )
  }
}

describe('a data set that mishaps have struck', () => {
  test('is refused in words, or read so that what is used is sound', async () => {
    let refused = 0
    for (let seed = 0; seed < 120; seed++) {
      const random = seededRandom(`mishap ${seed}`)
      const files = soundSet()
      for (let mishaps = 1 + random.integer(4); mishaps > 0; mishaps--) spoil(files, random)
      const root = writeDataSet(files)
      const cohort = await loadFolder(root).catch((error: unknown) => {
        expect(error, `seed ${seed}`).toMatchObject({
          code: expect.stringMatching(/^(table_invalid|file_unreadable|cohort_empty)$/),
        })
        refused++
      })
      if (cohort === undefined) continue
      const prepared = await prepareCohort(cohort, textPreparer())
      for (const child of prepared.children) {
        const days = child.scans.map(({ day }) => day)
        expect(days, `seed ${seed}`).toEqual([...new Set(days)].toSorted((a, b) => a - b))
      }
      for (const { outcome, scans } of prepared.used) {
        const last = scans.at(-1)?.day ?? 0
        if (outcome !== undefined)
          expect(last, `seed ${seed}`).toBeLessThan(outcome.eventDay ?? Number.POSITIVE_INFINITY)
        if (outcome !== undefined) expect(last, `seed ${seed}`).toBeLessThanOrEqual(outcome.lastFollowUpDay)
      }
      const text = renderCheckReport(checkReport(cohort, prepared))
      expect(text.split('\n').every((line) => line.length <= 100)).toBe(true)
      expect(text, `seed ${seed}`).not.toContain(root)
    }
    expect(refused).toBeGreaterThan(5)
    expect(refused).toBeLessThan(100)
  })
})
