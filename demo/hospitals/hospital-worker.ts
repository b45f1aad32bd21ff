// The thread that paints: it is told one child after another and answers with what that child's scans came to.

import { parentPort, workerData } from 'node:worker_threads'
import type { TissueMap } from './anatomy.ts'
import { type PaintedChild, writeChildScans } from './child-scans.ts'
import type { ChildPlan } from './cohort.ts'
import { errnoOf } from './write-failure.ts'

/** What a painting thread is asked. */
export interface PaintOrder {
  readonly plan: ChildPlan
  /** Where the child's data set is being put together. */
  readonly folder: string
}

/** What it answers: the child's scans, or why there are none. */
export type PaintReply = PaintedChild | { readonly failure: string; readonly errno: string | undefined }

const port = parentPort
if (port === null) throw new Error('hospital-worker.ts is a thread of hospitals.ts and does nothing by itself')

const template: TissueMap = workerData
port.on('message', ({ plan, folder }: PaintOrder) => {
  port.postMessage(paint(plan, folder))
})

function paint(plan: ChildPlan, folder: string): PaintReply {
  try {
    return writeChildScans(plan, template, folder)
  } catch (error) {
    // Errors lose their codes on the way between threads, so these go as text.
    return { failure: error instanceof Error ? error.message : String(error), errno: errnoOf(error) }
  }
}
