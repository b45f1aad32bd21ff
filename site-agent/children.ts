// This hospital's children, ready for training: read from its tables, every usable scan prepared. Done once for a study in
// the life of an agent; a new scan or a changed table is taken in by the next start.

import { existsSync } from 'node:fs'
import type { Log } from '../shared/log.ts'
import { type ImageStudy, isImageStudy, type Study, type StudyFile } from '../shared/study/study.ts'
import type { WorkOptions } from './assignment.ts'
import { brainNetworkFor } from './brain-network-setting.ts'
import { type Cohort, loadCohort } from './cohort/cohort.ts'
import { type Elsewhere, nowhereElse } from './cohort/elsewhere.ts'
import { exclusionsOf, readDecisions } from './cohort/exclusions.ts'
import { type PreparedCohort, type PrepareOptions, prepareCohort } from './cohort/prepare-cohort.ts'
import type { ScanPreparer } from './cohort/prepare-visit.ts'
import { createPreparedArrays, type PreparedArray } from './features/prepared-arrays.ts'
import type { SiteHome, SiteSettings } from './home.ts'
import { createPreparedVolumes, type PreparedVolume, type PreparedVolumes } from './imaging/prepared.ts'
import type { PreparedChild } from './learning/trainer.ts'
import { readLinkSecrets } from './linkage/link-key.ts'
import { linkageFindings } from './linkage/linkage-findings.ts'
import { readLinkageRecord } from './linkage/linkage-record.ts'

export interface ChildrenDeps {
  readonly home: SiteHome
  readonly settings: SiteSettings
  readonly site: string
  readonly log: Log
}

/** What a visit is prepared into: an image, or an array that the site computed. */
export type PreparedScan = PreparedVolume | PreparedArray

export function isPreparedVolume(scan: PreparedScan): scan is PreparedVolume {
  return 'registration' in scan
}

/** A cohort as read and as prepared; findings say what is held back and why. */
export interface ReadyCohort {
  readonly cohort: Cohort
  readonly prepared: PreparedCohort<PreparedScan>
}

/** A study as read from its file, or made by a program that asks no other hospital. */
type StudyToPrepare = Pick<StudyFile, 'study'> & Partial<Pick<StudyFile, 'digest'>>

/** Preparation processes at once; `site prepare` takes another number. */
const usualProcesses = 2

/**
 * The cohort without what people took out by hand.
 * @param elsewhere where it is to take part in the study: what is known of children that another hospital has too
 * @throws SequelaError as `loadCohort`; `file_unreadable`.
 */
export async function siteCohort(
  { home, settings, site }: Pick<ChildrenDeps, 'home' | 'settings' | 'site'>,
  study: Study,
  elsewhere?: Elsewhere,
): Promise<Cohort> {
  const exclusions = exclusionsOf(await readDecisions(home.exclusionsFile))
  const part = elsewhere === undefined ? {} : { elsewhere }
  return loadCohort({ root: settings.data, study, site, layout: settings, exclusions, ...part })
}

/** The cohort that takes part in a study: without the children that another hospital keeps in it. */
export async function studyCohort(
  deps: Pick<ChildrenDeps, 'home' | 'settings' | 'site'>,
  { study, digest }: StudyToPrepare,
): Promise<Cohort> {
  if (digest === undefined || study.policy.linkage === undefined) return siteCohort(deps, study)
  const outcome = (await readLinkageRecord(deps.home.linkageFile))[digest]
  const before = await heldInTraining(deps.home, study)
  const hasKey = (await readLinkSecrets(deps.home.linkKeyFile)) !== undefined
  const hasTable = deps.settings.tables?.linkage !== undefined
  const { held, kept } = outcome ?? nowhereElse
  const cohort = await siteCohort(deps, study, { held: [...new Set([...before.held, ...held])], kept })
  return { ...cohort, findings: [...cohort.findings, ...linkageFindings({ study }, { outcome, hasKey, hasTable })] }
}

/**
 * Identifiers of the children that may be named to find those whom another hospital has too; undefined without a table.
 * @throws SequelaError as `siteCohort`.
 */
