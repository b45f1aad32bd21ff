// A federation in one process whose line, clock, disk and luck come from a seed: messages are lost, doubled and put out
// of order, sites give up, deadlines pass, operators pause, and the coordinator is killed between any two of its steps.
// In the end the weather clears and the run must finish. An update is a unit vector of its own, so weights are simply the
// list of updates in them: one that is there twice was counted twice.

import { type Digest, sha256 } from '../../shared/digest.ts'
import { type Log, silentLog } from '../../shared/log.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { type Random, seededRandom } from '../../shared/random.ts'
import type { MetricSum } from '../../shared/study/metrics.ts'
import type { StudyFile } from '../../shared/study/study.ts'
import { type CommandLoop, createCommandLoop } from '../command-loop.ts'
import { type Average, type Reactions, startReactions } from '../reactions.ts'
import { assignmentsFor } from '../run/queries.ts'
import { countedSites } from '../run/rounds.ts'
import type { Command, PublishedRound, SealedRound } from '../run/run.ts'
import { createMemoryJournal } from '../store/memory-journal.ts'
import { countingMachine } from './counting-machine.ts'
import { createManualTime } from './manual-time.ts'

/** Chances of each kind of trouble, for every step. */
export interface Weather {
  readonly lost: number
  readonly doubled: number
  readonly crash: number
  /** The site says that it will not deliver. */
  readonly declined: number
  /** Time up to the deadline passes, or a pause begins. */
  readonly waiting: number
}

export interface Simulated {
  /** Each update in the final weights, as often as it is in them. */
  readonly updates: readonly string[]
  /** Updates that the coordinator said yes to. */
  readonly granted: ReadonlySet<string>
  readonly weightsDigest: Digest
  readonly crashes: number
}

type Loop = Pick<CommandLoop<never>, 'federation' | 'handle' | 'subscribe'>

/** A step of the coordinator after which it may be killed; nothing that it kept in memory is left. */
class Killed extends Error {}

const longestStory = 400

