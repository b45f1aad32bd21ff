// One assignment from start to end: the page to read first. Global weights come in, the hospital's own scans train them,
// and only the sealed difference goes out.

import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '../shared/digest.ts'
import { sha256 } from '../shared/digest.ts'
import { type AssignmentKey, formatAssignmentId } from '../shared/protocol/assignment-id.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { modelOf } from '../shared/study/model-of.ts'
import type { StudyFile } from '../shared/study/study.ts'
import { decodeSafetensors } from '../shared/weights/safetensors.ts'
import type { Weights } from '../shared/weights/weights.ts'
import type { Approvals } from './approvals.ts'
import type { Egress } from './egress.ts'
import type { PreparedChild, Trainer, TrainingJob } from './learning/trainer.ts'
import type { Spool, SpooledUpdate } from './spool.ts'

/** What the coordinator asks for; `baseDigest` names the weights to start from. */
export interface Assignment extends AssignmentKey {
  readonly baseDigest: Digest
  readonly baseByteLength: number
  readonly deadlineMs: number
}

/** What a site is doing with an assignment. */
export type Activity = 'downloading' | 'preparing' | 'evaluating' | 'training' | 'uploading'

export interface WorkOptions {
  readonly signal: AbortSignal
  readonly onProgress: (activity: Activity, done: number, total: number) => void
}

/** The calls to the coordinator that an assignment needs. */
export interface DeliveryClient {
  /** Fetches weights into `file`, going on where an earlier attempt ended; checks the digest. */
  downloadWeights(
    request: { readonly digest: Digest; readonly byteLength: number; readonly file: string },
    options: { readonly signal: AbortSignal; readonly onProgress: (done: number, total: number) => void },
  ): Promise<void>
  /** Sends what the coordinator does not have yet; resolves when the update is durable there and counts. */
  deliver(
    update: SpooledUpdate,
    options: {
      readonly signal: AbortSignal
      readonly onProgress: (done: number, total: number) => void
      /** Bytes of the update that have just been handed to the network. */
      readonly onSent?: (bytes: number) => void
    },
  ): Promise<{ readonly journalIndex: bigint; readonly bytesSent: number }>
}

export interface AssignmentDeps {
  readonly site: string
  readonly approvals: Approvals
  /** This hospital's children for a study, every usable scan prepared. */
  readonly preparedChildren: (study: StudyFile, options: WorkOptions) => Promise<readonly PreparedChild[]>
  readonly trainer: Trainer
  readonly egress: Egress
  readonly spool: Spool
  readonly weightsFolder: string
}

/**
 * Trains for an assignment and delivers the update. An update that is already sealed is delivered as it is, so no
 * training is ever repeated because a line was down or a machine restarted.
 * @throws SequelaError with the reason; nothing is left half done.
 */
export async function performAssignment(
  deps: AssignmentDeps,
  client: DeliveryClient,
  assignment: Assignment,
  options: WorkOptions,
): Promise<void> {
  const study = await deps.approvals.find(assignment.studyDigest)
  const spooled = await deps.spool.find(assignment, assignment.baseDigest)
  const update = spooled ?? (await trainUpdate(deps, client, study, assignment, options))
  await deliverUpdate(deps, client, update, options)
  // Every round brings weights of its own; these are not asked for again.
  await rm(weightsFile(deps, assignment.baseDigest), { force: true })
}

/** Sends a spooled update, notes the receipt and clears it from the spool. @throws as the client does. */
async function deliverUpdate(
  deps: AssignmentDeps,
  client: DeliveryClient,
  update: SpooledUpdate,
  { signal, onProgress }: WorkOptions,
): Promise<void> {
  let handedOver = 0
  const delivering = client.deliver(update, {
    signal,
    onProgress: (done, total) => onProgress('uploading', done, total),
    onSent: (bytes) => {
      handedOver += bytes
    },
  })
  const receipt = await delivering.catch(async (error: unknown) => {
    if (handedOver > 0) await deps.egress.recordInterruption(update, handedOver)
    throw error
  })
  await deps.egress.recordDelivery(update, receipt.bytesSent, receipt.journalIndex)
  await deps.spool.remove(update)
}

async function trainUpdate(
  deps: AssignmentDeps,
  client: DeliveryClient,
  { study, digest, text }: StudyFile,
  assignment: Assignment,
  options: WorkOptions,
): Promise<SpooledUpdate> {
  const { signal, onProgress } = options
  const stage = study.stages[assignment.stage]
  if (stage === undefined || assignment.round >= stage.rounds) {
    throw new SequelaError('round_unknown', `study ${study.study} has no round ${formatAssignmentId(assignment)}`)
  }
  const before = await downloadBase(deps, client, assignment, options)
  const children = await deps.preparedChildren({ study, digest, text }, options)
  const job: TrainingJob = {
    model: modelOf(study),
    stage,
    training: study.training,
    round: assignment.round,
    weights: before,
    children,
    seed: `${study.seed}/${deps.site}/${assignment.stage}/${assignment.round}`,
  }
  const report =
    (activity: Activity) =>
    ({ step, steps }: { step: number; steps: number }) =>
      onProgress(activity, step, steps)
  const metrics = await deps.trainer.evaluate(job, { signal, onProgress: report('evaluating') })
  const trained = await deps.trainer.train(job, { signal, onProgress: report('training') })
  const loss = {
    name: 'training_loss',
    sum: trained.meanLoss * trained.steps,
    count: trained.steps,
    children: trained.children,
  } as const
  const sealed = await deps.egress.sealUpdate({
    assignment,
    baseDigest: assignment.baseDigest,
    before,
    after: trained.weights,
    children: trained.children,
    metrics: [...metrics, loss],
    policy: study.policy,
  })
  return deps.spool.put(sealed)
}

async function downloadBase(
  deps: AssignmentDeps,
  client: DeliveryClient,
  { baseDigest: digest, baseByteLength: byteLength }: Assignment,
  { signal, onProgress }: WorkOptions,
): Promise<Weights> {
  const file = weightsFile(deps, digest)
  const kept = await readFile(file).catch(() => undefined)
  if (kept !== undefined && sha256(kept) === digest) return decodeSafetensors(kept)
  await client.downloadWeights(
    { digest, byteLength, file },
    { signal, onProgress: (done, total) => onProgress('downloading', done, total) },
  )
  const content = await readFile(file)
  if (sha256(content) !== digest) {
    throw new SequelaError('digest_mismatch', 'the weights that were received are not the ones that were announced')
  }
  return decodeSafetensors(content)
}

function weightsFile(deps: Pick<AssignmentDeps, 'weightsFolder'>, digest: Digest): string {
  return join(deps.weightsFolder, `${digest}.safetensors`)
}
