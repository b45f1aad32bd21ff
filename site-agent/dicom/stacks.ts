// Images sorted into stacks: all frames of one series and one echo time. A folder of a PACS holds many series in no order,
// and some twice; nothing is decided here but what belongs together.

import type { Frame, Instance } from './instance.ts'

/** An image and where it is read from. */
export interface Located {
  readonly instance: Instance
  /** A file, or for images still in the PACS nothing. */
  readonly file: string
}

/** One frame of one image. */
export interface Slice {
  readonly source: Located
  readonly frame: Frame
}

export interface Stack {
  /** The first of its images: what holds for a series is taken from it. */
  readonly instance: Instance
  readonly slices: readonly Slice[]
  /** Of how many echoes the series has. */
  readonly echoes: number
  /** Images that were there more than once with the same SOPInstanceUID. */
  readonly duplicates: number
}

/** Echo times of one echo may differ in their last digit. */
const echoStepMs = 0.5

/** Stacks in order of series number, then of echo time. */
export function stacksOf(located: readonly Located[]): readonly Stack[] {
  const bySeries = Map.groupBy(located, ({ instance }) => instance.identifiers.seriesUid)
  return [...bySeries.values()].flatMap(stacksOfSeries).toSorted(byNumber)
}

function stacksOfSeries(images: readonly Located[]): Stack[] {
  const bySop = Map.groupBy(images, ({ instance }) => instance.identifiers.sopUid)
  const duplicates = images.length - bySop.size
  const single = [...bySop.values()].flatMap(([first]) => (first === undefined ? [] : [first]))
  const slices = single.flatMap((source): Slice[] => source.instance.frames.map((frame) => ({ source, frame })))
  const byEcho = Map.groupBy(slices, ({ source, frame }) =>
    Math.round((frame.echoTimeMs ?? source.instance.physics.echoTimeMs ?? 0) / echoStepMs),
  )
  return [...byEcho.entries()]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([, own]) => {
      const [first] = own
      if (first === undefined) return []
      return [{ instance: withEcho(first), slices: own, echoes: byEcho.size, duplicates }]
    })
}

function withEcho({ source: { instance }, frame }: Slice): Instance {
  const echoTimeMs = frame.echoTimeMs ?? instance.physics.echoTimeMs
  return { ...instance, physics: { ...instance.physics, echoTimeMs } }
}

function byNumber(a: Stack, b: Stack): number {
  const order = (a.instance.seriesNumber ?? 0) - (b.instance.seriesNumber ?? 0)
  return order !== 0 ? order : a.instance.identifiers.seriesUid < b.instance.identifiers.seriesUid ? -1 : 1
}
