// A hospital as a data manager finds it, for the pictures of the guide: synthetic children, one scan cut off when it was copied,
// one that was taken out by hand, and one table that ends before the last scan. No picture in the guide is of a person.

import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseStudy } from '../../shared/study/study.ts'
import { createApprovals } from '../../site-agent/approvals.ts'
import { recordDecision } from '../../site-agent/cohort/exclusions.ts'
import { type SiteHome, siteHome, writeSettings } from '../../site-agent/home.ts'
import { writeIdentity } from '../../site-agent/identity-file.ts'
import { writeHospitals } from '../hospitals/hospitals.ts'

export interface ExampleHospital {
  readonly home: SiteHome
  /** Of whom nothing is held back. */
  readonly soundChild: string
  /** Of whom a scan is cut off and one is taken out by hand. */
  readonly spoiltChild: string
}

const site = 'example'
const outcomeTable = 'phenotype/recurrence.tsv'

/** Makes one below `folder`, with a home that has approved a study. */
export async function createExampleHospital(folder: string): Promise<ExampleHospital> {
  const { sites } = await writeHospitals({
    ...{ outDir: folder, seed: 'site guide', sites: [site], childrenPerSite: 8, testChildren: 0 },
  })
  const data = sites[0]?.folder ?? ''
  const home = siteHome(join(folder, 'home'))
  await writeSettings(home, { data, threads: 1 })
  // Nobody is called: only the site's name is read.
  await writeIdentity(home.identityFile, {
    ...{ site, federationAddress: 'localhost:1' },
    ...{ privateKeyPem: '-', certificateChainPem: '-', rootPem: '-' },
  })
  await createApprovals(home.approvalsFolder).approve(parseStudy(studyText))
  const byVisits = readdirSync(data)
    .filter((name) => name.startsWith('sub-'))
    .map((child) => ({ child, visits: visitsOf(data, child) }))
    .toSorted((a, b) => b.visits.length - a.visits.length)
  const [sound, shortened, spoilt] = byVisits.slice(2)
  if (sound === undefined || shortened === undefined || spoilt === undefined)
    throw new Error('there are eight children')
  const [cut, , excluded] = spoilt.visits
  const images = join(data, spoilt.child, cut?.session ?? '', 'anat')
  for (const name of readdirSync(images).filter((name) => /\.nii(\.gz)?$/.test(name)))
    truncateSync(join(images, name), 4000)
  endFollowUp(join(data, outcomeTable), shortened.child, shortened.visits.at(-2)?.day ?? 0)
  await recordDecision(home.exclusionsFile, {
    ...{ at: '2026-03-02T09:41:00.000Z', user: 'anna', action: 'exclude', reason: 'strong motion' },
    ...{ child: spoilt.child, visit: excluded?.session ?? '' },
  })
  return { home, soundChild: sound.child, spoiltChild: spoilt.child }
}

/** In order of time. */
function visitsOf(data: string, child: string): { readonly session: string; readonly day: number }[] {
  const [header = '', ...rows] = readFileSync(join(data, child, `${child}_sessions.tsv`), 'utf8')
    .trim()
    .split('\n')
  const column = header.split('\t').indexOf('days_since_surgery')
  return rows
    .map((row) => row.split('\t'))
    .map((cells) => ({ session: cells[0] ?? '', day: Number(cells[column]) }))
    .toSorted((a, b) => a.day - b.day)
}

/** The child was followed until this day and no longer, says the table; its last scan says otherwise. */
function endFollowUp(table: string, child: string, day: number): void {
  const rows = readFileSync(table, 'utf8')
    .split('\n')
    .map((row) => (row.startsWith(`${child}\t`) ? [child, '0', 'n/a', 'n/a', day, 'n/a'].join('\t') : row))
  writeFileSync(table, rows.join('\n'))
}

const studyText = `study: plgg-recurrence
seed: 1
model: { preset: tiny, grid: [24, 32, 24], spacingMm: 7, head: hazards }
pipeline: { template: mni152, sequences: [FLAIR, T2w] }
sites: [${site}]
folds: { train: 0.6, validation: 0.2, test: 0.2 }
stages:
  - { task: ordering, rounds: 1, learningRate: 1e-3 }
  - { task: recurrence, rounds: 1, learningRate: 1e-3, horizonDays: 365, events: [recurrence, progression] }
round: { quorum: 1, deadline: 1h }
policy: { minChildren: 3, minCell: 3 }
`
