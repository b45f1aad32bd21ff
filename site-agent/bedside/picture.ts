// From a slice to a PNG: grey between the ends of a window, or a colour for what became brighter and darker. The same window
// for all of a child's scans, so that they can be compared.

import { encode } from 'fast-png'
import type { Slice } from './slices.ts'

/** Values at which grey is black and white, in units of the brain's deviation. */
export interface Window {
  readonly dark: number
  readonly bright: number
}

/** A scan in grey; what is not brain is black. @param window `dark` below `bright` */
export function greyPicture({ width, height, values }: Slice, { dark, bright }: Window): Uint8Array {
  const data = Uint8Array.from(values, (value) => (value === 0 ? 0 : byte((value - dark) / (bright - dark))))
  return encode({ width, height, data, channels: 1, depth: 8 })
}

/** Orange and blue of Okabe and Ito's palette, told apart by colour-blind readers too. */
const [brighter, darker] = [
  [230, 159, 0],
  [86, 180, 233],
] as const

/**
 * A change in colour: orange became brighter, blue darker, black is no change.
 * @param full the change at which a colour is at its strongest, above 0
 */
export function changePicture({ width, height, values }: Slice, full: number): Uint8Array {
  const data = new Uint8Array(3 * values.length)
  values.forEach((value, i) => {
    const colour = value > 0 ? brighter : darker
    const strength = Math.min(1, Math.abs(value) / full)
    for (let channel = 0; channel < 3; channel++) data[3 * i + channel] = Math.round(strength * (colour[channel] ?? 0))
  })
  return encode({ width, height, data, channels: 3, depth: 8 })
}

function byte(share: number): number {
  return Math.round(255 * Math.min(1, Math.max(0, share)))
}
