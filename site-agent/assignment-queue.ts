// Assignments that wait for the one being worked on. Each can be called off, waiting or not.

import { formatAssignmentId } from '../shared/protocol/assignment-id.ts'
import type { Assignment } from './assignment.ts'

/** An assignment taken from the queue; `signal` aborts when it is called off or the agent stops. */
export interface QueuedAssignment {
  readonly assignment: Assignment
  readonly signal: AbortSignal
}

export interface AssignmentQueue {
  /** Adds an assignment unless it is waiting or being worked on already. */
  add(assignment: Assignment): void
  cancel(assignmentId: string): void
  /** What waits or is being worked on. */
  asked(): readonly Assignment[]
  /** The next assignment, or undefined once the agent stops. */
  next(): Promise<QueuedAssignment | undefined>
  /** The one that was taken last has ended. */
  done(): void
}

/** A queue that ends when `stop` aborts. */
export function createAssignmentQueue(stop: AbortSignal): AssignmentQueue {
  const waiting = new Map<string, Assignment>()
  let current:
    | { readonly id: string; readonly assignment: Assignment; readonly controller: AbortController }
    | undefined
  let wake = (): void => {}
  const somethingNew = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve
    })
  stop.addEventListener('abort', () => wake())

  return {
    add: (assignment) => {
      const id = formatAssignmentId(assignment)
      if (current?.id === id && !current.controller.signal.aborted) return
      waiting.set(id, assignment)
      wake()
    },
    cancel: (id) => {
      waiting.delete(id)
      if (current?.id === id) current.controller.abort()
    },
    asked: () => [...(current === undefined ? [] : [current.assignment]), ...waiting.values()],
    next: async () => {
      while (waiting.size === 0 && !stop.aborted) await somethingNew()
      const [first] = waiting
      if (stop.aborted || first === undefined) return undefined
      const [id, assignment] = first
      waiting.delete(id)
      const controller = new AbortController()
      current = { id, assignment, controller }
      return { assignment, signal: AbortSignal.any([stop, controller.signal]) }
    },
    done: () => {
      current = undefined
    },
  }
}
