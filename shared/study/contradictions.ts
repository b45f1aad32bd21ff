// What a study file may not say together, in sentences for its author. Each field by itself is checked by the schema.

import { hazardEdgesDays, isHazardEdge } from '../model/hazards.ts'
import { networkOf } from '../model/network.ts'
import { modelManifest } from '../model/parameters.ts'
import { imagePresets } from '../model/presets.ts'
import { type MetricName, validationMetrics } from './metrics.ts'
import { modelOf } from './model-of.ts'
import { staysAtSite } from './personal.ts'
import type { OrderingLosses, Stage, Strategy, Study } from './study.ts'
import { tasksOf } from './tasks.ts'

/** What the parts of a model cannot be together. */
export function modelContradictions(study: Study): string[] {
  const { timeInput } = study.model
  const problems: string[] = []
  if (takesMean(study) && timeInput !== 'none') {
    problems.push(
      `model.timeInput: a mean of scans has no gates that could be told of time; leave ${timeInput} out, or ask for gru`,
    )
  }
  if (comparesMissingImages(study))
    problems.push('model.temporal: change-gru compares images, and this study shows arrays; ask for gru')
  return problems
}

export function stageContradictions(stage: Stage, study: Study): string[] {
  const { rounds, warmupRounds, earlyStop, select } = stage
  const problems: string[] = []
  if (warmupRounds > rounds) problems.push(`warmupRounds: the stage has ${rounds} rounds`)
  if (earlyStop !== undefined && earlyStop.patience >= rounds) {
    problems.push(`earlyStop.patience: the stage has ${rounds} rounds, so it could never stop before its end`)
  }
  if ('losses' in stage && stage.losses !== undefined) problems.push(...lossContradictions(stage.losses, study))
  const metrics = { 'earlyStop.metric': earlyStop?.metric, 'select.metric': select?.metric }
  for (const [field, metric] of Object.entries(metrics)) {
    if (metric !== undefined) problems.push(...metricContradictions(field, metric, stage, study))
  }
  return problems
}

function lossContradictions({ pairs, sequences, maxima }: OrderingLosses, study: Study): string[] {
  if (pairs + sequences + maxima === 0) return ['losses: all are 0, so nothing would be learned']
  return pairs + maxima === 0 && takesMean(study)
    ? ['losses: a mean of scans (model.temporal) is the same in any order, so sequences teach it nothing']
    : []
}

/**
 * What earlier versions let pass. Such texts stand in journals and among approvals and are read as they were; nobody can propose or
 * approve another (decision 16).
 */
export function newStudyContradictions(study: Study): string[] {
  const problems: string[] = []
  if ('grid' in study.model) {
    const { preset, spacingMm } = study.model
    const { spacingMm: needed } = imagePresets[preset]
    if (spacingMm !== needed) {
      problems.push(
        `model.spacingMm: preset ${preset} works on voxels of ${needed} mm; of ${spacingMm} mm its grid does not hold a head`,
      )
    }
  }
  const horizons = new Set(study.stages.flatMap((stage) => (stage.task === 'recurrence' ? [stage.horizonDays] : [])))
  if (horizons.size > 1) {
    problems.push(`stages: all stages of recurrence must share one horizonDays, not ${[...horizons].join(' and ')}`)
  }
  for (const [index, stage] of study.stages.entries()) {
    problems.push(...arrayLossContradictions(stage, study).map((problem) => `stages.${index}.${problem}`))
  }
  return problems
}

/** Arrays have no maxima, so that loss counts for nothing whatever its weight; where it is 0, the usual rule says all. */
function arrayLossContradictions(stage: Stage, study: Study): string[] {
  const losses = 'losses' in stage ? stage.losses : undefined
  if (losses === undefined || losses.maxima === 0 || study.model.preset !== 'embeddings') return []
  if (losses.pairs + losses.sequences === 0) {
    return ['losses: arrays have no maxima, so with pairs and sequences at 0 nothing would be learned']
  }
  return lossContradictions({ ...losses, maxima: 0 }, study)
}

