// A hospital whose clinician asks the model, without a federation around it: synthetic children on disk, a site's home as
// enrolment and approval leave it, weights as an export writes them, and a model card for these weights.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeHospitals } from '../../demo/hospitals/hospitals.ts'
import { sha256 } from '../../shared/digest.ts'
import { cardFileOf, type ModelCard } from '../../shared/evaluation/model-card.ts'
import { exampleCard } from '../../shared/evaluation/testsupport/example-card.ts'
import { initialWeights } from '../../shared/model/parameters.ts'
import { modelOf } from '../../shared/study/model-of.ts'
import { parseStudy, type StudyFile } from '../../shared/study/study.ts'
import { encodeSafetensors } from '../../shared/weights/safetensors.ts'
import { createApprovals } from '../../site-agent/approvals.ts'
import { type SiteHome, siteHome, writeSettings } from '../../site-agent/home.ts'
import { writeIdentity } from '../../site-agent/identity-file.ts'

export interface BedsideHome {
  readonly home: SiteHome
  readonly study: StudyFile
  /** The hospital's data set. */
  readonly data: string
  /** With a note of origin and a model card beside them. */
  readonly weights: string
}

const site = 'north'

/** Whom the note of origin names as heard in the only round; absent: nobody. */
interface ExportOptions {
  readonly heard?: readonly string[]
}

/** No child is in the training fold, so that none is refused for that; weights are those that training starts from. */
export async function createBedsideHome(folder: string, children: number): Promise<BedsideHome> {
  await mkdir(folder, { recursive: true })
  await writeHospitals({ outDir: folder, seed: '11', sites: [site], childrenPerSite: children, testChildren: 0 })
  const data = join(folder, 'hospitals', site)
  const home = siteHome(join(folder, 'home'))
  await writeSettings(home, { data, threads: 1 })
  const study = parseStudy(studyText)
  await createApprovals(home.approvalsFolder).approve(study)
  await writeIdentity(home.identityFile, {
    ...{ site, federationAddress: 'localhost:1' },
    // Nobody is called: only the site's name is read.
    ...{ privateKeyPem: '-', certificateChainPem: '-', rootPem: '-' },
  })
  return { home, study, data, weights: await exportInto(folder, study) }
}

/** Writes weights of a study as an export does. @returns their file, in the folder */
export async function exportInto(
  folder: string,
  study: StudyFile,
  { heard = [] }: ExportOptions = {},
): Promise<string> {
  await mkdir(folder, { recursive: true })
  const content = encodeSafetensors(initialWeights(modelOf(study.study), 11))
  const weightsDigest = sha256(content)
  const weights = join(folder, 'model.safetensors')
  await writeFile(weights, content)
  const sites = heard.map((name) => ({ site: name, outcome: 'counted' }))
  const rounds = [{ task: 'recurrence', stage: 0, round: 0, weightsDigest, sites }]
  await writeFile(
    join(folder, 'model.provenance.json'),
    JSON.stringify({ studyDigest: study.digest, weightsDigest, rounds }),
  )
  await writeFile(cardFileOf(weights), JSON.stringify(cardOf(weightsDigest)))
  return weights
}

/** Thresholds on either side of what untrained weights say, and a failure whose name tries to be markup. */
function cardOf(weightsDigest: ModelCard['model']['weightsDigest']): ModelCard {
  const { model, thresholds, recalibration } = exampleCard()
  const threshold = (risk: number) => ({ risk, chosenFor: 'a test', figures: {} })
  return exampleCard({
    model: { ...model, weightsDigest },
    inputRanges: { gap_days: { low: 0, high: 2000 }, age_years: { low: 0, high: 25 } },
    recalibration: { ...recalibration, sites: {} },
    thresholds: { ...thresholds, ruleOut: threshold(0.01), ruleIn: threshold(0.99) },
    knownFailures: ['<script>alert(1)</script><img src=x onerror=alert(2)>'],
  })
}

const studyText = `study: bedside
seed: 2
model: { preset: tiny, grid: [24, 32, 24], spacingMm: 7, head: hazards }
pipeline: { template: mni152, sequences: [FLAIR] }
sites: [${site}]
folds: { train: 0.001, validation: 0, test: 0.999 }
stages:
  - { task: recurrence, rounds: 1, learningRate: 1e-3, horizonDays: 365, events: [recurrence] }
round: { quorum: 1, deadline: 1h }
policy: { minChildren: 1, minCell: 1, linkage: keyed-hash }
`
