// A study file for tests, with little more than what must stand in one.

export const exampleStudyText = `study: plgg
seed: 1
model: { preset: tiny, grid: [24, 32, 24], spacingMm: 7 }
pipeline: { template: mni152, sequences: [FLAIR] }
sites: [boston, zurich]
folds: { train: 0.6, validation: 0.2, test: 0.2 }
stages:
  - { task: ordering, rounds: 3, learningRate: 3e-3 }
  - { task: recurrence, rounds: 2, learningRate: 2e-3 }
round: { quorum: 2, deadline: 4h }
policy: { minChildren: 5 }
`
