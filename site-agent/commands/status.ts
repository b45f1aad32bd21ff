// `site status`: what the agent noted of itself, and what has changed since without it.

import { existsSync } from 'node:fs'
import { createApprovals } from '../approvals.ts'
import type { SiteHome } from '../home.ts'
import { isLocked } from '../home-lock.ts'
import { linkageCounts, readLinkageRecord } from '../linkage/linkage-record.ts'
import { type AgentStatus, readStatus } from '../status-board.ts'
import { statusInWords } from './status-words.ts'

/**
 * The status in words, or as one line of JSON.
 * @throws SequelaError as `readStatus`, and `digest_mismatch` for an approval that was changed.
 */
export async function siteStatus(home: SiteHome, asJson: boolean): Promise<string> {
  const status = await withoutApproved(home, await readStatus(home.statusFile))
  const running = isLocked(home)
  const enrolled = existsSync(home.identityFile)
  const linkage = await readLinkageRecord(home.linkageFile)
  if (asJson) return JSON.stringify({ running, enrolled, ...status, linkage: linkageCounts(linkage) })
  return statusInWords({ status, running, enrolled, linkage })
}

/** An agent notes a study when it is offered; a person may have approved it since, also while no agent ran. */
async function withoutApproved(home: SiteHome, status: AgentStatus | undefined): Promise<AgentStatus | undefined> {
  if (status === undefined) return undefined
  const approved = new Set<string>((await createApprovals(home.approvalsFolder).list()).map(({ digest }) => digest))
  return { ...status, offers: status.offers.filter(({ digest }) => !approved.has(digest)) }
}