export async function identifiersFor(
  deps: Pick<ChildrenDeps, 'home' | 'settings' | 'site'>,
  { study }: Pick<StudyFile, 'study'>,
): Promise<Cohort['identifiers']> {
  return (await siteCohort(deps, study, await heldInTraining(deps.home, study))).identifiers
}

/**
 * Children that another hospital kept when the weights were trained that a study judges: that one may have trained on them, so
 * they stay with it and are not named again.
 */
async function heldInTraining({ linkageFile }: SiteHome, { from }: Study): Promise<Elsewhere> {
  const outcome = from === undefined ? undefined : (await readLinkageRecord(linkageFile))[from.study]
  return { held: outcome?.held ?? [], kept: [] }
}

/** Reads and prepares the cohort for a study. @throws SequelaError `table_invalid`, `file_unreadable`, `cancelled`. */
export async function readyCohort(
  deps: Pick<ChildrenDeps, 'home' | 'settings' | 'site'>,
  file: StudyToPrepare,
  options: PrepareOptions & { readonly processes?: number } = {},
): Promise<ReadyCohort> {
  const { study } = file
  const cohort = await studyCohort(deps, file)
  const processes = options.processes ?? usualProcesses
  const preparer = preparerFor(deps, study, processes)
  const calledOff = (): void => void preparer.close()
  options.signal?.addEventListener('abort', calledOff, { once: true })
  try {
    return { cohort, prepared: await prepareCohort(cohort, preparer, { ...options, childrenAtOnce: processes }) }
  } finally {
    options.signal?.removeEventListener('abort', calledOff)
    await preparer.close()
  }
}

/** What prepares a study's scans, with processes behind it that must be ended. */
export interface ClosablePreparer extends ScanPreparer<PreparedScan> {
  close(): Promise<void>
}

/**
 * What prepares what a study's model is shown, into the site's cache; to be closed.
 * @param processes preparation processes at once
 * @throws SequelaError `config_invalid` when the study asks for a mask by network and the site names none that can be used
 */
export function preparerFor(
  deps: Pick<ChildrenDeps, 'home' | 'settings'>,
  study: Study,
  processes = usualProcesses,
): ClosablePreparer {
  if (isImageStudy(study)) return imagePreparerFor(deps, study, { ...study.model, processes })
  return createPreparedArrays({ folder: deps.home.preparedFolder, length: study.model.features })
}

/** The same of images. @param on the grid, where people are to see the scans and not the model */
export function imagePreparerFor(
  { home, settings }: Pick<ChildrenDeps, 'home' | 'settings'>,
  study: ImageStudy,
  on: Pick<ImageStudy['model'], 'grid' | 'spacingMm'> & { readonly processes?: number },
): PreparedVolumes {
  const { grid, spacingMm, processes = usualProcesses } = on
  const { template, registration, brainMask, biasCorrection } = study.pipeline
  const brainNetwork = brainNetworkFor(home, settings, study)
  return createPreparedVolumes({
    folder: home.preparedFolder,
    grid,
    spacingMm,
    template,
    registration,
    brainMask,
    biasCorrection,
    ...(brainNetwork === undefined ? {} : { brainNetwork }),
    processes,
  })
}

function isPrepared(children: readonly PreparedChild[]): boolean {
  return children.every(({ scans }) => scans.every(({ file }) => existsSync(file)))
}

/** Children by study, each prepared once, and again when what was prepared is gone: the cache may be deleted at any time. */
export function createChildrenProvider(
  deps: ChildrenDeps,
): (study: StudyFile, options: WorkOptions) => Promise<readonly PreparedChild[]> {
  const ready = new Map<string, Promise<readonly PreparedChild[]>>()
  return async (study, { signal, onProgress }) => {
    const known = ready.get(study.digest)
    if (known !== undefined && isPrepared(await known)) return known
    const progress = (done: number, total: number): void => onProgress('preparing', done, total)
    const preparing = readyCohort(deps, study, { signal, onProgress: progress }).then(({ prepared }) => {
      const scans = prepared.children.reduce((sum, child) => sum + child.scans.length, 0)
      deps.log.info('cohort-ready', { children: prepared.children.length, scans, count: prepared.findings.length })
      return prepared.children
    })
    ready.set(study.digest, preparing)
    preparing.catch(() => ready.delete(study.digest))
    return preparing
  }
}
