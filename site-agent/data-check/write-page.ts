// Draws every scan that could be prepared and writes the page, in one step and readable by its owner alone.

import { resolve } from 'node:path'
import { systemClock } from '../../shared/clock.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { type ImageStudy, isImageStudy, type Study } from '../../shared/study/study.ts'
import { isPreparedVolume, type PreparedScan } from '../children.ts'
import type { CheckReport } from '../cohort/checks.ts'
import type { Cohort, CohortScan } from '../cohort/cohort.ts'
import type { PreparedCohort } from '../cohort/prepare-cohort.ts'
import { writeFileDurably } from '../durable-file.ts'
import { displayGrid, displayVolume } from '../imaging/display.ts'
import { readBrain } from '../imaging/kept-brains.ts'
import type { PreparedVolume } from '../imaging/prepared.ts'
import { readScanFile } from '../imaging/scan-file.ts'
import { templateMaskOn } from '../imaging/template.ts'
import { renderCheckPage } from './check-page.ts'
import { checkPage, type FurtherImage } from './page-data.ts'
import { picturesOf, type ScanPictures } from './scan-picture.ts'

/** Thumbnails: 104 × 96 voxels at most, some 20 KB a scan. */
const spacingMm = 2.5

export interface CheckPageRequest {
  /** Ends in .html. */
  readonly file: string
  readonly report: CheckReport
  readonly cohort: Cohort
  readonly prepared: PreparedCohort<PreparedScan>
  readonly study: Study
  readonly onProgress: (done: number, total: number) => void
}

/** @throws SequelaError `usage` for another ending or a study without images, `file_unreadable` when it cannot be written. */
export async function writeCheckPage(request: CheckPageRequest): Promise<void> {
  const { report, cohort, prepared, study } = request
  const file = resolve(request.file)
  if (!file.endsWith('.html')) throw new SequelaError('usage', '--html must name a file that ends in .html')
  if (!isImageStudy(study))
    throw new SequelaError('usage', '--html draws scans, and this study shows arrays of numbers')
  const templateMask = templateMaskOn(displayGrid(spacingMm))
  const pictures = new Map<CohortScan, ScanPictures>()
  const quality = new Map<CohortScan, string>()
  const further = new Map<CohortScan, FurtherImage[]>()
  const drawn = async (volume: PreparedVolume): Promise<ScanPictures> => {
    const content = await readScanFile(volume.path)
    const { brainMask } = study.pipeline
    const brain = volume.brainFile === undefined ? undefined : await readBrain(volume.brainFile)
    const shown = displayVolume(content, volume.registration, { spacingMm, brainMask, brain })
    return picturesOf(shown, templateMask)
  }
  let done = 0
  for (const [scan, volume] of prepared.volumes) {
    if (!isPreparedVolume(volume)) continue
    pictures.set(scan, await drawn(volume))
    quality.set(scan, qualityText(volume, study))
    const others: FurtherImage[] = []
    for (const [channel, image] of (prepared.channels.get(scan) ?? []).entries()) {
      if (image === undefined || image === volume || !isPreparedVolume(image)) continue
      const sequence = cohort.channels?.[channel] ?? ''
      others.push({ sequence, pictures: await drawn(image), quality: qualityText(image, study) })
    }
    further.set(scan, others)
    request.onProgress(++done, prepared.volumes.size)
  }
  const madeAt = new Date(systemClock.now()).toISOString().slice(0, 16).replace('T', ' ')
  const page = checkPage({ report, children: cohort.children, pictures, quality, further, madeAt: `${madeAt} UTC` })
  await writeFileDurably(file, renderCheckPage(page).text)
}

function qualityText({ quality, registration }: PreparedVolume, { pipeline }: ImageStudy): string {
  const overlap =
    `brain overlaps the template by ${quality.dice.toFixed(2)} (Dice)` +
    (quality.agreement === undefined ? '' : `; network and template agree by ${quality.agreement.toFixed(2)}`)
  if (pipeline.registration === 'none') return overlap
  const { rotationDegrees, starts } = registration.quality
  return `${overlap}; turned by ${rotationDegrees.toFixed(0)}°${starts > 1 ? `, found at start ${starts}` : ''}`
}
