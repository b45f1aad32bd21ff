// Candidate: the site agent's own preparation of one scan after another, as a preparation process does it: read, register,
// mask, normalise. The outcome says how well the scans came to lie.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../../shared/digest.ts'
import { seededRandom } from '../../shared/random.ts'
import { fitVolume } from '../../site-agent/imaging/elastix.ts'
import { createPreparation, type PreparationRequest } from '../../site-agent/imaging/preparation.ts'
import { diceOf } from '../../site-agent/imaging/quality.ts'
import { createRecipe } from '../../site-agent/imaging/recipe.ts'
import { inTemplateSpace, type Registration } from '../../site-agent/imaging/register.ts'
import { resample } from '../../site-agent/imaging/resample.ts'
import { invertRigid, moved, type Point, type Rigid, rotationDegrees } from '../../site-agent/imaging/rigid.ts'
import { readScanFile } from '../../site-agent/imaging/scan-file.ts'
import { createStudyGrid } from '../../site-agent/imaging/study-grid.ts'
import { readRegistrationTemplates } from '../../site-agent/imaging/template.ts'
import { compose, invert, toStored } from '../../site-agent/imaging/volume.ts'
import { printMeasurement } from '../self-measured.ts'
import { drawnMotion, middleOf, movedScan } from './moved-scan.ts'

const [job = '', data = '', folder = '', number = '20'] = process.argv.slice(2)
const templates = readRegistrationTemplates()
const recipe = createRecipe({
  grid: [48, 64, 48],
  spacingMm: 3.5,
  template: 'mni152',
  registration: 'rigid',
  brainMask: 'template',
  biasCorrection: 'none',
})
const prepare = createPreparation({ recipe, templates, fit: fitVolume, read: readScanFile })

const sourceOf = async (path: string): Promise<PreparationRequest['scan']> => ({
  path,
  contentDigest: sha256(await readFile(path)),
})

/** Mean distance in mm of a head's voxels under two motions, and the angle between them. */
function differenceOf(a: Rigid, b: Rigid): { readonly mm: number; readonly degrees: number } {
  let [sum, count] = [0, 0]
  const { shape, voxels, affine } = templates.brain
  for (let i = 0; i < voxels.length; i += 11) {
    if ((voxels[i] ?? 0) <= 0) continue
    const place: Point = [i % shape[2], Math.floor(i / shape[2]) % shape[1], Math.floor(i / (shape[2] * shape[1]))]
    const head = moved(affine, place)
    const [p, q] = [moved(a, head), moved(b, head)]
    sum += Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2])
    count++
  }
  return { mm: sum / count, degrees: rotationDegrees(compose(invertRigid(a), b)) }
}

/** A follow-up of the real pair, from `number` places up to 30 mm and 20 degrees away, onto its baseline. */
async function followUps(): Promise<string> {
  const pair = (name: string) => join(data, 'longitudinal-glioma', `BraTSReg_002_${name}_t1ce.nii.gz`)
  const baseline = await sourceOf(pair('00_0000'))
  const { registration } = await prepare({ scan: baseline })
  const reference = { ...baseline, registration }
  const original = await readFile(pair('01_0262'))
  const random = seededRandom('follow-ups')
  const unmoved = await prepare({ scan: await sourceOf(pair('01_0262')), reference })
  const errors: { readonly mm: number; readonly degrees: number }[] = []
  for (let k = 0; k < Number(number); k++) {
    // Every second one as far away as they come, the others anywhere between.
    const share = k % 2 === 0 ? 1 : random.uniform()
    const motion = drawnMotion(random, middleOf(original), 20 * share, 30 * share)
    const path = join(folder, `${process.pid}-${k}.nii`)
    await writeFile(path, movedScan(original, motion))
    const found = await prepare({ scan: await sourceOf(path), reference })
    errors.push(differenceOf(compose(motion, unmoved.registration.templateToScan), found.registration.templateToScan))
  }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [mm, degrees] = [errors.map((error) => error.mm), errors.map((error) => error.degrees)]
  return `mean error ${mean(mm).toFixed(3)} mm, ${mean(degrees).toFixed(3)}°; worst ${Math.max(...mm).toFixed(3)} mm, ${Math.max(...degrees).toFixed(3)}°`
}

/**
 * Scans of one head, each by itself onto the template, and all onto the first one. The mask that each gets by itself should lie
 * where the first one's does once the two scans lie on one another, which is another registration.
 */
async function baselines(files: readonly string[]): Promise<string> {
  const grid = createStudyGrid([96, 116, 96], 2)
  const sources = await Promise.all(files.map((file) => sourceOf(join(data, file))))
  const [first] = sources
  if (first === undefined) throw new Error('there are scans')
  const alone: Registration[] = []
  for (const scan of sources) alone.push((await prepare({ scan })).registration)
  const [reference = inTemplateSpace] = alone
  const masks: Uint8Array[] = []
  const differences: string[] = []
  for (const [k, scan] of sources.entries()) {
    const own = alone[k] ?? inTemplateSpace
    const through =
      k === 0 ? own : (await prepare({ scan, reference: { ...first, registration: reference } })).registration
    const toTemplate = compose(invert(own.fitted), through.templateToScan)
    const { coverage } = resample(toStored(templates.mask), grid, toTemplate)
    masks.push(Uint8Array.from(coverage, (share) => (share >= 0.5 ? 1 : 0)))
    const { mm, degrees } = differenceOf(own.templateToScan, through.templateToScan)
    if (k > 0) differences.push(`${mm.toFixed(1)} mm ${degrees.toFixed(1)}°`)
  }
  const pairs = masks.flatMap((a, i) => masks.slice(i + 1).map((b) => diceOf(a, b)))
  return `masks overlap by at least ${Math.min(...pairs).toFixed(3)}; both ways differ by ${differences.join(', ')}`
}

interface Job {
  /** Scans that are prepared. */
  readonly scans: number
  readonly work: () => Promise<string>
}

const brains = ['00_0000_t1ce', '00_0000_t2', '00_0000_flair'].map(
  (name) => `longitudinal-glioma/BraTSReg_002_${name}.nii.gz`,
)
const heads = ['T1', 'T1c', 'T2', 'FLAIR'].map((name) => `raw-clinical-glioma/TCGA-FG-6692_${name}.nii.gz`)
const jobs: Readonly<Record<string, Job>> = {
  followups: { scans: Number(number) + 2, work: followUps },
  brains: { scans: 2 * brains.length - 1, work: () => baselines(brains) },
  heads: { scans: 2 * heads.length - 1, work: () => baselines(heads) },
}

const work = jobs[job]
if (work === undefined) throw new Error(`there is no job ${job}`)
await printMeasurement(work.work, 1 / work.scans)
