// `site enrol`: from a code to an identity. Everything that can be checked is checked before the code is used up.

import { stat } from 'node:fs/promises'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { redeemCode } from '../enrolment-client.ts'
import { type SiteHome, writeSettings } from '../home.ts'
import { isLocked } from '../home-lock.ts'
import { certificateLife, writeIdentity } from '../identity-file.ts'

export interface EnrolOptions {
  readonly code: string
  /** Absolute path of the folder with the scans, in any layout that is known. */
  readonly data: string
  readonly threads: number
}

/** @throws SequelaError `file_unreadable`, `store_locked`, `invitation_invalid`, `unreachable`. */
export async function enrol(home: SiteHome, { code, data, threads }: EnrolOptions): Promise<void> {
  const isFolder = await stat(data).then(
    (info) => info.isDirectory(),
    () => false,
  )
  if (!isFolder)
    throw new SequelaError('file_unreadable', `${data} is not a folder that can be read; the code was not used`)
  if (isLocked(home)) throw new SequelaError('store_locked', `an agent runs in ${home.folder}; stop it first`)
  const identity = await redeemCode(code)
  await writeIdentity(home.identityFile, identity)
  await writeSettings(home, { data, threads })
  const until = new Date(certificateLife(identity).notAfterMs).toISOString()
  process.stdout.write(
    [
      `This is now site ${identity.site} of ${identity.federationAddress}.`,
      `  its key was made here and stays in ${home.identityFile}`,
      `  its certificate is good until ${until} and renews itself while the agent runs`,
      'Next: site check-data, then site approve, then site run',
      '',
    ].join('\n'),
  )
}
