import { expect, test } from 'vitest'
import { displayVolume } from './display.ts'
import { inTemplateSpace } from './register.ts'
import { fromEuler } from './rigid.ts'
import { brainScan } from './testsupport/head.ts'

const options = { spacingMm: 3, brainMask: 'template' } as const

test('a scan to look at lies where the template does, however the head lay, with the brain outlined', () => {
  const lay = fromEuler([0.2, 0.1, -0.1, 9, -6, 12], [0, 0, 0])
  const registration = { ...inTemplateSpace, templateToScan: lay, fitted: lay }
  const straight = displayVolume(brainScan(), inTemplateSpace, options)
  const turned = displayVolume(brainScan({ moved: lay }), registration, options)
  const inside = (mask: Uint8Array) => mask.reduce((sum, one) => sum + one, 0) * 0.027
  expect(straight.grid.shape).toEqual([69, 80, 64])
  expect(inside(straight.mask)).toBeGreaterThan(1500)
  const both = straight.mask.reduce((sum, one, i) => sum + (one & (turned.mask[i] ?? 0)), 0) * 0.027
  expect(both / inside(straight.mask)).toBeGreaterThan(0.97)
  const difference = straight.brightness.reduce(
    (sum, value, i) => sum + (straight.mask[i] === 1 ? Math.abs(value - (turned.brightness[i] ?? 0)) : 0),
    0,
  )
  expect(difference / (inside(straight.mask) / 0.027)).toBeLessThan(40)
  expect(Math.max(...straight.brightness.subarray(0, 5000))).toBe(0)
})
