// A scan whose head lies elsewhere: the same voxels under another orientation in the header, which is a known motion without
// any interpolation.

import { gunzipSync } from 'node:zlib'
import type { Random } from '../../shared/random.ts'
import { parseNiftiHeader } from '../../site-agent/imaging/nifti-header.ts'
import { fromEuler, moved, type Point, type Rigid } from '../../site-agent/imaging/rigid.ts'
import { compose } from '../../site-agent/imaging/volume.ts'

/** @param file a NIfTI-1 file, little-endian, gzipped; @returns it uncompressed, with its sform moved by `motion` */
export function movedScan(file: Uint8Array, motion: Rigid): Uint8Array {
  const bytes = Uint8Array.from(gunzipSync(file))
  const { affine } = parseNiftiHeader(bytes)
  const view = new DataView(bytes.buffer)
  view.setInt16(252, 0, true)
  view.setInt16(254, 1, true)
  compose(motion, affine)
    .flat()
    .forEach((value, i) => {
      view.setFloat32(280 + 4 * i, value, true)
    })
  return bytes
}

/** The middle of a scan's field of view, in mm. @param file as above */
export function middleOf(file: Uint8Array): Point {
  const { affine, shape } = parseNiftiHeader(Uint8Array.from(gunzipSync(file)))
  return moved(affine, [shape[2] / 2, shape[1] / 2, shape[0] / 2])
}

/** A turn of `degrees` about a drawn axis through `center`, and a shift of `mm` in a drawn direction. */
export function drawnMotion(random: Random, center: Point, degrees: number, mm: number): Rigid {
  const unit = (): readonly number[] => {
    const drawn = [random.normal(), random.normal(), random.normal()]
    const length = Math.hypot(...drawn)
    return drawn.map((value) => value / length)
  }
  // Turning the first axis onto the drawn one, about it, and back is a turn about the drawn one.
  const [x = 0, y = 0, z = 1] = unit()
  const [azimuth, height] = [Math.atan2(y, x), Math.asin(z)]
  const toAxis = compose(fromEuler([0, 0, azimuth], center), fromEuler([0, -height, 0], center))
  const back = compose(fromEuler([0, height, 0], center), fromEuler([0, 0, -azimuth], center))
  const turn = compose(toAxis, compose(fromEuler([(degrees * Math.PI) / 180, 0, 0], center), back))
  const shift = unit().map((value) => value * mm)
  return compose(fromEuler([0, 0, 0, ...shift], center), turn)
}
