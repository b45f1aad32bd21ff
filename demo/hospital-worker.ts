// The thread that paints: it is told one child after another and answers with what that child's scans came to.

import { parentPort } from 'node:worker_threads'
import { SequelaError } from '../shared/protocol/errors.ts'
import { loadTemplate } from './anatomy.ts'
import { type PaintedChild, writeChildScans } from './child-scans.ts'
import type { ChildPlan } from './cohort.ts'

/** What a painting thread is asked. */
export interface PaintOrder {
  readonly plan: ChildPlan
  /** Where the child's data set is being put together. */
  readonly folder: string
}

/** What it answers: the child's scans, or why there are none. */
export type PaintReply = PaintedChild | { readonly failure: string; readonly cause: string | undefined }

const port = parentPort
if (port === null) throw new Error('hospital-worker.ts is a thread of hospitals.ts and does nothing by itself')

const template = loadTemplate()
port.on('message', ({ plan, folder }: PaintOrder) => {
  port.postMessage(paint(plan, folder))
})

function paint(plan: ChildPlan, folder: string): PaintReply {
  try {
    return writeChildScans(plan, template, folder)
  } catch (error) {
    const { message } = SequelaError.from(error)
    return { failure: message, cause: errnoOf(error) }
  }
}

/** The system's name for what went wrong (ENOSPC, EACCES), which does not survive the way between threads. */
function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
