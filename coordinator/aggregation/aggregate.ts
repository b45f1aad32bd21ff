// Computes the average of a round from the stored updates and puts it into the blob store. Large models are combined in
// worker threads, while this one hashes and writes what is finished and keeps answering sites.
// Memory: some 40 MB a thread, for any number of sites and any size of model.

import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import type { Digest } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { encodeHeader } from '../../shared/weights/safetensors.ts'
import { elementCount, type Manifest } from '../../shared/weights/weights.ts'
import type { Blobs } from '../store/blobs.ts'
import { keepsMoments, strategyOf } from '../strategy/strategies.ts'
import { openBlockCombiner } from './block-combiner.ts'
import { combinedInThreads } from './combine-threads.ts'
import type { AggregationPlan, Moments, PassPlan } from './plan.ts'

/** The next weights, durable in the blob store, and which sites were scaled down by what factor. */
export interface Aggregation {
  readonly weightsDigest: Digest
  readonly clipped: ReadonlyMap<string, number>
  /** Moments that the weights were made of, likewise durable, where the strategy keeps some. */
  readonly moments?: Moments<Digest>
}

export interface AggregateOptions {
  readonly blobs: Pick<Blobs, 'put' | 'pathOf'>
  readonly manifest: Manifest
  readonly plan: AggregationPlan
  /** Default: one for each core, 4 at most; 0 combines in this thread, which answers nobody meanwhile. */
  readonly threads?: number
  /** Calls the work off; nothing is stored then. */
  readonly signal?: AbortSignal
}

/** Below this many elements in all files together a thread costs more than it saves: 64 MB, read in some 30 ms. */
const smallWork = 16 * 1024 * 1024

/** Threads beyond this wait for memory and disk, not for cores. */
const maxThreads = 4

/**
 * Averages as the plan says and stores the result.
 * The same updates give the same bytes on every machine, in whatever order they are listed and with any number of
 * threads: an element's value depends only on the elements at its place, in order of site id.
 * @throws SequelaError `store_corrupt` when a stored file is missing or has another length than the model, `disk_full`.
 */
export async function aggregate(options: AggregateOptions): Promise<Aggregation> {
  const { plan } = options
  const sorted = { ...plan, updates: [...plan.updates].sort((a, b) => (a.site < b.site ? -1 : 1)) }
  const clipped = new Map(scaledDown(sorted))
  if (!keepsMoments(plan.strategy))
    return { weightsDigest: await store(options, { ...sorted, pass: 'weights' }), clipped }
  const moments = {
    first: await store(options, { ...sorted, pass: 'first-moment', baseFile: plan.momentFiles?.first }),
    second: await store(options, { ...sorted, pass: 'second-moment', baseFile: plan.momentFiles?.second }),
  }
  const momentFiles = [moments.first, moments.second].map((digest, k) => ({
    ...{ site: `moment-${k + 1}`, children: 1, norm: 0, file: options.blobs.pathOf(digest) ?? '' },
  }))
  return { weightsDigest: await store(options, { ...sorted, pass: 'weights', updates: momentFiles }), clipped, moments }
}

/** One pass: its files are combined and what comes of it is put into the store. */
async function store({ blobs, manifest, threads, signal }: AggregateOptions, pass: PassPlan): Promise<Digest> {
  signal?.throwIfAborted()
  await checkLengths(pass, manifest)
  return blobs.put(weightsFile(manifest, combined(pass, threads ?? threadsFor(pass), signal)))
}

function scaledDown({ strategy, updates }: AggregationPlan): (readonly [site: string, scale: number])[] {
  const scales = strategyOf(strategy, keepsMoments(strategy) ? 'first-moment' : 'weights').scales(updates)
  return updates.flatMap(({ site }, k) => {
    const scale = scales[k] ?? 1
    return scale < 1 ? [[site, scale] as const] : []
  })
}

function threadsFor(plan: PassPlan): number {
  const work = plan.elements * (plan.updates.length + 2)
  return work < smallWork ? 0 : Math.min(maxThreads, availableParallelism())
}

/** Checked beforehand, so that what fails inside a thread is a fault of the program or of the disk. */
async function checkLengths(plan: PassPlan, manifest: Manifest): Promise<void> {
  if (elementCount(manifest) !== plan.elements) throw new Error('the plan is for another manifest')
  const expected = plan.dataOffset + plan.elements * 4
  const files = [
    ...(plan.baseFile === undefined ? [] : [plan.baseFile]),
    ...(plan.previousBaseFile === undefined ? [] : [plan.previousBaseFile]),
    ...plan.updates.map(({ file }) => file),
  ]
  for (const file of files) {
    const size = await stat(file).then(
      (info) => info.size,
      (error: unknown) => {
        if (systemCode(error) !== 'ENOENT') throw error
        return 0
      },
    )
    if (size !== expected) {
      const message = `blob ${basename(file)} has ${size} bytes and the model ${expected}; restore that file of the store from a backup`
      throw new SequelaError('store_corrupt', message)
    }
  }
}

async function* weightsFile(manifest: Manifest, blocks: AsyncIterable<Float32Array>): AsyncIterable<Uint8Array> {
  yield encodeHeader(manifest)
  for await (const { buffer, byteOffset, byteLength } of blocks) yield new Uint8Array(buffer, byteOffset, byteLength)
}

function combined(plan: PassPlan, threads: number, signal: AbortSignal | undefined): AsyncIterable<Float32Array> {
  return threads === 0 ? combinedInPlace(plan, signal) : combinedInThreads(plan, threads, signal)
}

async function* combinedInPlace(plan: PassPlan, signal: AbortSignal | undefined): AsyncIterable<Float32Array> {
  const combiner = openBlockCombiner(plan)
  try {
    const next = new Float32Array(combiner.blockElements)
    for (let block = 0; block < combiner.blocks; block++) {
      signal?.throwIfAborted()
      yield next.subarray(0, combiner.combine(block, next))
    }
  } finally {
    combiner.close()
  }
}
