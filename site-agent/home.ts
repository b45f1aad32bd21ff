// A site's home folder: where each thing lies, and the small settings file that hospital IT may edit.
// Everything the agent keeps is under this one folder; the scans are elsewhere and are only read.

import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseDocument, stringify } from 'yaml'
import { z } from 'zod'
import type { SequelaError } from '../shared/protocol/errors.ts'
import { sequenceNames } from '../shared/study/sequences.ts'
import { systemCode } from '../shared/system-code.ts'
import { parseSettings, unreadSettings } from '../shared/yaml-file.ts'
import { ownTablesSchema } from './cohort/own-table.ts'
import { publicLayouts } from './cohort/public-layouts.ts'
import { writeFileDurably } from './durable-file.ts'

/** Threads that training may use where nobody said how many. */
export const defaultThreads = 1

const settingsSchema = z.strictObject({
  /** The folder with this hospital's scans. */
  data: z.string().min(1),
  /** How it is laid out; absent: found by the names in it. */
  layout: z.enum(['bids', ...publicLayouts.map(({ name }) => name)]).optional(),
  /** Of images whose names do not say of which sequence they are. */
  sequence: z.enum(sequenceNames).optional(),
  /** The hospital's own tables, where they are not those of BIDS. */
  tables: ownTablesSchema.optional(),
  /** The network that finds brains for studies with `brainMask: network`: its `model.json`, weights beside it. */
  brainMask: z.strictObject({ weights: z.string().min(1) }).optional(),
  /** Threads that training may use. */
  threads: z.int().min(1).max(64).default(defaultThreads),
})

export type SiteSettings = z.infer<typeof settingsSchema>

/** Paths inside a site's home folder. */
export interface SiteHome {
  readonly folder: string
  readonly settingsFile: string
  readonly identityFile: string
  readonly approvalsFolder: string
  readonly preparedFolder: string
  readonly weightsFolder: string
  readonly spoolFolder: string
  /** Values of parameters that studies leave with each site. */
  readonly personalFolder: string
  readonly egressFile: string
  /** Which children took part in which round, as hashes. */
  readonly participationFile: string
  /** What people at the site took out by hand and put back. */
  readonly exclusionsFile: string
  /** Which children stood behind earlier evaluations, as hashes. */
  readonly reportedFile: string
  /** In which way children were divided in evaluations that were answered. */
  readonly cutsFile: string
  /** The key that hospitals share, and a secret of this one. */
  readonly linkKeyFile: string
  /** Which children another hospital keeps, by study. */
  readonly linkageFile: string
  /** Who looked at which child. */
  readonly viewsFile: string
  readonly statusFile: string
  readonly lockFile: string
  /** Which patient is which child, with access for this user alone; what was imported. */
  readonly importFolder: string
}

export function siteHome(folder: string): SiteHome {
  const root = resolve(folder)
  return {
    folder: root,
    settingsFile: join(root, 'site.yaml'),
    identityFile: join(root, 'identity.json'),
    approvalsFolder: join(root, 'approvals'),
    preparedFolder: join(root, 'cache', 'prepared'),
    weightsFolder: join(root, 'cache', 'weights'),
    spoolFolder: join(root, 'spool'),
    personalFolder: join(root, 'personal'),
    egressFile: join(root, 'egress.jsonl'),
    participationFile: join(root, 'participation.jsonl'),
    exclusionsFile: join(root, 'exclusions.jsonl'),
    reportedFile: join(root, 'reported-cohorts.json'),
    cutsFile: join(root, 'evaluation-cuts.json'),
    linkKeyFile: join(root, 'link-key.json'),
    linkageFile: join(root, 'linkage.json'),
    viewsFile: join(root, 'views.jsonl'),
    statusFile: join(root, 'status.json'),
    lockFile: join(root, 'lock'),
    importFolder: join(root, 'import'),
  }
}

/**
 * Reads `site.yaml`.
 * @throws SequelaError `config_invalid` with what is wrong in it, or that the site has not been enrolled.
 */
export async function readSettings({ settingsFile }: SiteHome): Promise<SiteSettings> {
  const text = await readFile(settingsFile, 'utf8').catch((error: unknown) => {
    throw unread(error, settingsFile)
  })
  return parseSettings(text, settingsFile, settingsSchema)
}

/** The same; undefined where there is no `site.yaml` yet. @throws SequelaError `config_invalid`. */
export async function findSettings({ settingsFile }: SiteHome): Promise<SiteSettings | undefined> {
  const text = await readFile(settingsFile, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined
    throw unread(error, settingsFile)
  })
  return text === undefined ? undefined : parseSettings(text, settingsFile, settingsSchema)
}

/** Writes `site.yaml`, replacing what was there. */
export async function writeSettings(home: SiteHome, settings: SiteSettings): Promise<void> {
  await mkdir(home.folder, { recursive: true, mode: 0o700 })
  await writeFileDurably(home.settingsFile, stringify(settings), 0o600)
}

/** Changes the one line of `site.yaml`; everything else stays as people wrote it, their comments too. */
export async function changeThreads({ settingsFile }: SiteHome, threads: number): Promise<void> {
  const settings = parseDocument(await readFile(settingsFile, 'utf8'))
  settings.set('threads', threads)
  await writeFileDurably(settingsFile, settings.toString({ lineWidth: 0 }), 0o600)
}

function unread(error: unknown, settingsFile: string): SequelaError {
  const whenMissing = 'enrol this site first (site enrol CODE --data FOLDER), or name the folder in the command'
  return unreadSettings(error, settingsFile, whenMissing)
}
