// The agent's two loops against a coordinator that is played: what it repeats, what it gives up, and what it says.

import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../shared/digest.ts'
import { silentLog } from '../shared/log.ts'
import { initialWeights } from '../shared/model/parameters.ts'
import { binaryModel } from '../shared/model/testsupport/models.ts'
import { formatAssignmentId } from '../shared/protocol/assignment-id.ts'
import { errorCodes, SequelaError } from '../shared/protocol/errors.ts'
import { seededRandom } from '../shared/random.ts'
import { parseStudy } from '../shared/study/study.ts'
import { encodeSafetensors } from '../shared/weights/safetensors.ts'
import { type AgentClient, type AgentDeps, type Notice, runAgent } from './agent.ts'
import { createApprovals } from './approvals.ts'
import { createEgress } from './egress.ts'
import { readEgress } from './egress-record.ts'
import { createEvaluator } from './evaluation/evaluator.ts'
import type { Trainer } from './learning/trainer.ts'
import type { Linkage } from './linkage/linkage.ts'
import { createPersonalParameters } from './personal-parameters.ts'
import { createSpool } from './spool.ts'
import { createStatusBoard, readStatus } from './status-board.ts'

const study = parseStudy(`study: small
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
const assignment = {
  ...{ studyDigest: study.digest, stage: 0, round: 0 },
  ...{
    baseDigest: sha256(base),
    baseByteLength: base.byteLength,
    deadlineMs: 0,
    evaluateOnly: false,
    answerPass: false,
  },
}
const notice: Notice = { kind: 'assignment', assignment }
const welcome: Notice = { kind: 'welcome', site: 'a', serverTimeMs: 0, programVersion: '1' }

/** How the coordinator that is played behaves; each list is used up from the front, then all goes well. */
interface Play {
  readonly deliveries?: (SequelaError | 'hangs')[]
  readonly connections?: SequelaError[]
  readonly training?: () => never
  /** Otherwise in a day. */
  readonly renewalInMs?: number
  /** Room for the spool; otherwise enough. */
  readonly freeBytes?: () => Promise<number>
  /** Otherwise no child is at another hospital. */
  readonly linkage?: Linkage
}

interface Scene {
  /** Everything that happened, in order. */
  readonly events: string[]
  /** Resolves once that has happened for the n-th time. */
  until(event: string, times?: number): Promise<void>
  say(notice: Notice): void
  /** Ends the open call as a line that goes down does. */
  cutLine(): void
  /** Clients that were made and not closed. */
  readonly open: ReadonlySet<AgentClient>
  /** How long each call was to last before its certificate is renewed, in ms. */
  readonly renewals: readonly number[]
  stop(): Promise<void>
  readonly folder: string
}

let folder: string
let scenes: Scene[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sequela-agent-'))
  scenes = []
})
afterEach(async () => {
  for (const scene of scenes) await scene.stop()
  await rm(folder, { recursive: true })
})

const dayMs = 86_400_000
/** No back-off is as long. */
const longestBackoffMs = 60_000

async function play({
  deliveries = [],
  connections = [],
  training,
  renewalInMs = dayMs,
  freeBytes = async () => 2 ** 30,
  linkage,
}: Play = {}): Promise<Scene> {
  const events: string[] = []
  const listeners = new Set<() => void>()
  const happen = (event: string): void => {
    events.push(event)
    for (const listener of listeners) listener()
  }
  const stopping = new AbortController()
  let say: (notice: Notice) => void = () => {}
  let cutLine = (): void => {}
  const open = new Set<AgentClient>()
  const renewals: number[] = []
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
      const cut = Promise.withResolvers<never>()
      cutLine = () => cut.reject(new SequelaError('unreachable', 'the line went down'))
      happen(`attends with ${approved.length}`)
      await Promise.race([cut.promise, untilAborted(signal)])
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
    evaluate: async () => [{ name: 'ordering_loss', sum: 2, count: 4, children: 4 }],
    risks: async () => [],
    close: async () => happen('closes the trainer'),
  }
  const approvals = createApprovals(join(folder, 'approvals'))
  await approvals.approve(study)
  const clock = { now: () => 0 }
  const egress = createEgress({ file: join(folder, 'egress.jsonl'), clock })
  const deps: AgentDeps = {
    ...{ site: 'a', approvals, trainer, clock, random: seededRandom('agent'), log: silentLog },
    evaluator: createEvaluator({ site: 'a', trainer, reportedFile: join(folder, 'reported.json') }),
    preparedChildren: async () => [],
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
      happen('waits')
    },
  }
  const running = runAgent(deps, stopping.signal)
  const scene: Scene = {
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
    ...{ open, renewals },
    stop: async () => {
      stopping.abort()
      await running
    },
  }
  scenes.push(scene)
  return scene
}

const recorded = async (): Promise<string[]> => (await readEgress(join(folder, 'egress.jsonl'))).map(({ kind }) => kind)

/** What `site status` shows once the assignment has ended. */
async function lastOutcome(scene: Scene): Promise<string | undefined> {
  await scene.stop()
  return (await readStatus(join(folder, 'status.json')))?.last?.outcome
}

describe('an agent', () => {
  test('trains on no child before it knows which of them another hospital keeps', async () => {
    const refusal = new SequelaError('linkage_refused', 'not so')
    const linkage: Linkage = { announce: async () => {}, settle: () => Promise.reject(refusal) }
    const scene = await play({ linkage })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('declines')
    expect(await lastOutcome(scene)).toContain('linkage_refused')
    expect(scene.events).not.toContain('trains')
  })

  test('names its children as soon as it is connected, long before it is asked to train', async () => {
    const { promise: announced, resolve } = Promise.withResolvers<readonly string[]>()
    const announce: Linkage['announce'] = async (studies) => resolve(studies.map(({ digest }) => digest))
    await play({ linkage: { announce, settle: async () => {} } })
    expect(await announced).toEqual([study.digest])
  })

  test('connects, trains what it is asked for, delivers it, and closes what it opened', async () => {
    const scene = await play()
    await scene.until('attends')
    scene.say(notice)
    scene.say(notice)
    await scene.until('delivers')
    expect(await lastOutcome(scene)).toBe('delivered')
    expect(scene.events).toEqual([
      ...['connects', 'attends with 1', 'downloads', 'trains', 'delivers whole', 'closes the trainer'],
    ])
    expect(await recorded()).toEqual(['update-sealed', 'update-delivered'])
    expect(await createSpool(join(folder, 'spool')).find(assignment, assignment.baseDigest)).toBeUndefined()
  })

  test('only says how the weights do where that is all that is asked, and trains nothing', async () => {
    const scene = await play()
    await scene.until('attends')
    scene.say({ kind: 'assignment', assignment: { ...assignment, round: 2, evaluateOnly: true } })
    await scene.until('reports')
    expect(await lastOutcome(scene)).toBe('delivered')
    expect(scene.events).toEqual([
      ...['connects', 'attends with 1', 'downloads', 'reports 1 numbers on the weights', 'closes the trainer'],
    ])
    expect(await recorded()).toEqual(['evaluation-sealed'])
  })

  test('evaluates nothing in a stage for which its hospital has not agreed to that', async () => {
    const scene = await play()
    await scene.until('attends')
    scene.say({ kind: 'assignment', assignment: { ...assignment, stage: 1, evaluateOnly: true } })
    await scene.until('declines')
    expect(scene.events.at(-1)).toMatch(/round_unknown/)
    expect(await recorded()).toEqual(['declined'])
  })

  test('delivers again, and does not train again, when the line was to blame', async () => {
    const codes = ['unreachable', 'too_busy', 'disk_full', 'offset_mismatch'] as const
    const scene = await play({ deliveries: codes.map((code) => new SequelaError(code, 'later')) })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers', 5)
    expect(await lastOutcome(scene)).toBe('delivered')
    expect(scene.events.filter((event) => event === 'trains')).toHaveLength(1)
    expect(scene.events.filter((event) => event === 'waits')).toHaveLength(4)
    expect(await recorded()).toEqual(['update-sealed', ...Array(4).fill('delivery-interrupted'), 'update-delivered'])
  })

  test('takes a refusal as the end of the matter, forgets the update, and goes on with the next round', async () => {
    const scene = await play({ deliveries: [new SequelaError('norm_exceeded', 'too long')] })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers')
    scene.say({ kind: 'assignment', assignment: { ...assignment, round: 1 } })
    await scene.until('delivers', 2)
    expect(scene.events.some((event) => event.startsWith('declines'))).toBe(false)
    expect(await createSpool(join(folder, 'spool')).find(assignment, assignment.baseDigest)).toBeUndefined()
    expect(await lastOutcome(scene)).toBe('delivered')
  })

  test("says a failure of its own in a fixed sentence, without the error's words", async () => {
    const scene = await play({
      training: () => {
        throw new Error('/data/sub-secret/anat.nii.gz burst')
      },
    })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('declines')
    expect(scene.events.at(-1)).toBe(`declines true internal: ${errorCodes.internal}`)
    expect(await recorded()).toEqual(['declined'])
    expect(await readFile(join(folder, 'egress.jsonl'), 'utf8')).not.toContain('secret')
  })

  test('stops what is called off, and does the next', async () => {
    const scene = await play({ deliveries: ['hangs'] })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers')
    scene.say({ kind: 'cancellation', assignmentId: formatAssignmentId(assignment), reason: 'enough' })
    scene.say({ kind: 'assignment', assignment: { ...assignment, round: 1 } })
    await scene.until('delivers', 2)
    expect(await lastOutcome(scene)).toBe('delivered')
  })

  /** Whether the record of what leaves can be written: there is room, or there is none. */
  const fullDevice = '/dev/full'
  const fillDisk = (): Promise<void> => symlink(fullDevice, join(folder, 'egress.jsonl'))
  const makeRoom = (): Promise<void> => rm(join(folder, 'egress.jsonl'))

  test.skipIf(!existsSync(fullDevice))('waits for room when its disk is full, and then delivers', async () => {
    await fillDisk()
    const scene = await play()
    await scene.until('attends')
    scene.say(notice)
    await scene.until('waits', 2)
    await makeRoom()
    await scene.until('delivers whole')
    expect(await lastOutcome(scene)).toBe('delivered')
    expect(scene.events.some((event) => event.startsWith('declines'))).toBe(false)
    expect(await recorded()).toEqual(['update-sealed', 'update-delivered'])
  })

  test('does not even train while there is no room for the update', async () => {
    const freeBytes = [0, 0]
    const scene = await play({ freeBytes: async () => freeBytes.shift() ?? 2 ** 30 })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers whole')
    expect(await lastOutcome(scene)).toBe('delivered')
    expect(scene.events.filter((event) => event === 'waits' || event === 'trains')).toEqual([
      'waits',
      'waits',
      'trains',
    ])
  })

  test.skipIf(!existsSync(fullDevice))(
    'goes on when it cannot write down why it declines, and says nothing then',
    async () => {
      const scene = await play({
        training: () => {
          throw new Error('a fault')
        },
      })
      await scene.until('attends')
      await fillDisk()
      scene.say(notice)
      scene.say({ kind: 'assignment', assignment: { ...assignment, round: 1 } })
      await scene.until('trains', 2)
      expect(scene.events.some((event) => event.startsWith('declines'))).toBe(false)
      await scene.stop()
    },
  )

  const heartbeat: Notice = { kind: 'heartbeat', serverTimeMs: 0 }
  const kept = async () => ({
    updates: (await createSpool(join(folder, 'spool')).list()).length,
    weights: (await readdir(folder)).filter((name) => name.endsWith('.safetensors')).length,
  })

  test('keeps nothing of what is called off, once it has heard that the update comes too late', async () => {
    const scene = await play({ deliveries: ['hangs', new SequelaError('round_closed', 'over')] })
    await scene.until('attends')
    scene.say(notice)
    scene.say(heartbeat)
    await scene.until('delivers')
    expect(await kept()).toEqual({ updates: 1, weights: 1 })
    scene.say({ kind: 'cancellation', assignmentId: formatAssignmentId(assignment), reason: 'enough' })
    await scene.until('delivers', 2)
    await scene.stop()
    expect(await kept()).toEqual({ updates: 0, weights: 0 })
  })

  test('keeps nothing of a round that ended while it was off', async () => {
    const before = await play({ deliveries: ['hangs'] })
    await before.until('attends')
    before.say(notice)
    await before.until('delivers')
    await before.stop()
    const scene = await play({ deliveries: [new SequelaError('round_closed', 'over')] })
    await scene.until('attends')
    expect(await kept()).toEqual({ updates: 1, weights: 1 })
    scene.say(heartbeat)
    await scene.until('delivers')
    await scene.stop()
    expect(await kept()).toEqual({ updates: 0, weights: 0 })
    expect(scene.events).not.toContain('trains')
  })

  test('connects again and again, with pauses, and says why it could not', async () => {
    const scene = await play({
      connections: Array.from({ length: 3 }, () => new SequelaError('unreachable', 'no route')),
    })
    await scene.until('attends')
    expect(scene.events).toEqual([...Array(3).fill(['fails to connect', 'waits']).flat(), 'connects', 'attends with 1'])
  })

  test('does not hang up at once for a renewal that is due already', async () => {
    const scene = await play({ renewalInMs: -3 * dayMs })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers')
    await scene.stop()
    expect(scene.events.filter((event) => event === 'connects')).toHaveLength(1)
    expect(scene.renewals).toEqual([600_000])
  })

  test('closes a connection that was replaced, once the assignment that uses it has ended', async () => {
    const scene = await play({ deliveries: ['hangs'] })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers')
    for (let times = 2; times <= 5; times++) {
      scene.cutLine()
      await scene.until('attends', times)
    }
    expect(scene.open.size).toBe(2)
    scene.say({ kind: 'cancellation', assignmentId: formatAssignmentId(assignment), reason: 'enough' })
    scene.say({ kind: 'assignment', assignment: { ...assignment, round: 1 } })
    await scene.until('delivers', 2)
    expect(scene.open.size).toBe(1)
    await scene.stop()
    expect(scene.open.size).toBe(0)
  })

  test('that is stopped in the middle keeps the sealed update for its next start', async () => {
    const scene = await play({ deliveries: ['hangs'] })
    await scene.until('attends')
    scene.say(notice)
    await scene.until('delivers')
    await scene.stop()
    const next = await play()
    await next.until('attends')
    next.say(notice)
    next.say({ kind: 'heartbeat', serverTimeMs: 0 })
    await next.until('delivers')
    expect(await lastOutcome(next)).toBe('delivered')
    expect(next.events).not.toContain('trains')
    expect(next.events.filter((event) => event.startsWith('delivers'))).toHaveLength(1)
  })
})
