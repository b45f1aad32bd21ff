// One assignment from start to end: the page to read first. Global weights come in, the hospital's own scans train them,
// and only the sealed difference goes out.

import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '../shared/digest.ts'
import { sha256 } from '../shared/digest.ts'
import { type AssignmentKey, formatAssignmentId } from '../shared/protocol/assignment-id.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { modelOf } from '../shared/study/model-of.ts'
import type { Stage, StudyFile } from '../shared/study/study.ts'
import { decodeSafetensors } from '../shared/weights/safetensors.ts'
import type { Weights } from '../shared/weights/weights.ts'
import type { Approvals } from './approvals.ts'
import type { Egress, SealedEvaluation } from './egress.ts'
import type { Evaluator } from './evaluation/evaluator.ts'
import type { JobOptions, PreparedChild, Trainer, TrainingJob } from './learning/trainer.ts'
import { usableChildren } from './learning/usable-children.ts'
import type { Linkage, LinkageClient } from './linkage/linkage.ts'
import type { ChildrenBehind } from './participation.ts'
import type { PersonalParameters } from './personal-parameters.ts'
import type { Spool, SpooledUpdate } from './spool.ts'

/** What the coordinator asks for; `baseDigest` names the weights to start from. */
export interface Assignment extends AssignmentKey {
  readonly baseDigest: Digest
  readonly baseByteLength: number
  readonly deadlineMs: number
  /** The closing round of a stage: say how the weights do and train nothing. */
  readonly evaluateOnly: boolean
  /** A pass of the study's evaluation: answer with sums and counts. */
  readonly answerPass: boolean
  /** What the passes before came to; absent in the first. */
  readonly pooled?: { readonly digest: Digest; readonly byteLength: number }
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

export interface EvaluationClient {
  /** Says how weights do; resolves when that is durable at the coordinator. Saying it again changes nothing. */
  reportEvaluation(evaluation: SealedEvaluation): Promise<void>
}

export type AssignmentClient = DeliveryClient & EvaluationClient & LinkageClient

export interface AssignmentDeps {
  readonly site: string
  readonly approvals: Approvals
  /** This hospital's children for a study, every usable scan prepared. */
  readonly preparedChildren: (study: StudyFile, options: WorkOptions) => Promise<readonly PreparedChild[]>
  /** Which children another hospital keeps, where the study looks for such. */
  readonly linkage: Linkage
  readonly trainer: Trainer
  readonly evaluator: Evaluator
  readonly egress: Egress
  readonly spool: Spool
  readonly personal: PersonalParameters
  readonly weightsFolder: string
}

/**
 * Trains for an assignment and delivers the update. An update that is already sealed is delivered as it is, so no
 * training is ever repeated because a line was down or a machine restarted.
 * @throws SequelaError with the reason; nothing is left half done.
 */
export async function performAssignment(
  deps: AssignmentDeps,
  client: AssignmentClient,
  assignment: Assignment,
  options: WorkOptions,
): Promise<void> {
  const study = await deps.approvals.find(assignment.studyDigest)
  if (assignment.evaluateOnly) return evaluateWeights(deps, client, study, assignment, options)
  const spooled = await deps.spool.find(assignment, assignment.baseDigest)
  const make = assignment.answerPass ? answerPass : trainUpdate
  const update = spooled ?? (await make(deps, client, study, assignment, options))
  await deliverUpdate(deps, client, update, options)
  // The other passes of an evaluation judge the same weights.
  if (assignment.answerPass) return
  // Every round brings weights of its own; these are not asked for again.
  await rm(weightsFile(deps, assignment.baseDigest), { force: true })
}

/** Sends a spooled update, notes the receipt and clears it from the spool. @throws as the client does. */
export async function deliverUpdate(
  deps: Pick<AssignmentDeps, 'egress' | 'spool'>,
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
  client: DeliveryClient & LinkageClient,
  study: StudyFile,
  assignment: Assignment,
  options: WorkOptions,
): Promise<SpooledUpdate> {
  const stage = study.study.stages[assignment.stage]
  if (stage === undefined || assignment.round >= stage.rounds) throw unknownRound(study, assignment)
  const job = await prepareJob(deps, client, study, stage, assignment, options)
  // Else a full disk would be found after the training, which would begin again with every attempt.
  await deps.spool.requireRoom(assignment.baseByteLength)
  const metrics = await deps.trainer.evaluate(job, reporting('evaluating', options))
  const trained = await deps.trainer.train(job, reporting('training', options))
  const loss = {
    name: 'training_loss',
    sum: trained.meanLoss * trained.steps,
    count: trained.steps,
    children: trained.children,
  } as const
  await requireApproval(deps, assignment)
  const sealed = await deps.egress.sealUpdate({
    assignment,
    baseDigest: assignment.baseDigest,
    before: job.weights,
    after: trained.weights,
    children: trained.children,
    behind: { trained: keysOf(usableChildren(job, 'train')), validated: keysOf(usableChildren(job, 'validation')) },
    metrics: [...metrics, loss],
    policy: study.study.policy,
    personal: study.study.training.personal,
  })
  // Before the spool: an update that is delivered after a restart has left its own part here.
  await deps.personal.keep(study, assignment, trained.weights)
  return deps.spool.put(sealed)
}

/** A pass of the study's evaluation: sums and counts over the landmarks of the validation and test folds. */
async function answerPass(
  deps: AssignmentDeps,
  client: DeliveryClient & LinkageClient,
  study: StudyFile,
  assignment: Assignment,
  options: WorkOptions,
): Promise<SpooledUpdate> {
  const { baseDigest, pooled } = assignment
  const children = await childrenOf(deps, client, study, options)
  const answer = await deps.evaluator.answer(
    {
      ...{ study, assignment, children },
      weights: async () =>
        deps.personal.forRound(study, assignment, await downloadBase(deps, client, assignment, options)),
      pooled: pooled === undefined ? undefined : await downloadPooled(deps, client, pooled, options),
    },
    reporting('evaluating', options),
  )
  const { policy } = study.study
  const validated = children.filter(({ fold, scans }) => fold === 'validation' && scans.some(isLandmark))
  const behind: ChildrenBehind = { trained: [], validated: keysOf(validated) }
  await requireApproval(deps, assignment)
  return deps.spool.put(await deps.egress.sealAnswer({ assignment, baseDigest, answer, behind, policy }))
}

async function downloadPooled(
  deps: AssignmentDeps,
  client: DeliveryClient,
  { digest, byteLength }: NonNullable<Assignment['pooled']>,
  { signal, onProgress }: WorkOptions,
): Promise<Uint8Array> {
  const file = join(deps.weightsFolder, `${digest}.json`)
  const progress = (done: number, total: number): void => onProgress('downloading', done, total)
  await client.downloadWeights({ digest, byteLength, file }, { signal, onProgress: progress })
  const content = await readFile(file)
  await rm(file, { force: true })
  return content
}

/** The closing round of a stage that chooses among its weights: the last ones are evaluated here and nothing is trained. */
async function evaluateWeights(
  deps: AssignmentDeps,
  client: AssignmentClient,
  study: StudyFile,
  assignment: Assignment,
  options: WorkOptions,
): Promise<void> {
  const stage = study.study.stages[assignment.stage]
  if (stage?.select === undefined || assignment.round > stage.rounds) throw unknownRound(study, assignment)
  const job = await prepareJob(deps, client, study, stage, assignment, options)
  const metrics = await deps.trainer.evaluate(job, reporting('evaluating', options))
  const { baseDigest } = assignment
  const { policy } = study.study
  const behind: ChildrenBehind = { trained: [], validated: keysOf(usableChildren(job, 'validation')) }
  await requireApproval(deps, assignment)
  await client.reportEvaluation(await deps.egress.sealEvaluation({ assignment, baseDigest, metrics, behind, policy }))
  // The next stage may begin with these; then they are fetched again, which costs less than to know.
  await rm(weightsFile(deps, baseDigest), { force: true })
}

/** Hours may have passed since the beginning: what the hospital does not approve any more is not sealed to leave. */
async function requireApproval({ approvals }: AssignmentDeps, { studyDigest }: Assignment): Promise<void> {
  await approvals.find(studyDigest)
}

async function prepareJob(
  deps: AssignmentDeps,
  client: DeliveryClient & LinkageClient,
  file: StudyFile,
  stage: Stage,
  assignment: Assignment,
  options: WorkOptions,
): Promise<TrainingJob> {
  const { study } = file
  const weights = await downloadBase(deps, client, assignment, options)
  return {
    model: modelOf(study),
    stage,
    training: study.training,
    round: assignment.round,
    weights: await deps.personal.forRound(file, assignment, weights),
    children: await childrenOf(deps, client, file, options),
    seed: `${study.seed}/${deps.site}/${assignment.stage}/${assignment.round}`,
  }
}

/** The children of a study, once it is known which of them another hospital keeps. */
async function childrenOf(
  deps: AssignmentDeps,
  client: LinkageClient,
  study: StudyFile,
  options: WorkOptions,
): Promise<readonly PreparedChild[]> {
  await deps.linkage.settle(study, client)
  return deps.preparedChildren(study, options)
}

function keysOf(children: readonly PreparedChild[]): readonly string[] {
  return children.map(({ key }) => key)
}

/** Whether something is known of what followed the visit: by such visits an evaluation recalibrates. */
function isLandmark({ followUp }: PreparedChild['scans'][number]): boolean {
  return followUp !== null
}

function reporting(activity: Activity, { signal, onProgress }: WorkOptions): JobOptions {
  return { signal, onProgress: ({ step, steps }) => onProgress(activity, step, steps) }
}

function unknownRound({ study }: StudyFile, assignment: Assignment): SequelaError {
  return new SequelaError('round_unknown', `study ${study.study} has no round ${formatAssignmentId(assignment)}`)
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
