// Of masks by network: how far they agree with the template's, over all images that could be prepared.

import type { ScanVolume } from './prepare-visit.ts'

/** Dice overlaps. */
export interface MaskAgreement {
  readonly images: number
  readonly median: number
  readonly least: number
}

/** Undefined where no network was asked. */
export function maskAgreement(of: {
  readonly volumes: ReadonlyMap<unknown, ScanVolume>
  readonly channels: ReadonlyMap<unknown, readonly (ScanVolume | undefined)[]>
}): MaskAgreement | undefined {
  const images = new Set([...of.volumes.values(), ...[...of.channels.values()].flat()])
  const sorted = [...images].flatMap((image) => image?.quality?.agreement ?? []).toSorted((a, b) => a - b)
  const [least] = sorted
  if (least === undefined) return undefined
  return { images: sorted.length, median: sorted[Math.floor(sorted.length / 2)] ?? least, least }
}

export function agreementInWords({ images, median, least }: MaskAgreement): string {
  const over = images === 1 ? 'in one image' : `in the middle of ${images} images, by ${least.toFixed(2)} at least`
  return `Network and template agree on the brain by ${median.toFixed(2)} (Dice) ${over}.`
}
