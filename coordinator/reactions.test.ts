import { describe, expect, test } from 'vitest'
import { sha256 } from '../shared/digest.ts'
import { type Log, silentLog } from '../shared/log.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { type Average, startReactions } from './reactions.ts'
import { createMemoryJournal } from './store/memory-journal.ts'
import { createSmallFederation } from './testsupport/small-federation.ts'

const average: Average = { weightsDigest: sha256('w1'), clipped: new Map() }

/** Resolves once everything that is ready to run has run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

type Aggregate = Parameters<typeof startReactions>[0]['aggregate']

function withReactions(aggregate: Aggregate, federation = createSmallFederation(), fatal: unknown[] = []) {
  const { loop, time } = federation
  const onFatal = (error: unknown): void => void fatal.push(error)
  const said: string[] = []
  const log: Log = { ...silentLog, error: (event, { code, reason } = {}) => said.push(`${event} ${code} ${reason}`) }
  const reactions = startReactions({ loop, aggregate, timer: time, clock: time, log, onFatal })
  return { ...federation, fatal, said, reactions }
}

/** A study of three sites whose first round is sealed. */
async function seal(federation: ReturnType<typeof createSmallFederation>): Promise<void> {
  await federation.start()
  for (const site of ['a', 'b', 'c']) await federation.loop.handle(federation.update(site))
}

