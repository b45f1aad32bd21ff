// What a scan must be to take part, in numbers, each with its reason.

import { SequelaError } from '../../shared/protocol/errors.ts'
import type { Artefacts } from './artefacts.ts'
import type { StoredVolume } from './volume.ts'

/**
 * Least overlap (Dice, 1945) of a scan's brain with the template's. Children warped out of the template keep 0.89 and
 * more; the template moved by 15 mm, its chin raised by 40 degrees, turned by half about its left-right axis, or with the
 * skull on, falls below, as a test shows. It is a check of place more than of direction: a head nodding by 35 or turned
 * by 45 degrees still passes, exchanged left for right a brain overlaps as well as before, and back to front by 0.86.
 */
export const leastDice = 0.85

/**
 * Least overlap (Dice) of what a network calls brain with the template's brain, stretched to the head. MindGrab came out with 0.939 on
 * an adult's T1 in slices of 5.5 mm and 0.873 on a child's stripped brain; shown the same two lying on their backs, it lost a frontal
 * lobe of the one and half of the other and came out with 0.827 and 0.699.
 */
export const leastAgreement = 0.85

/** What a registration must come out with. */
export interface Gate {
  /** In words: what the scan was registered to. */
  readonly target: string
  /** Levels of the image pyramid, and iterations on each. */
  readonly effort: { readonly resolutions: number; readonly iterations: number }
  readonly leastInformation: number
  readonly leastDice: number
  readonly leastFieldOfView: number
  readonly mostRotationDegrees: number
  /** Volume of the head for each of the template's, least and most. */
  readonly volumeRatio?: readonly [number, number]
}

/**
 * Gates of registration. Information, over the fixed volume's foreground: the real pair of one adult, T1c at 262 days' distance,
 * came out with 1.166 registered and 1.010 to 1.051 moved by 3 to 20 degrees; that adult on the template, in three sequences,
 * with 1.086 to 1.096. Rotation: nobody lies turned by 45 degrees in a scanner; such a result comes of a wrong header. Field of view: slabs
 * that leave out part of the brain cannot show what grows there. Size: a child of two has two thirds of an adult's brain.
 */
export const gates = {
  brain: {
    target: "the template's brain",
    effort: { resolutions: 3, iterations: 256 },
    leastInformation: 1.025,
    leastDice,
    leastFieldOfView: 0.85,
    mostRotationDegrees: 45,
    volumeRatio: [0.4, 1.4],
  },
  head: {
    target: "the template's head",
    effort: { resolutions: 3, iterations: 512 },
    leastInformation: 1.02,
    leastDice: 0.8,
    leastFieldOfView: 0.75,
    mostRotationDegrees: 45,
    volumeRatio: [0.4, 1.4],
  },
  reference: {
    target: 'another scan of the child',
    effort: { resolutions: 2, iterations: 256 },
    leastInformation: 1.03,
    leastDice,
    leastFieldOfView: 0.85,
    mostRotationDegrees: 45,
  },
} as const satisfies Record<string, Gate>

/** The first gate that a registration does not pass, as the end of a sentence; undefined when it passes all. */
export function gateFailure(
  quality: {
    readonly mutualInformation: number
    readonly dice: number
    readonly fieldOfView: number
    readonly rotationDegrees: number
    readonly volumeRatio?: number
  },
  gate: Gate,
): string | undefined {
  const on = `registered to ${gate.target}`
  const { mutualInformation, dice, fieldOfView, volumeRatio } = quality
  if (!(mutualInformation >= gate.leastInformation)) {
    const numbers = `${mutualInformation.toFixed(3)} of mutual information and ${gate.leastInformation} is needed`
    return `${on}, the two have ${numbers}; it shows another part of the body, or is damaged`
  }
  if (!(dice >= gate.leastDice)) {
    return `${on}, its outline overlaps by ${dice.toFixed(3)} (Dice) and ${gate.leastDice} is needed; part of the head is missing, or more than a head is shown`
  }
  if (!(fieldOfView >= gate.leastFieldOfView)) {
    const shown = (100 * fieldOfView).toFixed(0)
    return `${on}, it shows ${shown} % of the brain and ${100 * gate.leastFieldOfView} % is needed; scan the whole head`
  }
  if (!(quality.rotationDegrees <= gate.mostRotationDegrees)) {
    const turned = quality.rotationDegrees.toFixed(0)
    return `${on}, it turned out to lie at ${turned} degrees and ${gate.mostRotationDegrees} is the most; the orientation in its header is probably wrong`
  }
  const [least, most] = gate.volumeRatio ?? [0, Infinity]
  if (volumeRatio !== undefined && !(volumeRatio >= least && volumeRatio <= most)) {
    return `${on}, its head has ${volumeRatio.toFixed(2)} times the template's volume and ${least} to ${most} can be; the voxel size in its header is probably wrong`
  }
  return undefined
}

