// Where each frame of an image lies, and how its stored numbers become values.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { type Fields, itemOf, numberOf } from './fields.ts'
import type { Frame, FramePlane, Vector } from './instance.ts'
import { maxFrames } from './limits.ts'
import { acquisition, enhanced, image } from './tags.ts'

/** Directions may be this far from length 1 and from a right angle; headers round to six digits. */
const directionTolerance = 1e-3

/** The frames of an image, one for a classic one. @throws SequelaError `scan_unreadable`. */
export function framesOf(fields: Fields): readonly Frame[] {
  const perFrame = fields.items(enhanced.perFrame)
  const count = numberOf(fields, image.numberOfFrames) ?? 1
  if (!Number.isInteger(count) || count < 1 || count > maxFrames) {
    throw new SequelaError(
      'scan_unreadable',
      `The file cannot be used: it claims ${count} frames; at most ${maxFrames} are read.`,
    )
  }
  if (count === 1 && perFrame.length === 0) return [frameOf(0, [fields])]
  const shared = itemOf(fields, enhanced.shared)
  return Array.from({ length: count }, (_, index) => {
    const own = perFrame[index]
    return frameOf(
      index,
      [own, shared].filter((group) => group !== undefined),
      true,
    )
  })
}

/** @param sources in this order; the first that has an attribute counts */
function frameOf(index: number, sources: readonly Fields[], grouped = false): Frame {
  const numbers = (group: keyof typeof enhanced, tag: Parameters<Fields['numbers']>[0]): readonly number[] => {
    for (const source of sources) {
      const found = grouped ? itemOf(source, enhanced[group])?.numbers(tag) : source.numbers(tag)
      if (found !== undefined && found.length > 0) return found
    }
    return []
  }
  const echoTag = grouped ? enhanced.effectiveEchoTime : acquisition.echoTime
  return {
    index,
    plane: planeOf(
      numbers('planePosition', image.position),
      numbers('planeOrientation', image.orientation),
      numbers('pixelMeasures', image.pixelSpacing),
    ),
    echoTimeMs: numbers('echo', echoTag)[0],
    slope: numbers('pixelTransformation', image.slope)[0] ?? 1,
    intercept: numbers('pixelTransformation', image.intercept)[0] ?? 0,
  }
}

function planeOf(
  position: readonly number[],
  orientation: readonly number[],
  spacing: readonly number[],
): FramePlane | undefined {
  const [x, y, z] = position
  const [a, b, c, d, e, f] = orientation
  const [rowSpacingMm, columnSpacingMm] = spacing
  if (x === undefined || y === undefined || z === undefined || position.length !== 3) return undefined
  if (a === undefined || b === undefined || c === undefined) return undefined
  if (d === undefined || e === undefined || f === undefined || orientation.length !== 6) return undefined
  if (rowSpacingMm === undefined || columnSpacingMm === undefined) return undefined
  if (!(rowSpacingMm > 0) || !(columnSpacingMm > 0)) return undefined
  const rowDirection: Vector = [a, b, c]
  const columnDirection: Vector = [d, e, f]
  const straight =
    Math.abs(Math.hypot(...rowDirection) - 1) < directionTolerance &&
    Math.abs(Math.hypot(...columnDirection) - 1) < directionTolerance &&
    Math.abs(dot(rowDirection, columnDirection)) < directionTolerance
  return straight ? { position: [x, y, z], rowDirection, columnDirection, rowSpacingMm, columnSpacingMm } : undefined
}

export function dot([a, b, c]: Vector, [d, e, f]: Vector): number {
  return a * d + b * e + c * f
}
