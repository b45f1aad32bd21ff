import { describe, expect, test } from 'vitest'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { likelyAnatomies } from './anatomy.ts'
import { type Fit, inTemplateSpace, registerToReference, registerToTemplate } from './register.ts'
import { fromEuler, invertRigid, noMotion, type Rigid, rotationDegrees } from './rigid.ts'
import { readRegistrationTemplates } from './template.ts'
import { type Affine, compose, type Volume } from './volume.ts'

const templates = readRegistrationTemplates()
const { brain, head } = templates

/** The same picture where a motion puts it. */
function placed(volume: Volume, motion: Rigid): Volume {
  return { ...volume, affine: compose(motion, volume.affine) }
}

/** Answers with `motion`, from the centres or from a start that is near it; elsewhere it is lost. */
function fitFinding(motion: Rigid, nearDegrees: number): Fit & { readonly asked: number } {
  let asked = 0
  const fit = async (_fixed: Volume, _moving: Volume, { start }: Parameters<Fit>[2]) => {
    asked++
    const from = start === 'centers' ? noMotion : start
    const away = rotationDegrees(compose(invertRigid(motion), from))
    return away <= nearDegrees ? motion : fromEuler([0, 0, 0, 60, 60, 60], [0, 0, 0])
  }
  return Object.defineProperty(fit, 'asked', { get: () => asked }) as Fit & { readonly asked: number }
}

describe('registration', () => {
  test('takes the first start that passes the gate', async () => {
    const lay = fromEuler([0.1, 0, 0, 5, 0, 0], [0, 0, 0])
    const found = await registerToTemplate(placed(brain, lay), templates, fitFinding(lay, 20))
    expect(found.templateToScan).toBe(lay)
    expect(found.anatomy).toBe('brain')
    expect(found.quality.starts).toBe(1)
    expect(found.quality.dice).toBeGreaterThan(0.95)
  })

  test('tries a dozen turns where the first start is lost', async () => {
    const lay = fromEuler([-0.6, 0, 0, 0, 0, 0], [0, 0, 0])
    const found = await registerToTemplate(placed(brain, lay), templates, fitFinding(lay, 15))
    expect(found.templateToScan).toBe(lay)
    expect(found.quality.starts).toBe(14)
  })

  test('holds a scan back that no start brings home, and says by which number', async () => {
    const fit = fitFinding(fromEuler([3, 0, 0, 0, 0, 0], [0, 0, 0]), 1)
    await expect(registerToTemplate(brain, templates, fit)).rejects.toMatchObject({
      code: 'scan_unsuitable',
      message: expect.stringMatching(/registered to the template's brain, .* is needed/),
    })
  })

  test('holds a scan back whose header turns it by more than heads lie', async () => {
    const lay = fromEuler([1, 0, 0, 0, 0, 0], [0, 0, 0])
    const fit = fitFinding(lay, 180)
    await expect(registerToTemplate(placed(brain, lay), templates, fit)).rejects.toThrow(
      /57 degrees and 45 is the most/,
    )
  })

  test('goes through the child’s first scan to the template', async () => {
    const first = fromEuler([0.2, 0, 0.1, 5, 0, 3], [0, 0, 0])
    const second = fromEuler([-0.1, 0.1, 0, 0, 7, 0], [0, 0, 0])
    const firstToSecond = compose(second, invertRigid(first))
    const reference = {
      volume: placed(brain, first),
      registration: { ...inTemplateSpace, templateToScan: first, fitted: first },
    }
    const found = await registerToReference(placed(brain, second), reference, templates, fitFinding(firstToSecond, 180))
    expect(rotationDegrees(compose(invertRigid(second), found.templateToScan))).toBeLessThan(1e-5)
    expect(found.quality.dice).toBeGreaterThan(0.95)
  })

  test('registers a whole head to a whole head, and to the template where the child’s first scan is a brain', async () => {
    const lay = fromEuler([0.1, 0.1, 0, 3, 2, 1], [0, 0, 0])
    const scan = placed(head, lay)
    const fixedBrains: boolean[] = []
    const fit: Fit = async (fixed) => {
      fixedBrains.push(fixed === brain)
      return lay
    }
    const found = await registerToReference(scan, { volume: brain, registration: inTemplateSpace }, templates, fit)
    expect(found.anatomy).toBe('head')
    expect(fixedBrains).toEqual([false, false, true, true])
  })

  test('takes a brain for a brain that is as large as a small head, and a follow-up of it for the same', async () => {
    const larger: Affine = [
      [1.08, 0, 0, 0],
      [0, 1.08, 0, 0],
      [0, 0, 1.08, 0],
    ]
    const large = { ...brain, affine: compose(larger, brain.affine) }
    const fit: Fit = async (_fixed, _moving, { motion }) => (motion === 'affine' ? larger : noMotion)
    expect(likelyAnatomies(large)).toEqual(['head', 'brain'])
    const registration = await registerToTemplate(large, templates, fit)
    expect(registration.anatomy).toBe('brain')
    expect(registration.fitted).toBe(larger)
    const after = await registerToReference(large, { volume: large, registration }, templates, async () => noMotion)
    expect(after.anatomy).toBe('brain')
  })

  test('passes a fault on that is not the scan’s', async () => {
    const fault: Fit = () => Promise.reject(new SequelaError('disk_full', 'full'))
    await expect(registerToTemplate(brain, templates, fault)).rejects.toMatchObject({ code: 'disk_full' })
  })
})
