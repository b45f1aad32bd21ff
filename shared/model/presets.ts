// Presets: the sizes of the networks that a study may name. A study fixes one; sites accept no other architecture.

/** `[depth, height, width]` in voxels. */
export type Grid = readonly [number, number, number]

/** What makes an embedding of images. */
export type ImageEncoder =
  /** 3×3×3 convolutions that halve every axis, first to last, with this many output channels. */
  | { readonly kind: 'convolutions'; readonly channels: readonly number[] }
  /** ResNet-18 (He et al. 2016) in three dimensions with group normalisation: `width` channels, doubled three times. */
  | { readonly kind: 'resnet18'; readonly width: number }

/** What makes a state of a child's scans (sequence.ts). */
export const temporals = ['gru', 'change-gru', 'attention-lstm', 'mean'] as const
export type Temporal = (typeof temporals)[number]

interface CommonSizes {
  readonly embeddingSize: number
  readonly temporal: Temporal
  /** Of a state. */
  readonly hiddenSize: number
  /** A landmark is judged by this many scans, the latest; absent: by all. */
  readonly mostScans?: number
}

/** A network that sees images. `grid` is the volume it expects, in voxels of `spacingMm`. */
export interface ImagePreset extends CommonSizes {
  readonly encoder: ImageEncoder
  readonly grid: Grid
  readonly spacingMm: number
  /** Channels that share one mean and variance in group normalisation. */
  readonly channelsPerGroup: number
  /** Edge, in voxels, of the blocks whose maxima the stage-1 auxiliary head predicts. */
  readonly maximaBlock: number
  /** Number of the layer, from 0, whose maps `change-gru` compares between visits: 12×16×12 voxels of 14 mm. */
  readonly comparedLayer: number
}

/** A network for arrays that sites bring: their embedding is one linear layer. */
export interface FeaturePreset extends CommonSizes {
  readonly encoder: { readonly kind: 'features' }
}

export type Preset = ImagePreset | FeaturePreset

/** Networks that see images. */
export const imagePresets = {
  /** For the demo and tests: 118 k weights, 7 million multiplications a scan. */
  tiny: {
    grid: [24, 32, 24],
    spacingMm: 7,
    encoder: { kind: 'convolutions', channels: [16, 32, 64] },
    channelsPerGroup: 8,
    embeddingSize: 64,
    temporal: 'gru',
    hiddenSize: 64,
    maximaBlock: 8,
    comparedLayer: 0,
  },
  /** For real studies: 2.3 million weights, 220 million multiplications a scan. */
  compact: {
    grid: [48, 64, 48],
    spacingMm: 3.5,
    encoder: { kind: 'resnet18', width: 16 },
    channelsPerGroup: 8,
    embeddingSize: 128,
    temporal: 'gru',
    hiddenSize: 128,
    mostScans: 6,
    maximaBlock: 16,
    comparedLayer: 0,
  },
  /**
   * The network of the paper (Tak et al. 2025), with group in place of batch normalisation, the maximum beside the mean, real
   * scans only and no dropout: 37 million weights, 18 billion multiplications a scan.
   */
  paper: {
    grid: [96, 128, 96],
    spacingMm: 1.75,
    encoder: { kind: 'resnet18', width: 64 },
    channelsPerGroup: 8,
    embeddingSize: 512,
    temporal: 'attention-lstm',
    hiddenSize: 512,
    mostScans: 12,
    maximaBlock: 32,
    comparedLayer: 1,
  },
} as const satisfies Record<string, ImagePreset>

export const presets = {
  ...imagePresets,
  /** For sites that bring arrays of numbers instead of images: no encoder but a linear layer. */
  embeddings: {
    encoder: { kind: 'features' },
    embeddingSize: 128,
    temporal: 'gru',
    hiddenSize: 128,
    mostScans: 6,
  },
} as const satisfies Record<string, Preset>

export type PresetName = keyof typeof presets

/** The preset of that name; a function so that callers see the general type. */
export function presetOf(name: PresetName): Preset {
  return presets[name]
}

/** Channels of each layer of an encoder, first to last. */
export function layerChannels(encoder: ImageEncoder): readonly number[] {
  return encoder.kind === 'resnet18' ? [1, 2, 4, 8].map((times) => times * encoder.width) : encoder.channels
}

/** Channels that an encoder ends with. */
export function encoderOutputs(encoder: ImageEncoder): number {
  return layerChannels(encoder).at(-1) ?? 1
}
