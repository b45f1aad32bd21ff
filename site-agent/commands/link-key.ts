// `site link-key`: makes the key that hospitals share, takes it over, or says its fingerprint for the telephone.

import { resolve } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { fingerprintInGroups } from '../../shared/protocol/link-tokens.ts'
import type { SiteHome } from '../home.ts'
import { createLinkKey, importLinkKey, keyFingerprint, readLinkSecrets } from '../linkage/link-key.ts'

export interface LinkKeyOptions {
  readonly create?: string
  readonly import?: string
}

const afterwards = 'An agent that runs takes this in at its next start.'

/** What to print. @throws SequelaError `usage`, `config_invalid`, `file_unreadable`. */
export async function linkKey(home: SiteHome, options: LinkKeyOptions): Promise<string> {
  if (options.create !== undefined && options.import !== undefined) {
    throw new SequelaError(
      'usage',
      'one hospital makes the key (--create) and the others take it over (--import); do either',
    )
  }
  if (options.create !== undefined) {
    const file = resolve(options.create)
    const fingerprint = await createLinkKey(home, file)
    return [
      `The key is made; its fingerprint is ${fingerprintInGroups(fingerprint)}`,
      `Give ${file} to the other hospitals by a way that the coordinator has no part in, then delete it.`,
      'On the telephone, read them the fingerprint: theirs must be the same.',
      afterwards,
    ].join('\n')
  }
  if (options.import !== undefined) {
    const fingerprint = await importLinkKey(home, resolve(options.import))
    return [
      `The key is here; its fingerprint is ${fingerprintInGroups(fingerprint)}`,
      'Compare it by telephone with the hospital that made the key, then delete the file that was sent.',
      afterwards,
    ].join('\n')
  }
  const secrets = await readLinkSecrets(home.linkKeyFile)
  if (secrets === undefined)
    return 'This site has no key. One hospital makes it (--create FILE), the others --import it.'
  return `This site has a key with the fingerprint ${fingerprintInGroups(keyFingerprint(secrets.key))}`
}
