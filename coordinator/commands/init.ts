// `coordinator init`: settings, an empty store and an authority of its own.

import { rm } from 'node:fs/promises'
import { systemClock } from '../../shared/clock.ts'
import { createAuthority } from '../authority/authority.ts'
import { type CoordinatorHome, createHome } from '../home.ts'

export interface InitOptions {
  readonly host: string
  readonly domain?: string
  readonly listen: string
  readonly port: number
  readonly enrolmentPort: number
  readonly minFreeDiskMb: number
}

/** @throws SequelaError `config_invalid`; nothing half made is left. */
export async function initialise(home: CoordinatorHome, options: InitOptions): Promise<void> {
  const domain = (options.domain ?? options.host).toLowerCase()
  await createHome(home, {
    domain,
    host: options.host,
    federation: { address: options.listen, port: options.port },
    enrolment: { address: options.listen, port: options.enrolmentPort },
    minFreeDiskMb: options.minFreeDiskMb,
  })
  try {
    const hosts = [options.host, 'localhost']
    const authority = await createAuthority({ folder: home.authorityFolder, domain, hosts }, systemClock.now())
    process.stdout.write(
      [
        `A coordinator for ${domain} is ready in ${home.folder}.`,
        `  root fingerprint ${authority.rootFingerprint}`,
        `  back up ${home.authorityFolder}; root-key.pem there may be kept on another medium`,
        `Start it with: coordinator serve --home ${home.folder}`,
        '',
      ].join('\n'),
    )
  } catch (error) {
    await rm(home.settingsFile, { force: true })
    throw error
  }
}
