// The children of a site as they are seen at the bedside: listed from its tables, and each opened on request, that is its
// scans prepared, looked at for fit, and the model asked. Terminal and page both go through here.

import { readFile } from 'node:fs/promises'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { modelOf } from '../../shared/study/model-of.ts'
import { isImageStudy, type Study, type StudyFile } from '../../shared/study/study.ts'
import { isPreparedVolume, type PreparedScan, preparerFor, siteCohort } from '../children.ts'
import type { Cohort, CohortChild } from '../cohort/cohort.ts'
import type { Finding } from '../cohort/finding.ts'
import { type PreparedScans, preparedChild, prepareScans, withFiles } from '../cohort/prepare-cohort.ts'
import { readEgress } from '../egress-record.ts'
import { scanGroups } from '../evaluation/scan-groups.ts'
import { readSettings, type SiteHome, type SiteSettings } from '../home.ts'
import { readIdentity } from '../identity-file.ts'
import { createStudyGrid } from '../imaging/study-grid.ts'
import { templateMaskOn } from '../imaging/template.ts'
import type { PreparedChild } from '../learning/trainer.ts'
import type { WorkerTrainer } from '../learning/worker-trainer.ts'
import { readLinkageRecord } from '../linkage/linkage-record.ts'
import { readParticipation } from '../participation.ts'
import { answerFrom, type ChildAnswer } from './answer.ts'
import type { ChildFacts } from './fit.ts'
import type { OpenModel } from './open-model.ts'
import { type Part, partOf, type SitePart, sitePart } from './part.ts'
import { predictionFrom, questionsAbout } from './prediction.ts'
import { overlapFacts } from './scan-facts.ts'

export interface Bedside {
  readonly site: string
  readonly settings: SiteSettings
  readonly study: StudyFile
  readonly cohort: Cohort
  readonly model: OpenModel | undefined
  /** In the making of the model; where none is asked, its fold in the study. */
  readonly partOf: (child: CohortChild) => Part
  /** @throws SequelaError `usage` for a child that is not there, `cohort_empty` when none of its scans can be used. */
  open(child: CohortChild, options?: OpenOptions): Promise<OpenChild>
}

export interface OpenOptions {
  /** What is being done, and how far it is; a total of 0 says that nobody knows. */
  readonly onProgress?: (what: string, done: number, total: number) => void
}

export interface OpenChild {
  readonly child: CohortChild
  /** With the scans that can be used only; at least one. */
  readonly shown: CohortChild
  readonly facts: ChildFacts
  readonly heldBack: readonly string[]
  /** Undefined when no weights were given. */
  readonly answer: ChildAnswer | undefined
}

export interface BedsideDeps {
  readonly home: SiteHome
  readonly study: StudyFile
  readonly model: OpenModel | undefined
  readonly trainer: WorkerTrainer
}

/**
 * Reads the site's tables.
 * @throws SequelaError as `siteCohort`, `readLinkageRecord`, `readParticipation` and `readEgress`; `study_state` when weights
 *   know no recurrence.
 */
export async function openBedside({ home, study, model, trainer }: BedsideDeps): Promise<Bedside> {
  const settings: SiteSettings = await readSettings(home)
  const { site } = await readIdentity(home.identityFile)
  const cohort = await siteCohort({ home, settings, site }, study.study)
  const { question } = cohort
  if (model !== undefined && question === undefined) {
    const message = `study ${study.study.study} has no stage of recurrence, so its model knows no risk`
    throw new SequelaError('study_state', message)
  }
  const overlapOf = overlapWith(study.study)
  const elsewhere = await keptElsewhere(home, study)
  const ofSite = model && (await readSitePart(home, site, model))
  const partOfChild = (child: CohortChild): Part => {
    if (elsewhere.has(child.participant)) return 'elsewhere'
    return ofSite === undefined ? child.fold : partOf(child, ofSite)
  }

  const ask = async (shown: CohortChild, prepared: PreparedChild, facts: ChildFacts, heldBack: readonly string[]) => {
    if (model === undefined || ofSite === undefined || question === undefined) return undefined
    const { horizonDays } = question
    const spec = modelOf(study.study)
    const answers = await trainer.score({
      ...{ model: spec, horizonDays, weights: model.weights },
      ...{ children: questionsAbout(prepared), seed: shown.key },
    })
    const sessions = shown.scans.map(({ session }) => session)
    return answerFrom({
      ...{ child: shown.participant, key: shown.key, study: study.digest, weightsDigest: model.digest, heldBack },
      ...{ site, horizonDays, card: model.card, facts },
      siteTrained: ofSite.tookPart,
      visits: predictionFrom(prepared, sessions, answers, { head: spec.head, horizonDays }),
    })
  }

  return {
    ...{ site, settings, study, cohort, model, partOf: partOfChild },
    open: async (child, { onProgress = () => {} } = {}) => {
      const preparing = (done: number, total: number): void => onProgress('Preparing the scans', done, total)
      const preparer = preparerFor({ home, settings }, study.study)
      const scans = await prepareScans([child], preparer, { onProgress: preparing }).finally(() => preparer.close())
      const heldBack = heldBackOf(child, [...cohort.findings, ...scans.findings])
      const shown = withFiles(child, scans.files)
      if (shown.scans.length === 0) throw nothingUsable(child.participant, heldBack)
      const prepared = preparedChild(shown, scans)
      const facts = { part: partOfChild(child), ...(await factsOf(shown, { scans, prepared }, overlapOf)) }
      onProgress('Asking the model', 0, 0)
      return {
        ...{ child, shown, facts, heldBack },
        answer: await ask(shown, prepared, facts, heldBack),
      }
    },
  }
}

