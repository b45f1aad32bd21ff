import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPreparedVolumes, type PreparedVolumes } from './prepared.ts'
import { fromEuler, invertRigid, type Rigid, rotationDegrees } from './rigid.ts'
import { brainScan } from './testsupport/head.ts'
import { compose } from './volume.ts'

const recipe = {
  grid: [24, 32, 24],
  spacingMm: 7,
  template: 'mni152',
  registration: 'rigid',
  brainMask: 'template',
  biasCorrection: 'none',
  processes: 1,
} as const

let root = ''
let volumes: PreparedVolumes
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sequela-registered-'))
  volumes = createPreparedVolumes({ folder: join(root, 'cache'), ...recipe })
})
afterAll(async () => {
  await volumes.close()
  await rm(root, { recursive: true, force: true })
})

async function scanAt(name: string, content: Uint8Array): Promise<string> {
  const path = join(root, name)
  await writeFile(path, content)
  return path
}

/** How far two motions differ: degrees, and mm at the middle of the head. */
function difference(a: Rigid, b: Rigid): { degrees: number; mm: number } {
  const rest = compose(invertRigid(a), b)
  return { degrees: rotationDegrees(rest), mm: Math.hypot(rest[0][3], rest[1][3], rest[2][3]) }
}

describe('registered volumes', () => {
  test('undo how a head lay, at its baseline and after, and find it again without registering', async () => {
    const lay = fromEuler([0.2, -0.1, 0.15, 12, -9, 15], [0, 0, 0])
    const layLater = fromEuler([-0.15, 0.1, -0.2, -14, 6, 9], [0, 0, 0])
    const baseline = await volumes.prepare(await scanAt('baseline.nii', brainScan({ moved: lay })))
    const later = await scanAt('later.nii', brainScan({ moved: layLater }))
    const followUp = await volumes.prepare(later, baseline)
    for (const [volume, truth] of [
      [baseline, lay],
      [followUp, layLater],
    ] as const) {
      const { degrees, mm } = difference(volume.registration.templateToScan, truth)
      expect(degrees).toBeLessThan(1)
      expect(mm).toBeLessThan(1)
      expect(volume.quality.dice).toBeGreaterThan(0.95)
    }
    const again = createPreparedVolumes({ folder: join(root, 'cache'), ...recipe })
    expect(await again.prepare(later, baseline)).toEqual(followUp)
    await again.close()
    const bytes = await readFile(followUp.file)
    expect(bytes.byteLength).toBe(24 * 32 * 24 * 4)
  })
})
