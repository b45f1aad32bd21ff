// Every limit of the protocol in one place, each with its reason.

/** A study file is a page of YAML with at most 1,000 site names of 40 letters. */
export const maxStudyFileBytes = 64 * 1024

/** One chunk of weights; a cut line costs at most this much again. 256 KiB is slower, 4 MiB no faster. */
export const chunkBytes = 1024 * 1024

/** What one message may hold: a chunk, its frame and room for headers. */
export const maxMessageBytes = 4 * 1024 * 1024

/** The JSON header of a weights file; the paper's model (36 M parameters, under 200 tensors) needs 20 KiB. */
export const maxWeightsHeaderBytes = 1024 * 1024

/** Parameters of one model: 500 M float32 are 2 GB, far above any preset and below what a disk notices. */
export const maxParameters = 500_000_000

/** Numbers that one update may carry beside its weights. */
export const maxMetrics = 64

/** Text that a peer chooses (a reason, a version) is cut to this many characters before it is stored or shown. */
export const maxPeerTextLength = 500
