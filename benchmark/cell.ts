// A cell: one training, or one group of controls that need none, of one seed. It is named by what it is, and its result is kept
// with the digest of everything it was computed from, so that a benchmark that was interrupted goes on where it stood.

import { isTrainingOption, type TrainingOption } from './training-options.ts'

/** How a variant of ordering departs from the usual one; what is not said is as usual. */
interface OrderingTraits {
  /** Pieces of the study file. */
  readonly losses?: string
  readonly hasWarmUp?: false
  /** The network compares pictures of visits, not only their embeddings. */
  readonly comparesPictures?: false
  /** Each child's scans change places. */
  readonly isShuffled?: true
}

const auxiliaryAlone = 'losses: { pairs: 0, sequences: 0 }'
const variants = {
  order: {},
  shuffled: { isShuffled: true },
  auxiliary: { losses: auxiliaryAlone },
  'embeddings-only': { comparesPictures: false },
  'embeddings-shuffled': { comparesPictures: false, isShuffled: true },
  'embeddings-auxiliary': { comparesPictures: false, losses: auxiliaryAlone },
  'no-maxima': { losses: 'losses: { maxima: 0 }' },
  'no-warm-up': { hasWarmUp: false },
} as const satisfies Record<string, OrderingTraits>

/** What ordering is pretrained with. */
export type OrderingVariant = keyof typeof variants
export const orderingVariants = Object.keys(variants) as readonly OrderingVariant[]

/** A function so that callers see the general type. */
export function traitsOf(variant: OrderingVariant): OrderingTraits {
  return variants[variant]
}

/** Who trains together: six sites by averaging, one site that holds all children, or each site alone. */
export type Setting = 'federated' | 'pooled' | 'local'

/** Arms that start from nothing: the network as it is, and the one that compares embeddings alone. */
const scratchArms = ['scratch', 'embeddings-scratch'] as const
type ScratchArm = (typeof scratchArms)[number]

/** What recurrence starts from or is shown. */
export type RecurrenceArm = OrderingVariant | ScratchArm | 'single-scan' | 'histogram' | TrainingOption

/** A permutation of outcomes. Those of a Latin square together give every child every kind of outcome equally often. */
export interface Permutation {
  /** From 0, over all squares of the seed. */
  readonly number: number
  /** Permutations of a square. */
  readonly of: number
  /** Single visits of all sites change places and not children of one, so that neither time nor site tells anything. */
  readonly mixesVisits?: true
}

export type Cell =
  | { readonly kind: 'ordering'; readonly seed: number; readonly variant: OrderingVariant; readonly setting: Setting }
  | {
      readonly kind: 'recurrence'
      readonly seed: number
      readonly arm: RecurrenceArm
      readonly setting: Setting
      /** Share of the known outcomes that is used. */
      readonly known: number
      /** How the outcomes change places, for the control; absent: they are as they are. */
      readonly permutation?: Permutation
    }
  /** Logistic regressions on counts, gaps, charts, bright voxels, local rises and frozen embeddings, in every setting. */
  | { readonly kind: 'plain'; readonly seed: number; readonly known: number }
  /** What tells the order without a network: histogram, header, brain volume. */
  | { readonly kind: 'shortcuts'; readonly seed: number }
  /** How the network after ordering puts pairs of scans between which the lesion grew, stayed or shrank. */
  | { readonly kind: 'lesion-change'; readonly seed: number }
  /** Ordering on hospitals that replace their scanners, tested with and without that: how the audit and the network take it. */
  | { readonly kind: 'upgrade'; readonly seed: number }
  /** Both stages without one site, scored on that site's children. */
  | { readonly kind: 'left-out'; readonly seed: number; readonly site: string }

/** The cell's name, and that of its file. */
export function cellId(cell: Cell): string {
  switch (cell.kind) {
    case 'ordering':
      return `${cell.seed}.ordering.${cell.variant}.${cell.setting}`
    case 'recurrence': {
      const { permutation } = cell
      const kind = permutation?.mixesVisits ? 'mixed' : 'permutation'
      const permuted = permutation === undefined ? '' : `.${kind}-${permutation.number}`
      return `${cell.seed}.recurrence.${cell.arm}.${cell.setting}.${percent(cell.known)}${permuted}`
    }
    case 'plain':
      return `${cell.seed}.plain.${percent(cell.known)}`
    case 'shortcuts':
      return `${cell.seed}.shortcuts`
    case 'lesion-change':
      return `${cell.seed}.lesion-change`
    case 'upgrade':
      return `${cell.seed}.upgrade`
    case 'left-out':
      return `${cell.seed}.left-out.${cell.site}`
  }
}

/** Cells whose weights this one starts from. */
export function dependenciesOf(cell: Cell): Cell[] {
  const ordering = (variant: OrderingVariant, setting: Setting): Cell => ({
    kind: 'ordering',
    seed: cell.seed,
    variant,
    setting,
  })
  if (cell.kind === 'plain' || cell.kind === 'lesion-change') return [ordering('order', 'federated')]
  if (cell.kind !== 'recurrence' || startsFromScratch(cell.arm)) return []
  return [ordering(pretrainingOf(cell.arm), cell.setting)]
}

/** Whether an arm takes over no weights of ordering. */
export function startsFromScratch(arm: RecurrenceArm): boolean {
  return arm === 'histogram' || scratchArms.some((scratch) => scratch === arm)
}

/** Whether an arm's network compares pictures, so that it is soon trained out (decision 29). */
export function comparesPictures(arm: RecurrenceArm): boolean {
  return arm !== 'histogram' && traitsOf(pretrainingOf(arm)).comparesPictures !== false
}

/** The ordering that an arm of recurrence starts from, or would if it did not start from scratch. */
export function pretrainingOf(arm: RecurrenceArm): OrderingVariant {
  if (arm === 'embeddings-scratch') return 'embeddings-only'
  if (arm === 'scratch' || arm === 'single-scan' || arm === 'histogram' || isTrainingOption(arm)) return 'order'
  return arm
}

function percent(share: number): string {
  return `${Math.round(100 * share)}`
}
