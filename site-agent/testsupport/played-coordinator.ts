// An agent's two loops with a coordinator that is played: everything but the network, in a folder of its own.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '../../shared/digest.ts'
import { type Log, silentLog } from '../../shared/log.ts'
import { initialWeights } from '../../shared/model/parameters.ts'
import { binaryModel } from '../../shared/model/testsupport/models.ts'
import { formatAssignmentId } from '../../shared/protocol/assignment-id.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { seededRandom } from '../../shared/random.ts'
import { parseStudy } from '../../shared/study/study.ts'
import { encodeSafetensors } from '../../shared/weights/safetensors.ts'
import { type AgentClient, type AgentDeps, type Notice, runAgent } from '../agent.ts'
import { createApprovals } from '../approvals.ts'
import { createEgress } from '../egress.ts'
import { readEgress } from '../egress-record.ts'
import { createEvaluator } from '../evaluation/evaluator.ts'
import type { PreparedChild, Trainer } from '../learning/trainer.ts'
import type { Linkage } from '../linkage/linkage.ts'
import { createParticipation } from '../participation.ts'
import { createPersonalParameters } from '../personal-parameters.ts'
import { createSpool } from '../spool.ts'
import { createStatusBoard, readStatus } from '../status-board.ts'

export const study = parseStudy(`study: small
seed: 1
model: { preset: tiny, grid: [24, 32, 24], spacingMm: 7 }
pipeline: { template: mni152, sequences: [FLAIR] }
sites: [a]
folds: { train: 0.8, validation: 0.2, test: 0 }
stages: [{ task: ordering, rounds: 2, learningRate: 1e-3, select: { metric: ordering_loss } }]
round: { quorum: 1, deadline: 1h }
policy: { minChildren: 1, minCell: 1, maxUpdateNorm: 100 }
`)
const base = encodeSafetensors(initialWeights(binaryModel, 1))
export const assignment = {
  ...{ studyDigest: study.digest, stage: 0, round: 0 },
  ...{
    baseDigest: sha256(base),
    baseByteLength: base.byteLength,
    deadlineMs: 0,
    evaluateOnly: false,
    answerPass: false,
  },
}
export const notice: Notice = { kind: 'assignment', assignment }
const welcome: Notice = { kind: 'welcome', serverTimeMs: 0, programVersion: '1' }

/** How the coordinator that is played behaves; each list is used up from the front, then all goes well. */
interface Play {
  readonly deliveries?: (SequelaError | 'hangs')[]
  readonly connections?: SequelaError[]
  readonly training?: () => void
  readonly evaluation?: () => void
  /** Otherwise in a day. */
  readonly renewalInMs?: number
  /** Room for the spool; otherwise enough. */
  readonly freeBytes?: () => Promise<number>
  /** Otherwise no child is at another hospital. */
  readonly linkage?: Linkage
  readonly log?: Log
  /** Otherwise there are none. */
  readonly children?: readonly PreparedChild[]
}

export interface Scene {
  /** Everything that happened, in order. */
  readonly events: string[]
  /** Resolves once that has happened for the n-th time. */
  until(event: string, times?: number): Promise<void>
  say(notice: Notice): void
  /** Ends the open call as a line that goes down does. */
  cutLine(): void
  /** Ends the open call in good order. */
  endCall(): void
  /** Lets time pass. */
  elapse(ms: number): void
  /** How long each back-off was to last, in ms. */
  readonly pauses: readonly number[]
  /** Clients that were made and not closed. */
  readonly open: ReadonlySet<AgentClient>
  /** How long each call was to last before its certificate is renewed, in ms. */
  readonly renewals: readonly number[]
  stop(): Promise<void>
  readonly folder: string
}

/** A home and the agents that ran in it, one after another. */
export interface Stage {
  readonly folder: string
  play(options?: Play): Promise<Scene>
  /** Kinds of what the egress record holds. */
  recorded(): Promise<string[]>
  /** What `site status` shows of the last assignment, once the agent has ended. */
  lastOutcome(scene: Scene): Promise<string | undefined>
  /** Stops every agent and deletes the folder. */
  clear(): Promise<void>
}

export async function openStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'sequela-agent-'))
  const scenes: Scene[] = []
  return {
    folder,
    play: async (options) => {
      const scene = await play(folder, options)
      scenes.push(scene)
      return scene
    },
    recorded: async () => (await readEgress(join(folder, 'egress.jsonl'))).map(({ kind }) => kind),
    lastOutcome: async (scene) => {
      await scene.stop()
      return (await readStatus(join(folder, 'status.json')))?.last?.outcome
    },
    clear: async () => {
      for (const scene of scenes) await scene.stop()
      await rm(folder, { recursive: true })
    },
  }
}

export const dayMs = 86_400_000
/** No back-off is as long. */
const longestBackoffMs = 60_000

