// Where the chosen images of a visit really lie, and when it was: the time is that of the first of them that can be found.

import type { Scanner } from '../../shared/cohort/chart.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { BidsVisit } from './bids.ts'
import type { CohortImage } from './cohort.ts'
import type { DataFolder } from './data-folder.ts'
import type { Rule } from './finding.ts'
import { type ChosenImages, type Image, sequenceIn } from './image-choice.ts'
import { scanTime } from './scan-time.ts'
import { scannerOf } from './scanner.ts'
import type { VisitTime } from './visit-days.ts'

/** The first image that is there, and with it all of them where the study shows several at once. */
export interface LocatedVisit extends CohortImage {
  readonly channels?: readonly (CohortImage | undefined)[]
  readonly time: VisitTime
  readonly scanner: Scanner | undefined
}

/** An image that was chosen and cannot be had. */
export interface LostImage extends Problem {
  readonly path: string
}

interface Problem {
  readonly rule: Rule
  readonly sentence: string
}

export interface VisitSearch {
  /** Undefined when nothing of the visit can be used. */
  readonly located: LocatedVisit | undefined
  readonly lost: readonly LostImage[]
}

const dangling: Problem = { rule: 'unreadable', sentence: 'it is a link to a file that is not there.' }

/** @param together whether the study shows several sequences at once */
export async function locateVisit(
  folder: DataFolder,
  visit: BidsVisit,
  images: ChosenImages,
  together: boolean,
): Promise<VisitSearch> {
  const lost: LostImage[] = []
  const channels: (CohortImage | undefined)[] = []
  for (const image of images) {
    const file = image && (await answerOrProblem(async () => (await folder.locate(image.path)) ?? dangling))
    if (image !== undefined && typeof file === 'object') lost.push({ path: image.path, ...file })
    channels.push(image !== undefined && typeof file === 'string' ? locatedAs(image, file) : undefined)
  }
  const at = channels.findIndex((channel) => channel !== undefined)
  const [first, image] = [channels[at], images[at]]
  if (first === undefined || image === undefined) return { located: undefined, lost }
  const time = await answerOrProblem(() => scanTime(folder, visit, image))
  if ('sentence' in time) return { located: undefined, lost: [...lost, { path: image.path, ...time }] }
  const scanner = await scannerOf(folder, image.path, visit.row?.scanner)
  return { located: { ...first, ...(together ? { channels } : {}), time, scanner }, lost }
}

function locatedAs({ path, name }: Image, file: string): CohortImage {
  return name.sequence === 'features' ? { path, file } : { path, file, sequence: sequenceIn(name) }
}

/** What the data folder answers, or its refusal as a problem of the image. */
async function answerOrProblem<T>(question: () => Promise<T>): Promise<T | Problem> {
  try {
    return await question()
  } catch (error) {
    if (error instanceof SequelaError) return { rule: 'unreadable', sentence: `${error.message}.` }
    throw error
  }
}
