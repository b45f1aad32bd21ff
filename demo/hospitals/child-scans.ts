// All scans of one child, painted and written below the folder of its data set.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TissueMap } from './anatomy.ts'
import { scanPath, sidecarText } from './bids-writer.ts'
import { childPainter, visitExposure } from './child-painter.ts'
import { type ChildPlan, drawCourse } from './cohort.ts'
import { drawIdentity, sessionsByName } from './identity.ts'
import { encodeScan } from './stored-scan.ts'

/** What painting a child came to. */
export interface PaintedChild {
  readonly scans: number
  readonly bytes: number
}

/**
 * Paints the child's visits and writes image and sidecar of each below `folder`. They are written by name, so that
 * the times of the files do not tell their order either.
 */
export function writeChildScans(plan: ChildPlan, template: TissueMap, folder: string): PaintedChild {
  const child = drawCourse(plan)
  const identity = drawIdentity(plan, child)
  const images = childPainter(plan, child, template)
  let bytes = 0
  for (const session of sessionsByName(identity)) {
    const visit = child.days.indexOf(session.day)
    const exposure = visitExposure(plan, visit)
    const { storage } = exposure.scanner
    const encoded = encodeScan(images(visit), template.grid, storage)
    const path = join(folder, scanPath(identity.participant, session.session, storage.gzip))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, encoded)
    writeFileSync(path.replace(/\.nii(\.gz)?$/, '.json'), sidecarText(exposure))
    bytes += encoded.length
  }
  return { scans: child.days.length, bytes }
}
