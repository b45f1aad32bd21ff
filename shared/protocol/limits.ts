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

/** An answer of an evaluation: 200 groups of landmarks, each with up to 50 cells of 120 letters for either class, twice. */
export const maxAnswerBytes = 8 * 1024 * 1024

/**
 * Tokens in one site's list for the check of children in two hospitals: 128 KiB, and more children with gliomas than any
 * hospital has. Also the most identifiers that a member who abuses its key can try with one list.
 */
export const maxLinkTokens = 4096

/** Lists of tokens are filled up to a multiple of this, so that they do not tell how many children a hospital has. */
export const linkTokensMultiple = 64

/** Different lists that a site may give for one study: its tables change once a week for a year. */
export const maxLinkLists = 50

/** Numbers that one update may carry beside its weights. */
export const maxMetrics = 64

/**
 * The largest sum of a metric, either way: 10⁵⁰ times what float32 holds, so no model reaches it, and sums of all sites of
 * a study still are finite numbers.
 */
export const maxMetricSum = 1e88

/** Text that a peer chooses (a reason, a version) is cut to this many characters before it is stored or shown. */
export const maxPeerTextLength = 500

/** Metadata key under which a refusal's code travels. */
export const errorCodeKey = 'sequela-code'

/** Calls that one connection may have open: attend, one transfer, a few short ones. */
export const maxCallsPerConnection = 32

/** Connections that one address may have: a hospital behind one address, its agent twice during a restart, and tools. */
export const maxConnectionsPerAddress = 64

/** A site's longest message text: a certificate request is under 4 KiB. */
export const maxCsrBytes = 16 * 1024

/** HTTP/2 window of a connection and of each stream at the coordinator: 4 MiB fill a line of 1 Gbit/s at 30 ms. */
export const windowBytes = 4 * 1024 * 1024

/** The same while an upload comes over a long line: 32 MiB carried 160 MiB/s at 40 ms, 8 MiB half of it. */
export const longLineWindowBytes = 32 * 1024 * 1024

/** A line is long when a round trip takes this many ms; at less, the smaller window is enough. */
export const longLineMs = 10

/** The agent's own window, for downloads; it fetches one file at a time. */
export const agentWindowBytes = 32 * 1024 * 1024

/** Messages that grpc-js takes in or gives out ahead of us, for each call; Node's default of 16 would be 16 MiB of chunks. */
export const messagesAhead = 2

/** Uploads that are received at the same time, and how many of them with the window for a long line. */
export const maxConcurrentUploads = 16
/** 14 × 4 MiB + 2 × 32 MiB = 120 MiB is what windows may hold in memory when the disk does not keep up. */
export const maxLongLineUploads = 2

/** Downloads at the same time; each holds a few chunks (4 MiB), so 32 hold 128 MiB. The rest wait their turn. */
export const maxConcurrentDownloads = 32

/** How long an announced upload may wait for its turn, in ms; less than the client's patience with a short call. */
export const uploadTurnMs = 20_000

/** What a caller may still send on a connection after its answer, in bytes; most of a window may be on its way. */
export const maxBytesAfterAnswer = 16 * 1024 * 1024

/** How long a call that answers at once may take, in ms; a slow line with a full window needs seconds. */
export const shortCallMs = 30_000

/** A chunk that does not come for this long ends an upload or download, in ms: at 64 KiB/s one takes 16 s. */
export const stalledTransferMs = 120_000

/** How often an open attend call says that it is alive, in ms; firewalls drop idle flows after five minutes or more. */
export const heartbeatMs = 25_000
