// `site approve`: a person reads what a study asks of this hospital and says yes to exactly that text.

import { studyInWords } from '../../shared/study/in-words.ts'
import { createApprovals } from '../approvals.ts'
import { brainNetworkFor } from '../brain-network-setting.ts'
import { createCoordinatorClient } from '../coordinator-client.ts'
import { readSettings, type SiteHome } from '../home.ts'
import { readIdentity } from '../identity-file.ts'
import { approvedStudies } from './approved-studies.ts'
import { offeredInWords, studyAmong } from './offered-studies.ts'

/**
 * Lists what waits, or approves the study whose digest begins with `digits`.
 * @throws SequelaError as `studyAmong`; `study_invalid` also for what no new study may ask; `config_invalid` when the study
 * asks for a network that the site does not have.
 */
export async function approve(home: SiteHome, digits: string | undefined): Promise<void> {
  const texts = await offeredTexts(home)
  if (digits === undefined) {
    print(offeredInWords(texts, new Set((await approvedStudies(home)).map(({ digest }) => digest))))
    return
  }
  const study = studyAmong(texts, digits)
  print(studyInWords(study))
  brainNetworkFor(home, await readSettings(home), study.study)
  await createApprovals(home.approvalsFolder).approve(study)
  print('\nRecorded: this hospital takes part in this study. To take that back, delete')
  print(`  ${home.approvalsFolder}/${study.digest}.yaml`)
}

/** Studies as the coordinator sends them. */
async function offeredTexts(home: SiteHome): Promise<readonly string[]> {
  const client = createCoordinatorClient(await readIdentity(home.identityFile))
  try {
    return (await client.listStudies()).map(({ text }) => text)
  } finally {
    client.close()
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
