// What `site status` prints: the agent's own note of what it is doing, in words.

import { progressText } from '../../shared/progress-text.ts'
import type { UnreadableApproval } from '../approvals.ts'
import { type LinkageRecord, linkageInWords } from '../linkage/linkage-record.ts'
import type { AgentStatus } from '../status-board.ts'

export interface SiteState {
  /** The last that an agent wrote; undefined where none ever ran. */
  readonly status: AgentStatus | undefined
  /** Whether the process that wrote it is alive. */
  readonly running: boolean
  /** Whether there is an identity to run with. */
  readonly enrolled: boolean
  /** Approvals that are of no use until a person has seen to them. */
  readonly unreadable: readonly UnreadableApproval[]
  readonly linkage: LinkageRecord
}

export function statusInWords({ status, running, enrolled, unreadable, linkage }: SiteState): string {
  if (!enrolled) return 'This site has not joined a consortium. Join with: site enrol CODE --data FOLDER'
  if (status === undefined) return 'The agent has never run here. Start it with: site run'
  const lines = [
    running ? `The agent runs as process ${status.pid}.` : 'The agent is not running. Start it with: site run',
  ]
  if (running) lines.push(connectionInWords(status))
  if (running && status.work !== null) {
    const { study, stage, round, activity, done, total } = status.work
    lines.push(
      `Now: ${progressText(activity, done, total)}, for study ${study.slice(0, 12)}, stage ${stage + 1}, round ${round + 1}.`,
    )
  }
  if (status.last !== null) {
    const { study, stage, round, outcome } = status.last
    lines.push(`Last: study ${study.slice(0, 12)}, stage ${stage + 1}, round ${round + 1}: ${outcome}.`)
  }
  for (const offer of status.offers) {
    lines.push(`Study ${offer.name} waits for this hospital's approval. Read it with: site approve ${offer.digest}`)
  }
  for (const { digest, reason } of unreadable) lines.push(`No part in study ${digest.slice(0, 12)}: ${reason}`)
  lines.push(...linkageInWords(linkage))
  lines.push(`As of ${status.updatedAt}.`)
  return lines.join('\n')
}

function connectionInWords({ connection }: AgentStatus): string {
  switch (connection.state) {
    case 'connecting':
      return 'It is connecting to the coordinator.'
    case 'connected': {
      const seconds = Math.round(connection.clockDifferenceMs / 1000)
      const clock =
        Math.abs(seconds) > 60
          ? ` This machine's clock differs from the coordinator's by ${seconds} s: correct it.`
          : ''
      return `It has been connected since ${connection.since}.${clock}`
    }
    case 'waiting':
      return `It cannot reach the coordinator: ${connection.reason}. It tries again at ${connection.retryAt}.`
    case 'stopped':
      return 'It is stopping.'
  }
}