/**
 * Most that one place of the outer spectrum may exceed all around it (artefacts.ts). Twelve real scans, with and without skulls, have 2.2 to
 * 5.0; with stripes a twentieth as bright as the head over sixteen of their slices they have 6.0 and more, with a tenth 6.9 and more.
 */
export const mostSpike = 6
/** Most brightness of a ghost, as a share of the head's. Four real scans with skulls have 0.003 to 0.007, with a ghost of 0.1 they have 0.09 to 0.10. */
export const mostGhost = 0.085

/** @throws SequelaError `scan_unsuitable` when stripes or a second head lie over the picture. */
export function checkArtefacts({ spike, ghost = 0 }: Artefacts): void {
  if (spike > mostSpike) {
    throw unsuitable(
      `stripes lie over it: one frequency is ${spike.toFixed(1)} times as strong as all around it and ${mostSpike} is the most; ` +
        'such spikes come of a fault in the scanner',
    )
  }
  if (ghost > mostGhost) {
    throw unsuitable(
      `the head is in it twice: a ghost has ${(100 * ghost).toFixed(0)} % of its brightness and ${100 * mostGhost} % is the most`,
    )
  }
}

/** A scan with fewer different values is a label map or a mask. Real scans have hundreds. */
const fewestGreyLevels = 20

/** A scan with less than this that is not 0 holds no head; a child's brain alone in a wide field of view fills 7 %. */
const leastFilled = 0.05
/** So many rows, spread over the scan, are looked at: enough for a share of a few percent and for grey levels. */
const sampleRows = 512

/** A voxel of the grid belongs to the brain when the scan is not zero in at least this share of it. */
export const leastCoverage = 0.5

/** Overlap of two masks of one length: 2 |a ∩ b| / (|a| + |b|); 0 when both are empty. */
export function diceOf(a: Uint8Array, b: Uint8Array): number {
  let [both, either] = [0, 0]
  for (let i = 0; i < a.length; i++) {
    const [inA, inB] = [a[i] as number, b[i] as number]
    both += inA & inB
    either += inA + inB
  }
  return either === 0 ? 0 : (2 * both) / either
}

/**
 * Looks at a sample of the scan's rows.
 * @throws SequelaError `scan_unsuitable` unless more than `leastFilled` of the voxels are not 0, and those have more than
 * `fewestGreyLevels` different values.
 */
export function checkContent({ shape, readRow }: StoredVolume): void {
  const [depth, height, width] = shape
  const row = new Float32Array(width)
  // An odd stride does not keep to the same rows of slices of even height.
  const stride = Math.floor((depth * height) / sampleRows) | 1
  const levels = new Set<number>()
  let [filled, seen] = [0, 0]
  for (let at = 0; at < depth * height; at += stride, seen += width) {
    if (!readRow(Math.floor(at / height), at % height, row)) continue
    for (let x = 0; x < width; x++) {
      const value = row[x] as number
      if (value === 0) continue
      filled++
      if (levels.size <= fewestGreyLevels) levels.add(value)
    }
  }
  if (filled <= leastFilled * seen) {
    const share = ((100 * filled) / seen).toFixed(1)
    throw unsuitable(
      `${share} % of its voxels are not 0, and a head fills more than ${100 * leastFilled} %; it is empty, a mask or a map`,
    )
  }
  if (levels.size <= fewestGreyLevels) {
    throw unsuitable(`it has only ${levels.size} different values; it is a label map or a mask`)
  }
}

function unsuitable(reason: string): SequelaError {
  return new SequelaError('scan_unsuitable', `The scan cannot be used: ${reason}.`)
}