/** @throws Error when an invariant is broken or the run does not come to an end. */
export async function simulate(study: StudyFile, seed: string, weather: Weather): Promise<Simulated> {
  const random = seededRandom(seed)
  const chance = (share: number): boolean => random.uniform() < share
  const studyDigest = study.digest
  const journal = createMemoryJournal()
  const time = createManualTime()
  const weights = new Map<Digest, readonly string[]>([[sha256('w0'), []]])
  const blobs = new Set<Digest>()
  const granted = new Set<string>()
  let line: Command[] = []
  let averages: (() => void)[] = []
  let published: readonly PublishedRound[] = []
  let crashes = 0
  let stormy = true

  const aggregate = (_run: unknown, round: SealedRound): Promise<Average> =>
    new Promise((resolve) => {
      averages.push(() => {
        const counted = countedSites(round).map((site) => updateName(site, round))
        const sum = [...(weights.get(round.baseDigest) ?? []), ...counted].sort()
        const weightsDigest = sha256(JSON.stringify(sum))
        weights.set(weightsDigest, sum)
        resolve({ weightsDigest, clipped: new Map() })
      })
    })
  // Every average succeeds here, so a study that is held back is a fault.
  const log: Log = { ...silentLog, error: fail }
  const open = (): { loop: Loop; reactions: Reactions } => {
    const loop = createCommandLoop({ journal, clock: time, membership: countingMachine, onFatal: fail })
    return { loop, reactions: startReactions({ loop, aggregate, timer: time, clock: time, log, onFatal: fail }) }
  }
  let { loop, reactions } = open()
  const kill = (): void => {
    crashes++
    void reactions.close()
    averages = []
    ;({ loop, reactions } = open())
  }
  const mayDie = (): void => {
    if (stormy && chance(weather.crash)) throw new Killed()
  }

  /** What the coordinator does with a message: blob, then event, then reply. */
  const receive = async (command: Command): Promise<void> => {
    mayDie()
    if (command.type === 'count-update') blobs.add(command.updateDigest)
    mayDie()
    try {
      await loop.handle(command)
      if (command.type === 'count-update') granted.add(updateName(command.site, command))
    } catch (error) {
      if (!(error instanceof SequelaError) || error.code === 'internal') throw error
    }
    mayDie()
  }

  /** The site sends what it is asked for, again and again until it is not asked any more. */
  const work = (site: string): void => {
    for (const { stage, round, baseDigest, purpose } of assignmentsFor(loop.federation(), site)) {
      const at = { studyDigest, site, stage, round }
      if (stormy && chance(weather.declined)) {
        line.push({ type: 'decline', ...at, code: 'training_failed', reason: 'out of memory' })
        continue
      }
      if (purpose === 'evaluation') {
        line.push({ type: 'report-evaluation', ...at, baseDigest, metrics: lossOf(round) })
        continue
      }
      const updateDigest = sha256(updateName(site, { stage, round }))
      const update = { ...at, baseDigest, updateDigest, byteLength: 100, children: 10, metrics: lossOf(round) }
      line.push({ type: 'count-update', ...update, norm: 1 })
    }
  }

  const step = async (): Promise<void> => {
    if (stormy && chance(weather.waiting))
      line.push({ type: random.integer(2) === 0 ? 'pause-run' : 'resume-run', studyDigest })
    if (stormy && chance(weather.waiting)) time.advance(random.integer(study.study.round.deadlineMs))
    work(study.study.sites[random.integer(study.study.sites.length)] ?? '')
    const message = takeAny(line, random)
    if (message !== undefined && chance(weather.doubled)) line.push(message)
    if (message !== undefined && !(stormy && chance(weather.lost))) await receive(message)
    if (!stormy || random.integer(3) === 0) takeAny(averages, random)?.()
    await settle()
    mayDie()
  }

  await loop.handle({ type: 'propose-study', studyDigest, text: study.text })
  await loop.handle({ type: 'start-run', studyDigest, initialWeights: sha256('w0') })
  for (let steps = 0; steps < longestStory; steps++) {
    if (stormy && steps > longestStory / 4) {
      stormy = false
      line = [{ type: 'resume-run', studyDigest }]
    }
    try {
      await step()
    } catch (error) {
      if (!(error instanceof Killed)) throw error
      kill()
    }
    const run = loop.federation().runs.get(studyDigest)
    const history = run?.published ?? []
    if (!samePast(published, history)) throw new Error('a published round has changed')
    published = history
    if (run?.phase !== 'finished') continue
    journal.verify()
    for (const round of run.published) requireBlobs(round, blobs)
    return { updates: weights.get(run.weightsDigest) ?? [], granted, weightsDigest: run.weightsDigest, crashes }
  }
  throw new Error('the run does not come to its end')
}

/** Falls up to the third round and rises again, the same at every site. */
function lossOf(round: number): readonly MetricSum[] {
  return [{ name: 'ordering_loss', sum: 10 + Math.abs(round - 2), count: 10, children: 10 }]
}

function updateName(site: string, { stage, round }: { stage: number; round: number }): string {
  return `${stage}/${round} ${site}`
}

function takeAny<T>(items: T[], random: Random): T | undefined {
  return items.splice(random.integer(Math.max(items.length, 1)), 1)[0]
}

/** Who is late may be added to a round; nothing else may. */
function samePast(before: readonly PublishedRound[], after: readonly PublishedRound[]): boolean {
  const fixed = ({ sites, late: _, clipped: __, ...rest }: PublishedRound): string => JSON.stringify([[...sites], rest])
  return before.every((round, i) => after[i] === round || (after[i] !== undefined && fixed(after[i]) === fixed(round)))
}

function requireBlobs(round: PublishedRound, blobs: ReadonlySet<Digest>): void {
  for (const settlement of round.sites.values()) {
    if (settlement.kind === 'counted' && !blobs.has(settlement.updateDigest)) throw new Error('an update is not stored')
  }
}

/** Lets everything that is ready run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function fail(error: unknown): never {
  throw error
}
