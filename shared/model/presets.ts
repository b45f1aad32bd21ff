// Presets: the sizes of the networks that a study may name. A study fixes one; sites accept no other architecture.

/** Sizes of one network. `grid` is the volume it expects, `[depth, height, width]` in voxels of `spacingMm`. */
export interface Preset {
  readonly grid: readonly [number, number, number]
  readonly spacingMm: number
  /** Output channels of the encoder's stride-2 convolutions, first to last. */
  readonly encoderChannels: readonly number[]
  /** Channels that share one mean and variance in group normalisation. */
  readonly channelsPerGroup: number
  readonly embeddingSize: number
  readonly hiddenSize: number
  /** Edge, in voxels, of the blocks whose maxima the stage-1 auxiliary head predicts. */
  readonly maximaBlock: number
}

export const presets = {
  tiny: {
    grid: [24, 32, 24],
    spacingMm: 7,
    encoderChannels: [16, 32, 64],
    channelsPerGroup: 8,
    embeddingSize: 64,
    hiddenSize: 64,
    maximaBlock: 8,
  },
} as const satisfies Record<string, Preset>

export type PresetName = keyof typeof presets

/** The preset of that name; a function so that callers see the general type. */
export function presetOf(name: PresetName): Preset {
  return presets[name]
}