describe('the reactions', () => {
  test('average a sealed round and open the next', async () => {
    const asked: string[] = []
    const federation = createSmallFederation()
    const { loop, time, run } = federation
    startReactions({
      ...{ loop, timer: time, clock: time, log: silentLog },
      aggregate: async (_run, round) => {
        asked.push(`${round.stage}/${round.round} ${round.status}`)
        return average
      },
      onFatal: (error) => {
        throw error
      },
    })
    await seal(federation)
    await settled()
    expect(asked).toEqual(['0/0 sealed'])
    expect(run()).toMatchObject({ phase: 'running', current: { round: 1, baseDigest: sha256('w1'), status: 'open' } })
  })

  test('do not hold up other commands while an average is computed', async () => {
    const finish = Promise.withResolvers<Average>()
    const { loop, run, study, ...rest } = withReactions(() => finish.promise)
    await seal({ loop, run, study, ...rest })
    await loop.handle({ type: 'pause-run', studyDigest: study.digest })
    expect(run()).toMatchObject({ phase: 'paused', current: { round: 0, status: 'sealed' } })
    finish.resolve(average)
    await settled()
    expect(run()).toMatchObject({ phase: 'paused', current: { round: 1, status: 'open' } })
  })

  test('compute the average of a sealed round again after a restart', async () => {
    const journal = createMemoryJournal()
    await seal(createSmallFederation({}, { journal }))
    const { run, reactions } = withReactions(async () => average, createSmallFederation({}, { journal }))
    await settled()
    expect(run()).toMatchObject({ published: [{ weightsDigest: sha256('w1') }] })
    await reactions.close()
  })

  test('look at the clock when a deadline comes, and not after the run is paused', async () => {
    const { loop, time, start, update, run, study } = withReactions(async () => average)
    await start()
    await loop.handle(update('a'))
    time.advance(3_599_999)
    await settled()
    expect(run()).toMatchObject({ current: { status: 'open' } })
    await loop.handle({ type: 'pause-run', studyDigest: study.digest })
    time.advance(1_000)
    await loop.handle({ type: 'resume-run', studyDigest: study.digest })
    await settled()
    expect(run()).toMatchObject({ current: { status: 'open' } })
    time.advance(1)
    await settled()
    expect(run()).toMatchObject({ current: { status: 'short' } })
  })

  test('turn to an earlier deadline when a study brings one', async () => {
    const { loop, time, start } = withReactions(async () => average)
    await start()
    const { digest: studyDigest, text } = createSmallFederation({ deadline: '10m' }).study
    await loop.handle({ type: 'propose-study', studyDigest, text })
    await loop.handle({ type: 'start-run', studyDigest, initialWeights: sha256('w0') })
    time.advance(600_000)
    await settled()
    expect(loop.federation().runs.get(studyDigest)).toMatchObject({ current: { status: 'short' } })
  })

  test('see at once after a restart that a deadline has passed', async () => {
    const journal = createMemoryJournal()
    const { start, loop, update, time } = createSmallFederation({}, { journal })
    await start()
    await loop.handle(update('a'))
    await loop.handle(update('b'))
    time.advance(4_000_000)
    const { run } = withReactions(async () => average, createSmallFederation({}, { journal, time }))
    time.advance(0)
    await settled()
    expect(run()).toMatchObject({ published: [{ round: 0 }], current: { round: 1 } })
  })

  test('try again later when there is no room for the average', async () => {
    let attempts = 0
    const federation = withReactions(async () => {
      if (++attempts < 3) throw new SequelaError('disk_full', 'no room')
      return average
    })
    await seal(federation)
    for (let i = 0; i < 3; i++) {
      await settled()
      federation.time.advance(5_000)
    }
    await settled()
    expect(attempts).toBe(3)
    expect(federation.run()).toMatchObject({ current: { round: 1 } })
    expect(federation.fatal).toEqual([])
  })

  test('forget the average of a run that was cancelled meanwhile', async () => {
    const finish = Promise.withResolvers<Average>()
    const federation = withReactions(() => finish.promise)
    await seal(federation)
    await settled()
    await federation.loop.handle({ type: 'cancel-run', studyDigest: federation.study.digest, reason: 'enough' })
    finish.resolve(average)
    await settled()
    expect(federation.run()).toMatchObject({ phase: 'cancelled', published: [] })
    expect(federation.fatal).toEqual([])
  })

  test('call an average off whose run is cancelled, as its updates are deleted under it', async () => {
    const gone = new SequelaError('store_corrupt', 'stored weights have 0 bytes')
    let calledOff = false
    const federation = withReactions(
      (_run, _round, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            calledOff = true
            reject(gone)
          })
        }),
    )
    const { loop, study, run, fatal } = federation
    await seal(federation)
    await settled()
    await loop.handle({ type: 'pause-run', studyDigest: study.digest })
    expect(calledOff).toBe(false)
    await loop.handle({ type: 'cancel-run', studyDigest: study.digest, reason: 'enough' })
    await settled()
    expect(calledOff).toBe(true)
    expect(run()).toMatchObject({ phase: 'cancelled', published: [] })
    expect(fatal).toEqual([])
  })

  test('go on with other studies when a run is cancelled in the middle of its average', async () => {
    const federation = createSmallFederation()
    const other = createSmallFederation({ deadline: '2h' }, { time: federation.time })
    const { loop } = federation
    await loop.handle({ type: 'propose-study', studyDigest: other.study.digest, text: other.study.text })
    await loop.handle({ type: 'start-run', studyDigest: other.study.digest, initialWeights: sha256('w0') })
    const cancelled = Promise.withResolvers<Average>()
    const { study, fatal } = withReactions(
      (run) => (run.studyDigest === federation.study.digest ? cancelled.promise : Promise.resolve(average)),
      federation,
    )
    await seal(federation)
    for (const site of ['a', 'b', 'c']) await loop.handle(other.update(site))
    await settled()
    await loop.handle({ type: 'cancel-run', studyDigest: study.digest, reason: 'enough' })
    cancelled.reject(new SequelaError('store_corrupt', 'stored weights have 0 bytes'))
    await settled()
    expect(fatal).toEqual([])
    expect(loop.federation().runs.get(other.study.digest)?.published).toHaveLength(1)
  })

  test('call an average off when they are closed', async () => {
    const federation = withReactions(
      (_run, _round, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    )
    await seal(federation)
    await settled()
    await federation.reactions.close()
    expect(federation.run()).toMatchObject({ current: { round: 0, status: 'sealed' } })
    expect(federation.fatal).toEqual([])
  })

  test.each<[string, Error]>([
    ['cannot be written', Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO', syscall: 'write' })],
    ['may not be opened', Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', syscall: 'open' })],
  ])('end the process when the store %s', async (_, failure) => {
    const federation = withReactions(() => Promise.reject(failure))
    await seal(federation)
    await settled()
    expect(federation.fatal).toEqual([failure])
    expect(federation.reactions.heldBack(federation.study.digest)).toBeUndefined()
  })

  test.each<[string, string, Error]>([
    ['is damaged', 'store_corrupt', new SequelaError('store_corrupt', 'the update of a has changed on disk')],
    ['is gone', 'file_unreadable', new SequelaError('file_unreadable', 'there is no blob')],
    [
      'cannot be read from its disk',
      'file_unreadable',
      Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' }),
    ],
    [
      'is damaged as a thread says',
      'store_corrupt',
      Object.assign(new Error('it ends early'), { code: 'store_corrupt' }),
    ],
  ])('hold back a study of whose round a file %s', async (_, code, failure) => {
    const { fatal, reactions, study, ...federation } = withReactions(() => Promise.reject(failure))
    await seal({ study, ...federation })
    await settled()
    expect(fatal).toEqual([])
    expect(reactions.heldBack(study.digest)).toEqual({ code, reason: failure.message })
  })

  test('hold back a study whose average fails for what its sites sent, and go on with the others', async () => {
    const federation = createSmallFederation()
    const other = createSmallFederation({ deadline: '2h' }, { time: federation.time })
    const { loop } = federation
    await loop.handle({ type: 'propose-study', studyDigest: other.study.digest, text: other.study.text })
    await loop.handle({ type: 'start-run', studyDigest: other.study.digest, initialWeights: sha256('w0') })
    const { study, run, fatal, said, reactions } = withReactions(
      (one) =>
        one.studyDigest === federation.study.digest
          ? Promise.reject(new RangeError('the matrix is not positive'))
          : Promise.resolve(average),
      federation,
    )
    await seal(federation)
    for (const site of ['a', 'b', 'c']) await loop.handle(other.update(site))
    await settled()
    expect(fatal).toEqual([])
    expect(said).toEqual(['study-held-back internal the matrix is not positive'])
    expect(run()).toMatchObject({ phase: 'running', current: { status: 'sealed' } })
    expect(reactions.heldBack(study.digest)).toEqual({ code: 'internal', reason: 'the matrix is not positive' })
    expect(reactions.heldBack(other.study.digest)).toBeUndefined()
    expect(loop.federation().runs.get(other.study.digest)?.published).toHaveLength(1)
    await loop.handle({ type: 'cancel-run', studyDigest: study.digest, reason: 'it stands still' })
    expect(reactions.heldBack(study.digest)).toBeUndefined()
  })

  test('try a study again after a restart that was held back', async () => {
    const journal = createMemoryJournal()
    const first = withReactions(
      () => Promise.reject(new SequelaError('answer_malformed', 'the cells of a do not add up')),
      createSmallFederation({}, { journal }),
    )
    await seal(first)
    await settled()
    await first.reactions.close()
    const { run, reactions, study } = withReactions(async () => average, createSmallFederation({}, { journal }))
    await settled()
    expect(reactions.heldBack(study.digest)).toBeUndefined()
    expect(run()).toMatchObject({ current: { round: 1, status: 'open' } })
  })

  test('warn once of a stage that was to choose its weights by what no site has said', async () => {
    const federation = createSmallFederation({ stages: [1], select: true })
    const { loop, time, study, run } = federation
    const warned: unknown[] = []
    const log: Log = { ...silentLog, warn: (event, fields) => warned.push([event, fields]) }
    startReactions({ loop, aggregate: async () => average, timer: time, clock: time, log, onFatal: () => {} })
    await seal(federation)
    await settled()
    expect(warned).toEqual([])
    const at = { studyDigest: study.digest, stage: 0, round: 1, baseDigest: sha256('w1'), metrics: [] }
    for (const site of ['a', 'b', 'c']) await loop.handle({ type: 'report-evaluation', site, ...at })
    expect(run()).toMatchObject({ phase: 'finished', weightsDigest: sha256('w1') })
    const reason = expect.stringContaining('no site reported ordering_loss')
    expect(warned).toEqual([['nothing-to-go-by', { digest: study.digest, stage: 0, reason }]])
  })

  test('compute one average at a time', async () => {
    let running = 0
    let most = 0
    const federation = createSmallFederation()
    const other = createSmallFederation({ deadline: '2h' }, { time: federation.time })
    const { loop, time } = federation
    await loop.handle({ type: 'propose-study', studyDigest: other.study.digest, text: other.study.text })
    await loop.handle({ type: 'start-run', studyDigest: other.study.digest, initialWeights: sha256('w0') })
    startReactions({
      ...{ loop, timer: time, clock: time, log: silentLog },
      aggregate: async () => {
        most = Math.max(most, ++running)
        await settled()
        running--
        return average
      },
      onFatal: (error) => {
        throw error
      },
    })
    await seal(federation)
    for (const site of ['a', 'b', 'c']) await loop.handle(other.update(site))
    for (let i = 0; i < 5; i++) await settled()
    expect(most).toBe(1)
    for (const run of loop.federation().runs.values()) expect(run.published).toHaveLength(1)
  })

  test('do nothing more once they are closed', async () => {
    const federation = withReactions(async () => average)
    await federation.start()
    await federation.reactions.close()
    for (const site of ['a', 'b', 'c']) await federation.loop.handle(federation.update(site))
    federation.time.advance(10_000_000)
    await settled()
    expect(federation.run()).toMatchObject({ current: { round: 0, status: 'sealed' } })
  })
})
