// Options of the study file that change how recurrence is trained: what each buys is measured against the study that the rest of
// the benchmark trains, from the same ordering weights.

/** Pieces of the study file that an option adds; a stage piece is that of recurrence. */
interface StudyPieces {
  readonly inWords: string
  readonly model?: string
  readonly stage?: string
  readonly strategy?: string
  readonly training?: string
}

export const trainingOptions = {
  'binary-head': { inWords: 'one risk within the year in place of hazards (`head: binary`)', model: 'head: binary' },
  fourier: { inWords: 'told of the days before the landmark (`timeInput: fourier`)', model: 'timeInput: fourier' },
  clinical: { inWords: 'the chart joined late (`clinical: true`)', model: 'clinical: true' },
  'best-round': {
    inWords: 'weights of the round with the least validation loss (`select: { metric: hazard_loss }`)',
    stage: 'select: { metric: hazard_loss }',
  },
  'early-stop': {
    inWords:
      'ended once the validation loss has not fallen for five rounds (`earlyStop: { metric: hazard_loss, patience: 5 }`)',
    stage: 'earlyStop: { metric: hazard_loss, patience: 5 }',
  },
  'constant-rate': { inWords: 'one rate to the end (`schedule: constant`)', stage: 'schedule: constant' },
  'slow-encoder': {
    inWords: 'encoder at a quarter of the rate (`encoderLearningRate: 5e-4`)',
    stage: 'encoderLearningRate: 5e-4',
  },
  'half-rate': { inWords: 'half of the rate (`learningRate: 1e-3`)', stage: 'learningRate: 1e-3' },
  'two-epochs': { inWords: 'two local epochs (`localEpochs: 2`)', stage: 'localEpochs: 2' },
  'no-momentum': { inWords: 'no server momentum (`serverMomentum: 0`)', strategy: 'serverMomentum: 0' },
  'fed-adam': {
    inWords: 'FedAdam (`name: fed-adam, adam: { learningRate: 1e-2 }`)',
    strategy: 'name: fed-adam, adam: { learningRate: 1e-2 }',
  },
  proximal: { inWords: 'FedProx (`proximal: 0.01`)', training: 'proximal: 0.01' },
  median: {
    inWords: 'coordinate median, all sites alike (`name: coordinate-median, weightBy: sites`)',
    strategy: 'name: coordinate-median, weightBy: sites, serverMomentum: 0.6',
  },
  'trimmed-mean': {
    inWords: 'trimmed mean, all sites alike (`name: trimmed-mean, trim: 0.2, weightBy: sites`)',
    strategy: 'name: trimmed-mean, trim: 0.2, weightBy: sites, serverMomentum: 0.6',
  },
  'personal-head': {
    inWords: "each site's own risk head (`personal: [head.risk]`), mean over the sites' models",
    training: 'personal: [head.risk]',
  },
} as const satisfies Record<string, StudyPieces>

export type TrainingOption = keyof typeof trainingOptions
export const trainingOptionNames = Object.keys(trainingOptions) as readonly TrainingOption[]

/** The pieces of an option; none of an arm that is no option. */
export function piecesOf(arm: string): Partial<StudyPieces> {
  return Object.hasOwn(trainingOptions, arm) ? trainingOptions[arm as TrainingOption] : {}
}

export function isTrainingOption(arm: string): arm is TrainingOption {
  return Object.hasOwn(trainingOptions, arm)
}
