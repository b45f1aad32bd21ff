// Items of TRIPOD+AI (Collins et al. 2024) and of CLAIM (2024 update) for the model card: those that the journal answers, and
// prompts for those that only people can.

import { counted } from '../../shared/counted.ts'
import type { ModelCard } from '../../shared/evaluation/model-card.ts'
import { networkInWords } from '../../shared/study/in-words.ts'
import { sequencesInWords } from '../../shared/study/sequences.ts'
import type { Study } from '../../shared/study/study.ts'
import type { RunStatus } from '../status.ts'
import { estimateText } from './estimates.ts'
import type { EvaluationReport } from './report.ts'

type Item = ModelCard['checklist'][number]

/** @param stages in which the weights were trained */
export function checklistOf(report: EvaluationReport, study: Study, stages: RunStatus['stages']): Item[] {
  const { performance, data, thresholds, recalibration } = report
  const tripod = (item: string, text: string): Item => ({ guideline: 'TRIPOD+AI', item, text, by: 'software' })
  const claim = (item: string, text: string): Item => ({ guideline: 'CLAIM 2024', item, text, by: 'software' })
  const ask = (guideline: Item['guideline'], item: string, text: string): Item => ({
    guideline,
    item,
    text,
    by: 'people',
  })
  const told = report.parts.filter(({ children }) => children !== null)
  const families = [...new Set(told.map(({ family }) => family.replaceAll('_', ' ')))].join(', ')
  const groups = families || 'no group, as all are too small'
  const newSites = report.trainedBy?.newSites ?? []
  const isNew =
    newSites.length > 0 ? `; at ${newSites.join(', ')}, where nothing was trained, every child is tested` : ''
  return [
    ask('TRIPOD+AI', '3 background', 'Say for which decision the model is meant, and what is done today.'),
    ask(
      'TRIPOD+AI',
      '5 sources and dates',
      'Say when and how the children of each site were found; Sequela never sees dates.',
    ),
    tripod(
      '6a centres',
      `${study.sites.length} sites: ${study.sites.join(', ')}; ${data.sitesHeard} could be evaluated`,
    ),
    tripod('7 preprocessing', preprocessingInWords(study.pipeline)),
    tripod(
      '8 outcome',
      `an event within ${report.horizonDays} days of a visit, censoring weighted by its inverse probability (IPCW)`,
    ),
    ask(
      'TRIPOD+AI',
      '8 outcome',
      'Say who judged events, by which criteria (RAPNO?), and whether they had seen the model.',
    ),
    ask('TRIPOD+AI', '10 sample size', 'Say how the number of children was decided.'),
    tripod(
      '11 missing data',
      'visits without a usable scan are left out, groups that a table does not give count as unknown',
    ),
    tripod(
      '12a partition',
      `by child: ${study.folds.train} train, ${study.folds.validation} validation, ${study.folds.test} test, by a hash with seed ${study.seed}${isNew}`,
    ),
    tripod('9 predictors', predictorsOf(study)),
    tripod('12b predictors', 'each scan normalised by its own brain; nothing is scaled by values of other children'),
    tripod(
      '12c model',
      `preset ${networkInWords(study.model)}, ${stages.map(({ task, rounds }) => `${task} for up to ${counted(rounds, 'round')}`).join(', then ')}`,
    ),
    tripod('12d heterogeneity', `figures by site and by ${groups}`),
    tripod(
      '12e performance measures',
      'AUROC, AUPRC, Brier, log loss, calibration, net benefit, with intervals clustered by child',
    ),
    tripod(
      '12f updating',
      recalibration === null || recalibration.kind === 'none'
        ? 'none'
        : `recalibration (${recalibration.kind}, shrunk towards risks as they are) on the validation folds, before and after reported`,
    ),
    tripod('12g predictions', 'by the weights named under 22 on the test folds; recalibrated as the card says'),
    tripod('13 imbalance', `no resampling; event rate ${estimateText(performance.raw.event_rate)}`),
    tripod('14 fairness', `figures by ${groups}`),
    tripod(
      '15 output',
      `a risk; rule-out below ${thresholds.ruleOut?.risk.toFixed(3) ?? '– (none chosen)'}, rule-in from ${thresholds.ruleIn?.risk.toFixed(3) ?? '– (none chosen)'}, grey zone between`,
    ),
    tripod(
      '16 training and evaluation',
      `the same ${report.trainedBy === undefined ? 'sites, pipeline' : 'pipeline'} and outcome definition in all folds; ${trainedInWords(report)}${report.data.foldSeparation}`,
    ),
    ask('TRIPOD+AI', '17 ethics', 'Name the approvals of each site.'),
    ask(
      'TRIPOD+AI',
      '18 open science',
      'Name funding, conflicts, protocol, registration, and where data and code can be had.',
    ),
    ask('TRIPOD+AI', '19 patient involvement', 'Say how children and parents were involved, or that they were not.'),
    tripod(
      '20–21 participants',
      `${data.children} children${data.events === null ? '' : `, ${data.events} of them with an event,`} and ${data.landmarks} landmarks in the test folds of ${data.sitesHeard} sites`,
    ),
    tripod(
      '22 specification',
      `weights ${report.weightsDigest}, study ${report.studyDigest}; safetensors and ONNX by coordinator export`,
    ),
    tripod(
      '23 performance',
      `AUROC ${estimateText(performance.raw.auroc)}, calibration slope ${estimateText(performance.raw.calibration_slope)} as given and ${estimateText(performance.consortium.calibration_slope)} recalibrated`,
    ),
    ask(
      'TRIPOD+AI',
      '25 interpretation',
      'Say what the figures mean for the children of your sites, and what they do not.',
    ),
    ask(
      'TRIPOD+AI',
      '26 limitations',
      'Say what could make these figures too good: selection, follow-up, sites alike.',
    ),
    tripod(
      '27 poor input',
      'scans that cannot be read or fail a check are held back with a reason; site check-data lists them',
    ),
    claim('reference standard', `events of the tables of outcomes within ${report.horizonDays} days`),
    ask('CLAIM 2024', 'annotation', 'Say who placed the events on the time line and how quality was controlled.'),
    claim(
      'internal testing',
      'test folds of the training sites; children were held out by a hash before the first round',
    ),
    newSites.length > 0
      ? claim(
          'external testing',
          `${newSites.join(', ')} took no part in training; figures of each site stand in this card`,
        )
      : ask(
          'CLAIM 2024',
          'external testing',
          'Name sites that took no part in training and what was found there; none is part of this card.',
        ),
    ask(
      'CLAIM 2024',
      'failure analysis',
      'Look at children that were misjudged, at their own sites, and say what they share.',
    ),
    ask('CLAIM 2024', 'robustness', 'Say what was tried with other scanners, sequences and missing slices.'),
    claim('availability', `Sequela ${report.programVersion}, Apache-2.0; the study file's digest names every setting`),
    ask('CLAIM 2024', 'funding and conflicts', 'Name them.'),
  ]
}

/** Whose weights were judged, where another study trained them. */
function trainedInWords({ trainedBy }: EvaluationReport): string {
  return trainedBy === undefined
    ? ''
    : `trained in the study ${trainedBy.study} at ${trainedBy.sites.join(', ')} and judged later; `
}

function preprocessingInWords(pipeline: Study['pipeline']): string {
  const shown = sequencesInWords(pipeline)
  if ('features' in pipeline) return `${shown}; each array is brought to mean 0 and standard deviation 1`
  const { template, registration, brainMask, biasCorrection } = pipeline
  return `${shown}; template ${template}, registration ${registration}, brain mask ${brainMask}, bias correction ${biasCorrection}, one recipe at every site`
}

function predictorsOf({ pipeline, model }: Study): string {
  const told = [
    `scans (${sequencesInWords(pipeline)}) up to the visit`,
    ...(model.timeInput === 'none' ? [] : ['the days between them']),
    ...(model.clinical ? ['age, sex, resection and location from the chart'] : []),
  ]
  return `${told.join('; ')}; no date and no site`
}
