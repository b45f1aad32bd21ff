// How a scan comes to lie in template space: a child's baseline is registered to the template, everything else of the child
// to a scan that is there already, and the motions are composed. Each step must pass the gates of quality.ts; where it does
// not, a dozen coarse starts are tried before the scan is held back.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { type Anatomy, likelyAnatomies, withoutSkull } from './anatomy.ts'
import { type Likeness, likenessOf } from './likeness.ts'
import { type Gate, gateFailure, gates } from './quality.ts'
import { fromEuler, moved, noMotion, type Point, type Rigid, rotationDegrees } from './rigid.ts'
import { shrink } from './shrink.ts'
import { type Affine, compose, determinantOf, toStored, type Volume } from './volume.ts'

export interface Registration {
  readonly anatomy: Anatomy
  /** From mm of the template to mm of the scan; what resampling uses. */
  readonly templateToScan: Rigid
  /** The same with the template stretched to this head's size: where the template's brain mask lies. */
  readonly fitted: Affine
  readonly quality: RegistrationQuality
}

/** Of the last step: to the template, or to the scan that was there already. */
export interface RegistrationQuality extends Likeness {
  readonly rotationDegrees: number
  /** Starts that were tried; 1 when the first was good. */
  readonly starts: number
}

/** Finds the motion from mm in `fixed` to mm in `moving` (elastix.ts). */
export type Fit = (
  fixed: Volume,
  moving: Volume,
  settings: {
    readonly motion: 'rigid' | 'affine'
    readonly resolutions: number
    readonly iterations: number
    readonly start: 'centers' | Rigid
  },
) => Promise<Affine>

/** What baselines are registered to, all in template space. */
export interface RegistrationTemplates {
  readonly brain: Volume
  readonly head: Volume
  /** 255 in the brain and 3 mm around it. */
  readonly mask: Volume
}

/** A scan of the same child that is registered, shrunken as the scan to be registered is. */
export interface Reference {
  readonly volume: Volume
  readonly registration: Registration
}

/** Voxel size at which volumes are registered; finer takes longer and is no more accurate. */
export const registrationSpacingMm = 2
const coarseSpacingMm = 8

/** What it is for data that lie in template space already. */
export const inTemplateSpace: Registration = {
  ...{ anatomy: 'brain', templateToScan: noMotion, fitted: noMotion },
  quality: { mutualInformation: 2, dice: 1, fieldOfView: 1, rotationDegrees: 0, starts: 0 },
}

/**
 * Registers a child's baseline to the template: first as a rigid body, then, for the gate and the mask alone, with the
 * template stretched to it, since a child's head is smaller than the template's. A whole head is registered to a whole head;
 * then, with its skull taken off where that leaves the brain, to the brain, so that both kinds of scans come to lie alike.
 * @param scan shrunken to `registrationSpacingMm`
 * @throws SequelaError `scan_unsuitable` when no start passes the gate.
 */
export async function registerToTemplate(
  scan: Volume,
  templates: RegistrationTemplates,
  fit: Fit,
): Promise<Registration> {
  const [likely, other] = likelyAnatomies(scan)
  const first = await attempt(() => registerAs(likely, scan, templates, fit))
  if (first.failure === undefined) return first.registration
  const second = other && (await attempt(() => registerAs(other, scan, templates, fit)))
  if (second?.registration !== undefined) return second.registration
  throw first.failure
}

async function registerAs(
  anatomy: Anatomy,
  scan: Volume,
  templates: RegistrationTemplates,
  fit: Fit,
): Promise<Registration> {
  const stretched = (template: Volume) => async (templateToScan: Rigid) => {
    const fitted = await fit(template, scan, {
      motion: 'affine',
      resolutions: 1,
      iterations: 256,
      start: templateToScan,
    })
    const { mutualInformation, fieldOfView } = likenessOf(template, scan, templateToScan)
    const { dice } = likenessOf(template, scan, fitted)
    const volumeRatio = determinantOf(fitted)
    return { anatomy, templateToScan, fitted, likeness: { mutualInformation, fieldOfView, dice, volumeRatio } }
  }
  const first = await throughGate(templates[anatomy], scan, gates[anatomy], fit, stretched(templates[anatomy]))
  if (anatomy === 'brain') return first
  const brain = withoutSkull(scan, templates.mask, first.fitted)
  const fine = { resolutions: 2, iterations: 512 } as const
  const templateToScan = await fit(templates.brain, brain, { ...fine, motion: 'rigid', start: first.templateToScan })
  const fitted = await fit(templates.brain, brain, { ...fine, motion: 'affine', start: first.fitted })
  return { ...first, templateToScan, fitted }
}

/**
 * Registers a scan to another of the same child, and through it to the template; a whole head and a brain have the template
 * in common only. @throws SequelaError as above.
 */
