// A strategy turns the sites' updates into the next global weights. It works on one block of elements at a time and keeps
// nothing between blocks, so any number of sites fits into memory and blocks may be computed on several cores. Sites come
// in order of id and sums run in float64: the same updates give the same bytes whatever order they arrived in.

/** One site's part in the average. */
export interface SiteShare {
  readonly site: string
  /** Children behind the update. */
  readonly children: number
  /** L2 norm of the whole update, as admission computed it. */
  readonly norm: number
}

/** The same range of elements of everything that the next weights are made of. All arrays have the same length. */
export interface Block {
  readonly base: Float32Array
  /** Base of the round before; absent in the first round of a stage. */
  readonly previousBase: Float32Array | undefined
  /** Updates in order of site id. */
  readonly updates: readonly Float32Array[]
}

/** How a round's updates are combined. */
export interface Strategy {
  /** What each update is multiplied by before it is averaged; 1 unless it is scaled down. In order of `shares`. */
  scales(shares: readonly SiteShare[]): readonly number[]
  /** Writes the next weights of a block into `next`. `shares` in order of site id, `scales` as above. */
  combine(block: Block, shares: readonly SiteShare[], scales: readonly number[], next: Float32Array): void
}
