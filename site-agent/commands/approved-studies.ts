// The studies that this hospital has approved, for commands: what cannot be read of them is told to whoever gave the command.

import type { StudyFile } from '../../shared/study/study.ts'
import { createApprovals } from '../approvals.ts'
import type { SiteHome } from '../home.ts'

/** In the order in which they were approved, the latest last. */
export async function approvedStudies(home: SiteHome): Promise<readonly StudyFile[]> {
  const { studies, unreadable } = await createApprovals(home.approvalsFolder).list()
  for (const { code, reason } of unreadable) process.stderr.write(`${code}: ${reason}\n`)
  return studies
}
