// `site status`: what the agent noted of itself, and what has changed since without it.

import { existsSync } from 'node:fs'
import type { StudyFile } from '../../shared/study/study.ts'
import { createApprovals } from '../approvals.ts'
import type { SiteHome } from '../home.ts'
import { isLocked } from '../home-lock.ts'
import { linkageCounts, readLinkageRecord } from '../linkage/linkage-record.ts'
import { type AgentStatus, readStatus } from '../status-board.ts'
import { statusInWords } from './status-words.ts'

/**
 * The status in words, or as one line of JSON.
 * @throws SequelaError as `readStatus`.
 */
export async function siteStatus(home: SiteHome, asJson: boolean): Promise<string> {
  const { studies, unreadable } = await createApprovals(home.approvalsFolder).list()
  const status = withoutApproved(await readStatus(home.statusFile), studies)
  const running = isLocked(home)
  const enrolled = existsSync(home.identityFile)
  const linkage = await readLinkageRecord(home.linkageFile)
  if (asJson)
    return JSON.stringify({
      running,
      enrolled,
      ...status,
      unreadableApprovals: unreadable,
      linkage: linkageCounts(linkage),
    })
  return statusInWords({ status, running, enrolled, unreadable, linkage })
}

/** An agent notes a study when it is offered; a person may have approved it since, also while no agent ran. */
function withoutApproved(status: AgentStatus | undefined, studies: readonly StudyFile[]): AgentStatus | undefined {
  if (status === undefined) return undefined
  const approved = new Set<string>(studies.map(({ digest }) => digest))
  return { ...status, offers: status.offers.filter(({ digest }) => !approved.has(digest)) }
}
