// Which images of a visit a study shows its model: one, of the first sequence in an order of preference, or one of each named
// sequence at once, each a channel, with a flag that says whether the visit has it.

/** In the words of BIDS, and T1c for what BIDS calls T1w with `ce-…`: after contrast agent. */
export const sequenceNames = ['FLAIR', 'T2w', 'T1w', 'T1c'] as const
export type SequenceName = (typeof sequenceNames)[number]

/** As the study file has it. */
export type Sequences = readonly SequenceName[] | { readonly all: readonly SequenceName[] }

/** What a study file may say of sequences, for people. */
export const sequencesSyntax =
  `name one or more of ${sequenceNames.join(', ')} in order of preference, such as [FLAIR, T2w], ` +
  'or two or more that are shown at once, such as { all: [FLAIR, T2w] }'

type Pipeline = { readonly sequences: Sequences } | { readonly features: string }

/** Every sequence that a study can use, in its order; none of a study of arrays. */
export function usedSequences(pipeline: Pipeline): readonly SequenceName[] {
  if (!('sequences' in pipeline)) return []
  const { sequences } = pipeline
  return 'all' in sequences ? sequences.all : sequences
}

/** The sequences that are shown at once, each a channel, in order; undefined where a visit is shown in one image. */
export function channelsOf(pipeline: Pipeline): readonly SequenceName[] | undefined {
  return 'sequences' in pipeline && 'all' in pipeline.sequences ? pipeline.sequences.all : undefined
}

/** For example `FLAIR or T2w`, `FLAIR and T2w at once, a missing one marked as missing`, or `arrays called brainiac`. */
export function sequencesInWords(pipeline: Pipeline): string {
  if ('features' in pipeline) return `arrays called ${pipeline.features}, which each site computed itself`
  const channels = channelsOf(pipeline)
  if (channels === undefined) return usedSequences(pipeline).join(' or ')
  return `${channels.slice(0, -1).join(', ')} and ${channels.at(-1)} at once, a missing one marked as missing`
}