/** An agent whose home is `folder`, and a coordinator that is played. */
async function play(
  folder: string,
  {
    deliveries = [],
    connections = [],
    training,
    evaluation,
    renewalInMs = dayMs,
    freeBytes = async () => 2 ** 30,
    linkage,
    log = silentLog,
    children = [],
  }: Play = {},
): Promise<Scene> {
  const events: string[] = []
  const listeners = new Set<() => void>()
  const happen = (event: string): void => {
    events.push(event)
    for (const listener of listeners) listener()
  }
  const stopping = new AbortController()
  let say: (notice: Notice) => void = () => {}
  let cutLine = (): void => {}
  let endCall = (): void => {}
  let nowMs = 0
  const open = new Set<AgentClient>()
  const renewals: number[] = []
  const pauses: number[] = []
  const untilAborted = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => {
      const end = (): void => reject(new SequelaError('cancelled', 'called off'))
      if (signal.aborted) end()
      signal.addEventListener('abort', end, { once: true })
    })
  const client: AgentClient = {
    attend: async (approved, onNotice, signal) => {
      say = onNotice
      onNotice(welcome)
      const ending = Promise.withResolvers<void>()
      cutLine = () => ending.reject(new SequelaError('unreachable', 'the line went down'))
      endCall = () => ending.resolve()
      happen(`attends with ${approved.length}`)
      await Promise.race([ending.promise, untilAborted(signal)])
    },
    downloadWeights: async ({ file }) => {
      await writeFile(file, base)
      happen('downloads')
    },
    deliver: async (update, { signal, onSent }) => {
      const outcome = deliveries.shift()
      happen(`delivers ${update.updateDigest === sha256(await readFile(update.file)) ? 'whole' : 'damaged'}`)
      if (outcome === 'hangs') await untilAborted(signal)
      onSent?.(update.byteLength)
      if (outcome instanceof SequelaError) throw outcome
      return { journalIndex: 5n, bytesSent: update.byteLength }
    },
    reportEvaluation: async ({ baseDigest, metrics }) => {
      happen(`reports ${metrics.length} numbers on ${baseDigest === sha256(base) ? 'the weights' : 'others'}`)
    },
    decline: async (id, code, reason) => happen(`declines ${id === formatAssignmentId(assignment)} ${code}: ${reason}`),
    report: async () => true,
    linkChildren: async () => ({ shared: [], held: [], keysDiffer: false, settled: true }),
    close: () => {},
  }
  const trainer: Trainer = {
    train: async (job) => {
      happen('trains')
      training?.()
      const values = job.weights.values.map((value) => value + 1e-3)
      return { weights: { manifest: job.weights.manifest, values }, children: 3, steps: 1, meanLoss: 0.5 }
    },
    evaluate: async () => {
      evaluation?.()
      return [{ name: 'ordering_loss', sum: 2, count: 4, children: 4 }]
    },
    risks: async () => [],
    close: async () => happen('closes the trainer'),
  }
  const approvals = createApprovals(join(folder, 'approvals'))
  await approvals.approve(study)
  const clock = { now: () => nowMs }
  const participation = createParticipation({ file: join(folder, 'participation.jsonl'), site: 'a', clock })
  const egress = createEgress({ file: join(folder, 'egress.jsonl'), clock, participation })
  const deps: AgentDeps = {
    ...{ site: 'a', approvals, trainer, clock, random: seededRandom('agent'), log },
    evaluator: createEvaluator({
      site: 'a',
      trainer,
      reportedFile: join(folder, 'reported.json'),
      cutsFile: join(folder, 'cuts.json'),
    }),
    preparedChildren: async () => children,
    egress,
    linkage: linkage ?? { settle: async () => {}, announce: async () => {} },
    spool: createSpool(join(folder, 'spool'), freeBytes),
    personal: createPersonalParameters(join(folder, 'personal')),
    weightsFolder: folder,
    connect: async () => {
      const failure = connections.shift()
      happen(failure === undefined ? 'connects' : 'fails to connect')
      if (failure !== undefined) throw failure
      const connected: AgentClient = { ...client, close: () => void open.delete(connected) }
      open.add(connected)
      return connected
    },
    renewalInMs: async () => renewalInMs,
    approvalsChanged: (signal) => untilAborted(signal).catch(() => {}),
    status: createStatusBoard({ file: join(folder, 'status.json'), clock }),
    // The time of a renewal never comes; a back-off is over at once.
    wait: async (ms, signal) => {
      if (ms > longestBackoffMs) {
        renewals.push(ms)
        return untilAborted(signal).catch(() => {})
      }
      pauses.push(ms)
      happen('waits')
    },
  }
  const running = runAgent(deps, stopping.signal)
  return {
    events,
    folder,
    until: (event, times = 1) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (events.filter((seen) => seen.startsWith(event)).length < times) return
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        look()
      }),
    say: (said) => say(said),
    cutLine: () => cutLine(),
    endCall: () => endCall(),
    elapse: (ms) => {
      nowMs += ms
    },
    ...{ open, renewals, pauses },
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