function metricContradictions(field: string, metric: MetricName, { task }: Stage, study: Study): string[] {
  const known = validationMetrics(task, modelOf(study).head)
  if (!known.includes(metric)) {
    return [`${field}: no site reports ${metric} of weights in ${task}; there are: ${known.join(', ')}`]
  }
  return study.folds.validation > 0 ? [] : [`${field}: there is no validation fold to measure it on; see folds`]
}

export function personalContradictions(study: Study): string[] {
  const { personal = [] } = study.training
  if (personal.length === 0 || comparesMissingImages(study)) return []
  const names = modelManifest(modelOf(study)).map(({ name }) => name)
  const unknown = personal.filter((name) => !names.some((parameter) => staysAtSite(parameter, [name])))
  if (unknown.length > 0) {
    const parts = [...new Set(names.map((name) => name.split('.').slice(0, -1).join('.')))]
    return [`training.personal: the model has no parameters ${unknown.join(', ')}; there are: ${parts.join(', ')}`]
  }
  return names.every((name) => staysAtSite(name, personal)) ? ['training.personal: nothing would be shared'] : []
}

/** What a study that trains nothing must say, and one that trains may not. */
export function fromContradictions({ from, stages, evaluation, sites, training, model }: Study): string[] {
  if (from === undefined) {
    return stages.length > 0
      ? []
      : ['stages: there is none; a study that trains nothing names in `from` whose weights it judges']
  }
  const problems: string[] = []
  if (stages.length > 0)
    problems.push('stages: weights of a finished study are judged, not trained on; write stages: []')
  if (evaluation === undefined) problems.push('evaluation: nothing is trained, so without it nothing would be done')
  if (new Set(from.sites).size !== from.sites.length) problems.push('from.sites: a site is named twice')
  if (model.head === 'hazards' && !isHazardEdge(from.horizonDays)) {
    problems.push(`from.horizonDays: ${hazardHorizons}`)
  }
  const strangers = sites.filter((site) => !from.sites.includes(site))
  if (training.personal !== undefined && strangers.length > 0) {
    problems.push(
      `sites: ${strangers.join(', ')} trained no ${training.personal.join(', ')} of its own (training.personal), so it has no weights to judge`,
    )
  }
  return problems
}

/** Where a head of hazards can say a risk. */
export const hazardHorizons = `hazards give risks within ${hazardEdgesDays.join(', ')} days`

/** A study of finished weights may have no fold to choose thresholds on, and sites at which every child is tested. */
export function evaluationContradictions(study: Study): string[] {
  const { evaluation, from, sites, folds } = study
  if (evaluation === undefined) return []
  const problems: string[] = []
  if (tasksOf(study).at(-1) !== 'recurrence') {
    problems.push('evaluation: it judges risks of recurrence, so the last stage must be one of recurrence')
  }
  if (folds.validation === 0 && from === undefined) {
    problems.push('evaluation: there is no validation fold to recalibrate on; see folds')
  }
  if (folds.test === 0 && sites.every((site) => from?.sites.includes(site) ?? true)) {
    problems.push('evaluation: there is no test fold to judge on; see folds')
  }
  return problems
}

export function strategyContradictions({ name, trim, adam, serverMomentum }: Strategy): string[] {
  const problems: string[] = []
  if (trim !== undefined && name !== 'trimmed-mean') problems.push(`strategy.trim: ${name} cuts nothing off`)
  if (trim === undefined && name === 'trimmed-mean')
    problems.push('strategy.trim: say which share is cut off at either end')
  if (adam !== undefined && name !== 'fed-adam') problems.push(`strategy.adam: ${name} has no optimiser of its own`)
  if (adam === undefined && name === 'fed-adam')
    problems.push('strategy.adam: say how long its steps are, for example adam: { learningRate: 0.01 }')
  if (serverMomentum > 0 && name === 'fed-adam')
    problems.push('strategy.serverMomentum: fed-adam has momentum of its own, adam.beta1')
  return problems
}

function comparesMissingImages({ model }: Study): boolean {
  return model.preset === 'embeddings' && model.temporal === 'change-gru'
}

/** Whether a child's scans are told apart by nothing but what they show. */
function takesMean(study: Study): boolean {
  return networkOf(modelOf(study)).temporal === 'mean'
}
