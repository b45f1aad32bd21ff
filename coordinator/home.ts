// A coordinator's home folder: where each thing lies, and the settings file that its operator may edit.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { z } from 'zod'
import { SequelaError } from '../shared/protocol/errors.ts'
import { checkYaml, parseSettings, unreadSettings } from '../shared/yaml-file.ts'

const hostName = z.string().regex(/^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,252})$/, 'is not a host name')
const listener = z.strictObject({
  /** Address to listen on; `0.0.0.0` is every interface. */
  address: z.string().min(1),
  /** TCP port; 0 takes a free one. */
  port: z.int().min(0).max(65535),
})

const settingsSchema = z.strictObject({
  /** Name of the consortium in certificates: spiffe://<domain>/site/<id>. */
  domain: hostName,
  /** Name by which sites reach this machine; it stands in the server's certificate. */
  host: hostName,
  federation: listener,
  enrolment: listener,
  /** New work is refused when less than this is free on the disk, in MB. */
  minFreeDiskMb: z.int().min(0).default(1024),
})

export type CoordinatorSettings = z.infer<typeof settingsSchema>

/** Paths inside a coordinator's home folder. */
export interface CoordinatorHome {
  readonly folder: string
  readonly settingsFile: string
  readonly storeFolder: string
  readonly authorityFolder: string
  /** The addresses in use, written when serving (ports may be drawn by the system). */
  readonly servingFile: string
  /** For the admin socket, where its path is short enough. */
  readonly socketFolder: string
  /** Where the admin socket of the coordinator that serves lies. */
  readonly adminSocketFile: string
}

export function coordinatorHome(folder: string): CoordinatorHome {
  const root = resolve(folder)
  return {
    folder: root,
    settingsFile: join(root, 'coordinator.yaml'),
    storeFolder: join(root, 'store'),
    authorityFolder: join(root, 'authority'),
    servingFile: join(root, 'serving.json'),
    socketFolder: join(root, 'run'),
    adminSocketFile: join(root, 'admin-socket'),
  }
}

/** @throws SequelaError `config_invalid` with what is wrong, or that `coordinator init` comes first. */
export async function readSettings(home: CoordinatorHome): Promise<CoordinatorSettings> {
  const { settingsFile } = home
  const text = await readFile(settingsFile, 'utf8').catch((error: unknown) => {
    throw unreadSettings(error, settingsFile, `make one first: coordinator init --home ${home.folder} --host NAME`)
  })
  return parseSettings(text, settingsFile, settingsSchema)
}

/**
 * Makes the home folder and its settings file.
 * @throws SequelaError `config_invalid` when there is one already, or a value is wrong.
 */
export async function createHome(home: CoordinatorHome, settings: unknown): Promise<CoordinatorSettings> {
  const checked = checkYaml(settings, 'the options', settingsSchema)
  await mkdir(home.folder, { recursive: true, mode: 0o700 })
  try {
    await writeFile(home.settingsFile, stringify(checked), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    const message = `${home.settingsFile} cannot be made; is there a coordinator in ${home.folder} already?`
    throw new SequelaError('config_invalid', message, { cause: error })
  }
  return checked
}