/** What is written down of this site's part in making a model. */
async function readSitePart(home: SiteHome, site: string, { study, heard }: OpenModel): Promise<SitePart> {
  const [entries, egress] = await Promise.all([readParticipation(home.participationFile), readEgress(home.egressFile)])
  return sitePart({ site, study, entries, egress, heard })
}

/**
 * Children that another hospital keeps in this study, or kept in the one whose weights it judges, as the agent was told; the table
 * of identifiers stays closed.
 */
async function keptElsewhere(home: SiteHome, { study, digest }: StudyFile): Promise<ReadonlySet<string>> {
  if (study.policy.linkage === undefined) return new Set()
  const record = await readLinkageRecord(home.linkageFile)
  return new Set([digest, study.from?.study ?? digest].flatMap((one) => record[one]?.held ?? []))
}

/** The child of that `participant_id`, with or without `sub-`. @throws SequelaError `usage`, `cohort_empty`. */
export function childNamed({ children, findings }: Cohort, name: string): CohortChild {
  const named = children.some((one) => one.participant === name) || findings.some((one) => one.child === name)
  const participant = named || name.startsWith('sub-') ? name : `sub-${name}`
  const child = children.find((one) => one.participant === participant)
  if (child !== undefined) return child
  const reasons = findings.filter((finding) => finding.child === participant)
  if (reasons.length === 0) throw new SequelaError('usage', `there is no child ${participant} in this hospital's data`)
  throw nothingUsable(
    participant,
    reasons.map(({ sentence }) => sentence),
  )
}

function nothingUsable(participant: string, reasons: readonly string[]): SequelaError {
  return new SequelaError('cohort_empty', `no scan of ${participant} can be used:\n  ${reasons.join('\n  ')}`)
}

/** What was found about a child, in the order in which it was found. */
export function heldBackOf({ participant }: Pick<CohortChild, 'participant'>, findings: readonly Finding[]): string[] {
  return findings
    .filter((finding) => finding.child === participant)
    .map(({ visit, sentence }) => `${visit === undefined ? '' : `${visit}: `}${sentence}`)
}

async function factsOf(
  { scans, outcome, chart }: CohortChild,
  { scans: { volumes }, prepared }: { readonly scans: PreparedScans<PreparedScan>; readonly prepared: PreparedChild },
  overlapOf: (file: string) => Promise<ChildFacts['scans'][number]['overlap']>,
): Promise<Omit<ChildFacts, 'part'>> {
  const ofScans = await Promise.all(
    scans.map(async (scan, visit) => ({
      ...{ session: scan.session, day: scan.day },
      groups: scanGroups({ scanner: scan.scanner, sequence: prepared.scans[visit]?.sequence }),
      overlap: await overlapOf(volumes.get(scan)?.file ?? ''),
      registration: registrationOf(volumes.get(scan)),
    })),
  )
  return { ageYears: chart.ageYears, treatmentChangeDay: outcome?.treatmentChangeDay, scans: ofScans }
}

/** How a prepared scan lies over the template's brain; of arrays nobody can say. */
function overlapWith(study: Study): (file: string) => Promise<ChildFacts['scans'][number]['overlap']> {
  if (!isImageStudy(study)) return () => Promise.resolve(undefined)
  const { grid, spacingMm } = study.model
  const templateMask = templateMaskOn(createStudyGrid(grid, spacingMm))
  return async (file) => overlapFacts(await readVoxels(file), templateMask, grid)
}

/** Of arrays, and of scans that came in template space, nothing was registered. */
function registrationOf(scan: PreparedScan | undefined): ChildFacts['scans'][number]['registration'] {
  const quality = scan !== undefined && isPreparedVolume(scan) ? scan.registration.quality : undefined
  return quality === undefined || quality.starts === 0 ? undefined : quality
}

/** A prepared volume as it lies on disk: float32, little-endian. */
export async function readVoxels(file: string): Promise<Float32Array> {
  const { buffer, byteOffset, byteLength } = await readFile(file)
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength))
}
