// What rounds leave behind that ended without this agent: a sealed update whose round was over before it had arrived, and
// weights that nothing is trained on any more. An update says more about children than the average does, so it does not lie
// about. Whether it is of use still is for the coordinator to say: it is offered once more, and the answer decides.

import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../shared/log.ts'
import { type AssignmentKey, formatAssignmentId } from '../shared/protocol/assignment-id.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { type Assignment, type AssignmentDeps, type DeliveryClient, deliverUpdate } from './assignment.ts'
import { orDiskFull } from './disk-full.ts'
import { isLossOfCoordinator, isRetryable } from './retryable.ts'
import type { SpooledUpdate } from './spool.ts'

export interface LeftoverDeps extends Pick<AssignmentDeps, 'approvals' | 'egress' | 'spool' | 'weightsFolder'> {
  readonly log: Log
  /** What waits or is being worked on now, looked at anew for each thing: what belongs to it stays. */
  readonly asked: () => readonly Assignment[]
  /** Does work on the connection in force. */
  readonly use: <Result>(work: (client: DeliveryClient) => Promise<Result>) => Promise<Result>
}

/**
 * Clears away what belongs to no assignment. To be called when the coordinator has named all that it asks for: an update that it
 * does not ask for counts already, is of a run that pauses, or comes too late.
 */
export async function clearLeftovers(deps: LeftoverDeps, signal: AbortSignal): Promise<void> {
  removeWeights(deps)
  for (const update of await deps.spool.list()) {
    if (signal.aborted) return
    if (!deps.asked().some((assignment) => isSame(assignment, update.assignment))) await settle(deps, update, signal)
  }
}

/** Weights as `assignment.ts` keeps them, whole or in part. They can be fetched again. */
const weightsName = /^([0-9a-f]{64})\.(safetensors|json)(\.partial)?$/

/** Nothing is awaited, so that no assignment begins to read between the look and the removal. */
function removeWeights({ weightsFolder, asked }: LeftoverDeps): void {
  const needed = new Set<string | undefined>(asked().flatMap(({ baseDigest, pooled }) => [baseDigest, pooled?.digest]))
  // The cache may be deleted at any time.
  if (!existsSync(weightsFolder)) return
  for (const name of readdirSync(weightsFolder)) {
    const digest = weightsName.exec(name)?.[1]
    if (digest !== undefined && !needed.has(digest)) rmSync(join(weightsFolder, name), { force: true })
  }
}

async function settle(deps: LeftoverDeps, update: SpooledUpdate, signal: AbortSignal): Promise<void> {
  const { studyDigest: digest, stage, round } = update.assignment
  try {
    await deps.approvals.find(digest)
    await deps.use((client) => deliverUpdate(deps, client, update, { signal, onProgress: () => {} }))
    deps.log.info('update-delivered', { digest, stage, round })
  } catch (thrown) {
    const error = orDiskFull(thrown)
    const { code } = SequelaError.from(error)
    deps.log.warn('update-left-over', { digest, stage, round, code })
    const mayCount = code === 'cancelled' || isRetryable(error) || isLossOfCoordinator(error)
    // A study that the hospital does not approve any more may have nothing of it either.
    if (error instanceof SequelaError && !mayCount) await deps.spool.remove(update)
  }
}

function isSame(one: AssignmentKey, other: AssignmentKey): boolean {
  return formatAssignmentId(one) === formatAssignmentId(other)
}
