import { describe, expect, test } from 'vitest'
import { createStudyGrid } from '../imaging/study-grid.ts'
import { templateMaskOn } from '../imaging/template.ts'
import { overlapFacts } from './scan-facts.ts'

const shape = [24, 32, 24] as const
const templateMask = templateMaskOn(createStudyGrid(shape, 7))
const whole = Float32Array.from(templateMask)

describe('how a scan fits', () => {
  test('is perfect for the template itself', () => {
    expect(overlapFacts(whole, templateMask, shape)).toEqual({ dice: 1, emptySlices: 0 })
  })

  test('counts slices that are missing in the middle, along any axis', () => {
    const slice = 32 * 24
    const gap = whole.map((value, i) => (Math.floor(i / slice) === 12 || Math.floor(i / slice) === 13 ? 0 : value))
    expect(overlapFacts(gap, templateMask, shape)).toMatchObject({ emptySlices: 2 })
    const beside = whole.map((value, i) => (i % 24 === 10 ? 0 : value))
    expect(overlapFacts(beside, templateMask, shape)).toMatchObject({ emptySlices: 1 })
  })

  test('leaves out the outermost slices, in which heads differ', () => {
    const topmost = templateMask.lastIndexOf(1)
    const slice = 32 * 24
    const shorter = whole.map((value, i) => (Math.floor(i / slice) === Math.floor(topmost / slice) ? 0 : value))
    const { dice, emptySlices } = overlapFacts(shorter, templateMask, shape)
    expect(emptySlices).toBe(0)
    expect(dice).toBeLessThan(1)
  })
})
