// `site approve`: a person reads what a study asks of this hospital and says yes to exactly that text.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { studyInWords } from '../../shared/study/in-words.ts'
import { parseStudy, type StudyFile } from '../../shared/study/study.ts'
import { createApprovals } from '../approvals.ts'
import { brainNetworkFor } from '../brain-network-setting.ts'
import { createCoordinatorClient } from '../coordinator-client.ts'
import { readSettings, type SiteHome } from '../home.ts'
import { readIdentity } from '../identity-file.ts'

/**
 * Lists what waits, or approves the study whose digest begins with `digits`.
 * @throws SequelaError `study_unknown`; `study_invalid` for what no new study may ask; `config_invalid` when the study asks for a
 * network that the site does not have.
 */
export async function approve(home: SiteHome, digits: string | undefined): Promise<void> {
  const offered = await offeredStudies(home)
  const approvals = createApprovals(home.approvalsFolder)
  if (digits === undefined) {
    const approved = new Set((await approvals.list()).map(({ digest }) => digest))
    for (const study of offered)
      print(`${studyInWords(study)}\n  ${approved.has(study.digest) ? 'approved' : 'NOT approved'} here\n`)
    if (offered.length === 0) print('No study lists this site yet.')
    return
  }
  const [study, another] = offered.filter(({ digest }) => digest.startsWith(digits))
  if (study === undefined || another !== undefined) {
    const known =
      offered.map(({ digest, study: { study: name } }) => `${digest.slice(0, 12)} ${name}`).join(', ') || 'none'
    throw new SequelaError(
      'study_unknown',
      `"${digits}" names ${another === undefined ? 'no study' : 'several studies'} of this site; there are: ${known}`,
    )
  }
  print(studyInWords(study))
  brainNetworkFor(home, await readSettings(home), study.study)
  await approvals.approve(study)
  print('\nRecorded: this hospital takes part in this study. To take that back, delete')
  print(`  ${home.approvalsFolder}/${study.digest}.yaml`)
}

/** Studies as the coordinator sends them; each is parsed here, and its digest is computed here. */
async function offeredStudies(home: SiteHome): Promise<readonly StudyFile[]> {
  const identity = await readIdentity(home.identityFile)
  const client = createCoordinatorClient(identity)
  try {
    return (await client.listStudies()).map(({ text }) => parseStudy(text))
  } finally {
    client.close()
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
