// Masks by network, through a preparation process and the training engine.

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readBrainNetwork } from './brain-network-file.ts'
import { displayVolume } from './display.ts'
import { readBrain } from './kept-brains.ts'
import { createPreparedVolumes, type PreparedVolumes } from './prepared.ts'
import { diceOf } from './quality.ts'
import { templateMaskOn } from './template.ts'
import { brightIsBrain, writeBrainNetwork } from './testsupport/brain-network.ts'
import { brainScan } from './testsupport/head.ts'
import { hasSharedData, sharedPath } from './testsupport/shared-data.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sequela-networked-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const opened: PreparedVolumes[] = []
afterEach(async () => {
  for (const volumes of opened.splice(0)) await volumes.close()
})

/** Volumes whose brains are found by a network that calls bright what is brain. */
function volumesBy(network: ReturnType<typeof brightIsBrain>, folder: string): PreparedVolumes {
  const file = writeBrainNetwork(join(root, `${folder}-network`), network)
  const volumes = createPreparedVolumes({
    ...{ folder: join(root, folder), grid: [24, 32, 24], spacingMm: 7, template: 'mni152', registration: 'none' },
    ...{ brainMask: 'network', biasCorrection: 'none', processes: 1 },
    brainNetwork: { file, digest: readBrainNetwork(file).digest, threads: 1 },
  })
  opened.push(volumes)
  return volumes
}

async function scanAt(name: string): Promise<string> {
  const path = join(root, name)
  await writeFile(path, brainScan())
  return path
}

describe('volumes masked by a network', () => {
  test('say how well the network agrees with the template, and are shown with it on the pages', async () => {
    const path = await scanAt('a.nii')
    const made = await volumesBy(brightIsBrain(), 'cache').prepare(path)
    expect(made.quality.agreement).toBeGreaterThan(0.9)
    expect(made.quality.dice).toBeGreaterThan(0.9)
    const brain = await readBrain(made.brainFile ?? '')
    const shown = displayVolume(await readFile(path), made.registration, { spacingMm: 4, brainMask: 'network', brain })
    expect(diceOf(shown.mask, templateMaskOn(shown.grid))).toBeGreaterThan(0.9)
  })

  test('are made again from what the network found when the block is lost', async () => {
    const path = await scanAt('a.nii')
    const made = await volumesBy(brightIsBrain(), 'cache').prepare(path)
    const found = made.brainFile ?? ''
    const writtenMs = async (): Promise<number> => (await stat(found)).mtimeMs
    const firstMs = await writtenMs()
    await rm(made.file)
    expect(await volumesBy(brightIsBrain(), 'cache').prepare(path)).toEqual(made)
    expect(await writtenMs()).toBe(firstMs)
  })

  test('are held back with the reason where network and template disagree', async () => {
    const darkIsBrain = brightIsBrain()
    darkIsBrain.values.splice(27, 2, 1, -1)
    const refusal = await volumesBy(darkIsBrain, 'other')
      .prepare(await scanAt('b.nii'))
      .catch((error: unknown) => error)
    expect(refusal).toMatchObject({
      code: 'scan_unsuitable',
      message: expect.stringMatching(
        /the network found overlaps the template's.* by 0\.\d+ \(Dice\) and 0\.\d+ is needed/,
      ),
    })
    expect(await readdir(root)).not.toContain('other')
  })

  test('are refused when the network was replaced meanwhile', async () => {
    const volumes = volumesBy(brightIsBrain(), 'replaced')
    const another = brightIsBrain()
    another.values.fill(0.5, -1)
    writeBrainNetwork(join(root, 'replaced-network'), another)
    await expect(volumes.prepare(await scanAt('c.nii'))).rejects.toMatchObject({ code: 'config_invalid' })
  })
})

/** Takes minutes of both cores, so it runs where it is asked for: SEQUELA_NETWORK=1. */
const isAsked = hasSharedData && process.env.SEQUELA_NETWORK !== undefined

test.skipIf(!isAsked)(
  'MindGrab and the template agree on the brain in a real head of thick slices',
  async () => {
    const file = sharedPath('weights/mindgrab/model.json')
    const volumes = createPreparedVolumes({
      ...{ folder: join(root, 'mindgrab'), grid: [48, 64, 48], spacingMm: 3.5, template: 'mni152' },
      ...{ registration: 'rigid', brainMask: 'network', biasCorrection: 'none', processes: 1 },
      brainNetwork: { file, digest: readBrainNetwork(file).digest, threads: 2 },
    })
    opened.push(volumes)
    const { quality } = await volumes.prepare(sharedPath('raw-clinical-glioma/TCGA-FG-6692_FLAIR.nii.gz'))
    expect(quality.agreement).toBeGreaterThan(0.9)
  },
  30 * 60_000,
)