export async function registerToReference(
  scan: Volume,
  reference: Reference,
  templates: RegistrationTemplates,
  fit: Fit,
): Promise<Registration> {
  const { volume, registration } = reference
  const { anatomy } = registration
  if (!likelyAnatomies(scan).includes(anatomy)) return registerToTemplate(scan, templates, fit)
  return throughGate(volume, scan, gates.reference, fit, async (referenceToScan) => ({
    anatomy,
    templateToScan: compose(referenceToScan, registration.templateToScan),
    fitted: compose(referenceToScan, registration.fitted),
    likeness: likenessOf(volume, scan, referenceToScan),
  }))
}

interface Judged {
  readonly anatomy: Anatomy
  readonly templateToScan: Rigid
  readonly fitted: Affine
  readonly likeness: Likeness & { readonly volumeRatio?: number }
}

async function throughGate(
  fixed: Volume,
  moving: Volume,
  gate: Gate,
  fit: Fit,
  judge: (motion: Rigid) => Promise<Judged>,
): Promise<Registration> {
  const fine = { motion: 'rigid', ...gate.effort } as const
  const first = await attempt(async () =>
    judged(await fit(fixed, moving, { ...fine, start: 'centers' }), gate, judge, 1),
  )
  if (first.failure === undefined) return first.registration
  const start = await bestCoarseStart(fixed, moving, fit)
  const motion = await fit(fixed, moving, { ...fine, start })
  return judged(motion, gate, judge, 1 + turnsInDegrees.length)
}

type Attempt =
  | { readonly registration: Registration; readonly failure?: undefined }
  | { readonly registration?: undefined; readonly failure: SequelaError }

/** What a way to register comes to; a scan that it does not suit is no fault. */
async function attempt(register: () => Promise<Registration>): Promise<Attempt> {
  try {
    return { registration: await register() }
  } catch (error) {
    if (error instanceof SequelaError && error.code === 'scan_unsuitable') return { failure: error }
    throw error
  }
}

/** @throws SequelaError `scan_unsuitable` when the motion does not pass the gate. */
async function judged(
  motion: Rigid,
  gate: Gate,
  judge: (motion: Rigid) => Promise<Judged>,
  starts: number,
): Promise<Registration> {
  const { likeness, ...motions } = await judge(motion)
  const { volumeRatio, ...rest } = likeness
  const quality = { ...rest, rotationDegrees: rotationDegrees(motion), starts }
  const failure = gateFailure({ ...quality, ...(volumeRatio === undefined ? {} : { volumeRatio }) }, gate)
  if (failure !== undefined) throw new SequelaError('scan_unsuitable', `The scan cannot be used: ${failure}.`)
  return { ...motions, quality }
}

/** Heads lie turned about one axis: nodding, looking aside, tilted; about x, y, z. */
const turnsInDegrees = [
  [0, 0, 0],
  ...[25, 50].flatMap((angle) => [
    [angle, 0, 0],
    [-angle, 0, 0],
    [0, angle, 0],
    [0, -angle, 0],
    [0, 0, angle],
    [0, 0, -angle],
  ]),
] as const

/** The motion that has most in common, of short fits on coarse volumes from every turn. */
async function bestCoarseStart(fixed: Volume, moving: Volume, fit: Fit): Promise<Rigid> {
  const [coarseFixed, coarseMoving] = [fixed, moving].map((volume) => shrink(toStored(volume), coarseSpacingMm))
  if (coarseFixed === undefined || coarseMoving === undefined) throw new RangeError('both volumes are shrunken')
  const [from, to] = [centerOfGravity(coarseFixed), centerOfGravity(coarseMoving)]
  let [best, most] = [noMotion, -Infinity]
  for (const turn of turnsInDegrees) {
    const radians = turn.map((degrees) => (degrees * Math.PI) / 180)
    const shift = to.map((mm, axis) => mm - (from[axis] ?? 0))
    const start = fromEuler([...radians, ...shift], from)
    const motion = await fit(coarseFixed, coarseMoving, {
      motion: 'rigid',
      resolutions: 1,
      iterations: 128,
      start,
    }).catch(() => undefined)
    if (motion === undefined) continue
    const { mutualInformation } = likenessOf(coarseFixed, coarseMoving, motion)
    if (mutualInformation > most) [best, most] = [motion, mutualInformation]
  }
  return best
}

/** In mm, weighted by brightness. */
function centerOfGravity({ shape: [, height, width], voxels, affine }: Volume): Point {
  const sums = [0, 0, 0]
  let total = 0
  for (let at = 0; at < voxels.length; at++) {
    const value = voxels[at] as number
    if (value <= 0) continue
    total += value
    const place = [at % width, Math.floor(at / width) % height, Math.floor(at / (width * height))]
    place.forEach((index, axis) => {
      sums[axis] = (sums[axis] ?? 0) + value * index
    })
  }
  const [x = 0, y = 0, z = 0] = sums.map((sum) => (total > 0 ? sum / total : 0))
  return moved(affine, [x, y, z])
}
