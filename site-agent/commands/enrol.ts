// `site enrol`: from a code to an identity. Everything that can be checked is checked before the code is used up. A site that
// joins again, as after its certificate ended, keeps its `site.yaml`: which scans are used and how hangs on it.

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { redeemCode } from '../enrolment-client.ts'
import { changeThreads, defaultThreads, findSettings, type SiteHome, writeSettings } from '../home.ts'
import { isLocked } from '../home-lock.ts'
import { certificateLife, writeIdentity } from '../identity-file.ts'

export interface EnrolOptions {
  readonly code: string
  /** Absolute path of the folder with the scans, in any layout that is known; absent: that of `site.yaml`. */
  readonly data?: string | undefined
  /** Absent: those of `site.yaml`, or one. */
  readonly threads?: number | undefined
}

/**
 * Returns what to tell who joined.
 * @throws SequelaError `usage`, `config_invalid`, `file_unreadable`, `store_locked`, `invitation_invalid`, `unreachable`.
 */
export async function enrol(home: SiteHome, { code, data, threads }: EnrolOptions): Promise<string> {
  const kept = await findSettings(home)
  if (kept !== undefined && data !== undefined && resolve(kept.data) !== data) {
    const message =
      `${home.settingsFile} names ${kept.data} as the folder with the scans; leave out --data to keep it, or correct the ` +
      'line data there first; the code was not used'
    throw new SequelaError('config_invalid', message)
  }
  const folder = kept?.data ?? data
  if (folder === undefined)
    throw new SequelaError('usage', 'name the folder with the scans: --data FOLDER; the code was not used')
  const isFolder = await stat(folder).then(
    (info) => info.isDirectory(),
    () => false,
  )
  if (!isFolder)
    throw new SequelaError('file_unreadable', `${folder} is not a folder that can be read; the code was not used`)
  if (isLocked(home)) throw new SequelaError('store_locked', `an agent runs in ${home.folder}; stop it first`)
  const identity = await redeemCode(code)
  await writeIdentity(home.identityFile, identity)
  if (kept === undefined) await writeSettings(home, { data: folder, threads: threads ?? defaultThreads })
  else if (threads !== undefined && threads !== kept.threads) await changeThreads(home, threads)
  const until = new Date(certificateLife(identity).notAfterMs).toISOString()
  return [
    `This is now site ${identity.site} of ${identity.federationAddress}.`,
    `  its key was made here and stays in ${home.identityFile}`,
    `  its certificate is good until ${until} and renews itself while the agent runs`,
    ...(kept === undefined ? [] : [`  its settings stay as they are in ${home.settingsFile}`]),
    'Next: site check-data, then site approve, then site run',
  ].join('\n')
}
