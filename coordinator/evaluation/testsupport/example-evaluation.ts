// An evaluation of simulated children at three sites, with its report.

import { sha256 } from '../../../shared/digest.ts'
import { allPasses, simulatedSites } from '../../../shared/evaluation/testsupport/simulated-landmarks.ts'
import { binaryModel } from '../../../shared/model/testsupport/models.ts'
import { parseStudy } from '../../../shared/study/study.ts'
import type { RunStatus } from '../../status.ts'
import { evaluationReport } from '../report.ts'

/** The study file of the example. */
export const text = `study: example
seed: 1
model: { preset: tiny, grid: [24, 32, 24], spacingMm: 7 }
pipeline: { template: mni152, sequences: [FLAIR] }
sites: [site-0, site-1, site-2]
folds: { train: 0.6, validation: 0.2, test: 0.2 }
stages: [{ task: recurrence, rounds: 2, learningRate: 1e-3 }]
evaluation: { ruleOutNpv: 0.9, ruleInPpv: 0.5 }
round: { quorum: 1, deadline: 1h }
policy: {}
`
export const study = parseStudy(text)
export const run: RunStatus = {
  ...{ studyDigest: study.digest, study: 'example', phase: 'finished', sites: study.study.sites, quorum: 1, text },
  ...{ model: binaryModel, evaluates: true, stages: [{ task: 'recurrence', rounds: 2 }], rounds: [], stopped: [] },
  weightsDigest: sha256('weights'),
}

/** Of two sites, and a third with too few children. */
export const pooled = allPasses(simulatedSites([90, 70, 6], { seed: 'report', shift: -0.5, stretch: 1.4 }), 5)
export const report = evaluationReport({ run, study, pooled, nowMs: 0 })
