// The model card of a release, from the report, the study and the journal; and the same as Markdown for people. What software
// can know is filled in; the rest stands as a prompt, so that nobody mistakes silence for an answer.

import { sha256 } from '../../shared/digest.ts'
import { lineThrough } from '../../shared/evaluation/calibration/calibration-band.ts'
import { identityLine } from '../../shared/evaluation/calibration/calibration-fit.ts'
import { noRecalibration } from '../../shared/evaluation/calibration/recalibration.ts'
import { type ModelCard, modelCardSchema } from '../../shared/evaluation/model-card.ts'
import type { Pooled } from '../../shared/evaluation/pooled.ts'
import { riskEdges } from '../../shared/evaluation/risk-bins.ts'
import { wholePart } from '../../shared/evaluation/suppression/strata.ts'
import { modelManifest } from '../../shared/model/parameters.ts'
import { inputsInWords, networkInWords } from '../../shared/study/in-words.ts'
import { modelOf } from '../../shared/study/model-of.ts'
import { recurrenceQuestionOf } from '../../shared/study/recurrence-question.ts'
import { sequencesInWords } from '../../shared/study/sequences.ts'
import type { StudyFile } from '../../shared/study/study.ts'
import { elementCount } from '../../shared/weights/weights.ts'
import type { RunStatus } from '../status.ts'
import { checklistOf } from './checklist.ts'
import { recalibratedSummary, restedFits } from './estimates.ts'
import type { EvaluationReport, ThresholdReport } from './report.ts'

export function modelCard(options: {
  readonly run: RunStatus
  /** The run that trained the weights, where that is another one. */
  readonly trained?: RunStatus | undefined
  readonly study: StudyFile
  readonly pooled: Pooled
  readonly report: EvaluationReport
}): ModelCard {
  const { run, trained = run, study, pooled, report } = options
  const { model, pipeline, seed, folds, strategy, policy } = study.study
  const { ruleOut, ruleIn } = report.thresholds
  const recalibration = {
    consortium: pooled.recalibration ?? noRecalibration,
    sites: Object.fromEntries(
      pooled.sites.flatMap(({ site, recalibration: own }) =>
        own === null || own.kind === 'none' ? [] : [[site, own] as const],
      ),
    ),
  }
  const thresholds = [ruleOut?.risk ?? null, ruleIn?.risk ?? null]
  const version = sha256(JSON.stringify([report.weightsDigest, recalibration.consortium, thresholds]))
  const events = recurrenceQuestionOf(study.study)?.events
  const lines = restedFits(pooled, wholePart)
  return modelCardSchema.parse({
    format: 'sequela-model-card/1',
    writtenAt: report.writtenAt,
    notice: report.notice,
    model: {
      study: study.study.study,
      studyDigest: study.digest,
      weightsDigest: report.weightsDigest,
      preset: networkInWords(model),
      parameters: elementCount(modelManifest(modelOf(study.study))),
      programVersion: report.programVersion,
      ...(report.trainedBy && { trainedBy: { ...report.trainedBy, sites: [...report.trainedBy.sites] } }),
      lineage: trained.stages.map(({ task }, stage) => ({
        task,
        rounds: trained.rounds.filter(
          (round) => round.stage === stage && round.purpose === 'training' && round.state === 'published',
        ).length,
      })),
    },
    outcome: {
      horizonDays: report.horizonDays,
      definition:
        events === undefined
          ? 'any event of the table of outcomes (the study names no types)'
          : `${events.join(', ').replaceAll('_', ' ')}; other events compete and end what is known`,
    },
    preprocessing: {
      sequences: sequencesInWords(pipeline),
      ...('template' in pipeline && {
        template: pipeline.template,
        registration: pipeline.registration,
        brainMask: pipeline.brainMask,
        biasCorrection: pipeline.biasCorrection,
      }),
      inputs: inputsInWords(model),
    },
    training: {
      seed,
      folds,
      strategy: `${strategy.name}, weighted by ${strategy.weightBy}`,
      policy:
        `${policy.updates} updates of at least ${policy.minChildren} children; numbers over at least ${policy.minCell}; ` +
        (policy.linkage === undefined
          ? 'nobody looked for children that two sites treat'
          : 'children that two sites treat are looked for by keyed hashes, and one site keeps each'),
    },
    inputRanges: pooled.inputRanges,
    ...(pooled.seen !== undefined && { seen: pooled.seen }),
    data: {
      sites: report.sites.map(({ site, children, landmarks, events, scans, followUpDays }) => ({
        ...{ site, children, landmarks, events, scans, followUpDays },
      })),
      children: report.data.children,
      landmarks: report.data.landmarks,
    },
    performance: {
      raw: report.performance.raw,
      recalibrated: report.performance.consortium,
      recalibratedBySite: report.performance.site,
    },
    strata: report.parts.map(({ family, level, children, raw, recalibrated }) => ({
      ...{ family, level, children, figures: raw, recalibrated },
    })),
    sites: report.sites.map(({ site, raw, recalibrated, recalibratedBySite }) => ({
      ...{ site, raw, recalibrated, recalibratedBySite },
    })),
    reliability: reliabilityBins(pooled),
    calibrationLines: {
      consortium: lineThrough(lines.test, recalibration.consortium),
      site: lineThrough(lines.site, identityLine),
    },
    recalibration,
    thresholds: { version, ruleOut: cardThreshold(ruleOut), ruleIn: cardThreshold(ruleIn) },
    intendedUse:
      'Research on whether serial scans tell of recurrence in children after surgery of a brain glioma, at sites whose children and scans are like those of the training sites.',
    excludedUse: [
      'decisions about a child: the model is not a medical device and was not tested prospectively',
      'adults, other tumours, scans from before the surgery, and input outside the ranges of this card',
      'sites that took no part, unless the model was evaluated there first',
    ],
    knownFailures: [...report.cautions],
    checklist: checklistOf(report, study.study, trained.stages),
  })
}

function cardThreshold(threshold: ThresholdReport | null): ModelCard['thresholds']['ruleOut'] {
  if (threshold === null) return null
  return { risk: threshold.risk, chosenFor: threshold.aim, figures: { ...threshold.figures } }
}

/** The ten calibration bins of recalibrated risk. */
function reliabilityBins(pooled: Pooled): ModelCard['reliability'] {
  const bins = recalibratedSummary(pooled, wholePart, 'consortium')?.calibration ?? []
  const total = bins.reduce((sum, { weight }) => sum + weight, 0)
  const perBin = (riskEdges.length - 1) / Math.max(1, bins.length)
  return bins.map(({ weight, cases }, bin) => ({
    low: riskEdges[bin * perBin] ?? 0,
    high: riskEdges[(bin + 1) * perBin] ?? 1,
    share: total === 0 ? 0 : Math.min(1, Math.max(0, weight / total)),
    observed: weight < 0.02 * total ? null : Math.min(1, Math.max(0, cases / weight)),
  }))
}
