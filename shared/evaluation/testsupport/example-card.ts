// A model card with plausible figures, for tests of whatever reads cards.

import { sha256 } from '../../digest.ts'
import type { ModelCard } from '../model-card.ts'

const estimate = { value: 0.78, low: 0.71, high: 0.85 }

export function exampleCard(changes: Partial<ModelCard> = {}): ModelCard {
  return {
    format: 'sequela-model-card/1',
    writtenAt: '2026-01-02T03:04:05.000Z',
    notice: 'Research software. Not a medical device.',
    model: {
      study: 'example',
      studyDigest: sha256('study'),
      weightsDigest: sha256('weights'),
      preset: 'tiny',
      parameters: 115_000,
      programVersion: '0.1.0',
      lineage: [
        { task: 'ordering', rounds: 60 },
        { task: 'recurrence', rounds: 30 },
      ],
    },
    outcome: { horizonDays: 365, definition: 'recurrence or progression' },
    preprocessing: { template: 'mni152', sequences: 'FLAIR or T2w' },
    training: {
      seed: 1,
      folds: { train: 0.6, validation: 0.2, test: 0.2 },
      strategy: 'fed-avg by children',
      policy: 'plaintext updates',
    },
    inputRanges: { visits: { low: 1, high: 7 }, gap_days: { low: 0, high: 720 } },
    seen: { sequence: ['FLAIR'], vendor: ['ge', 'siemens'] },
    data: {
      sites: [
        { site: 'boston', children: 41, landmarks: 160 },
        { site: 'zurich', children: null, landmarks: null },
      ],
      children: 41,
      landmarks: 160,
    },
    performance: {
      raw: { auroc: estimate, ece: { value: 0.09, low: 0.05, high: 0.13 } },
      recalibrated: { auroc: estimate, ece: { value: 0.03, low: null, high: null } },
      recalibratedBySite: { auroc: null },
    },
    strata: [{ family: 'scans', level: '1', children: null, figures: {} }],
    reliability: [
      { low: 0, high: 0.1, share: 0.5, observed: 0.05 },
      { low: 0.1, high: 0.5, share: 0.49, observed: 0.25 },
      { low: 0.5, high: 1, share: 0.01, observed: null },
    ],
    calibrationLines: {
      consortium: { intercept: 0.1, slope: 0.9, covariance: [0.04, 0.01, 0.02] },
      site: { intercept: -0.1, slope: 0.95, covariance: [0.05, 0.01, 0.03] },
    },
    recalibration: {
      consortium: { intercept: -0.4, slope: 0.8, kind: 'platt' },
      sites: { boston: { intercept: -0.3, slope: 1, kind: 'intercept' } },
    },
    thresholds: {
      version: sha256('thresholds'),
      ruleOut: { risk: 0.08, chosenFor: 'a negative predictive value of at least 0.95', figures: { npv: estimate } },
      ruleIn: null,
    },
    intendedUse: 'research',
    excludedUse: ['decisions about a child'],
    knownFailures: [],
    checklist: [{ guideline: 'TRIPOD+AI', item: '6a', text: '2 sites', by: 'software' }],
    ...changes,
  }
}
