import { describe, expect, test } from 'vitest'
import { sha256 } from '../shared/digest.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { encodeRunEvent } from './run/event-codec.ts'
import type { RunEvent } from './run/run.ts'
import type { Journal } from './store/journal.ts'
import { createMemoryJournal } from './store/memory-journal.ts'
import { createSmallFederation } from './testsupport/small-federation.ts'

/** A journal that fails with `error()` while that gives one. */
function failingJournal(error: () => Error | undefined): Journal {
  const journal = createMemoryJournal()
  return {
    ...journal,
    append: (records) => {
      const failure = error()
      if (failure !== undefined) throw failure
      return journal.append(records)
    },
  }
}

describe('the command loop', () => {
  test('records what a command leads to, tells listeners, and then answers', async () => {
    const { loop, journal, start, update, run } = createSmallFederation()
    await start()
    const seen: string[] = []
    loop.subscribe(({ index, event }) => {
      const current = run()
      seen.push(`${index} ${event.type}, round ${current?.phase === 'running' ? current.current.status : '?'}`)
    })
    await loop.handle(update('a'))
    await loop.handle(update('b'))
    const recorded = await loop.handle(update('c'))
    expect(recorded.map(({ event }) => event.type)).toEqual(['update-counted', 'round-sealed'])
    expect(seen).toEqual([
      '3 update-counted, round open',
      '4 update-counted, round open',
      '5 update-counted, round sealed',
      '6 round-sealed, round sealed',
    ])
    expect([...journal.read(5)].map((entry) => entry.type)).toEqual(['update-counted', 'round-sealed'])
  })

  test('answers a repeated update with nothing new and still knows where the first was recorded', async () => {
    const { loop, journal, start, update } = createSmallFederation()
    await start()
    const [first] = await loop.handle(update('b'))
    expect(await loop.handle(update('b'))).toEqual([])
    const at = { studyDigest: loop.federation().runs.keys().next().value ?? sha256(''), stage: 0, round: 0 }
    expect(loop.journalIndexOf({ ...at, site: 'b' })).toBe(first?.index)
    expect(loop.journalIndexOf({ ...at, site: 'a' })).toBeUndefined()
    const restarted = createSmallFederation({}, { journal })
    expect(restarted.loop.journalIndexOf({ ...at, site: 'b' })).toBe(first?.index)
  })

  test('records a late update before it refuses it', async () => {
    const { loop, journal, start, update, time } = createSmallFederation()
    await start()
    await loop.handle(update('a'))
    await loop.handle(update('b'))
    time.advance(3_600_000)
    await loop.handle({ type: 'look-at-clock' })
    await expect(loop.handle(update('c'))).rejects.toMatchObject({ code: 'round_closed' })
    expect([...journal.read()].at(-1)?.type).toBe('update-late')
    const before = journal.head()
    await expect(loop.handle(update('c'))).rejects.toMatchObject({ code: 'round_closed' })
    expect(journal.head()).toEqual(before)
  })

  test('is after a restart exactly where it was', async () => {
    const first = createSmallFederation()
    await first.start()
    await first.loop.handle(first.update('a'))
    await first.loop.membership.handle(3)
    await first.loop.handle(first.update('c'))
    const second = createSmallFederation({}, { journal: first.journal })
    expect(second.loop.federation()).toEqual(first.loop.federation())
    expect(second.loop.membership.state()).toBe(3)
  })

  test('carries out commands of both machines one at a time, in the order in which they came', async () => {
    const { loop, journal, start, update } = createSmallFederation()
    await Promise.all([start(), loop.membership.handle(1)])
    await Promise.all([loop.handle(update('a')), loop.membership.handle(2), loop.handle(update('b'))])
    expect([...journal.read(4)].map((entry) => entry.type)).toEqual(['update-counted', 'added', 'update-counted'])
    await expect(loop.membership.handle(-1)).rejects.toMatchObject({ code: 'usage' })
    expect(loop.membership.state()).toBe(3)
  })

  test('refuses a command when the disk is full, changes nothing, and goes on when there is room', async () => {
    let full = false
    const journal = failingJournal(() => (full ? new SequelaError('disk_full', 'no room') : undefined))
    const { loop, start, update } = createSmallFederation({}, { journal })
    await start()
    const before = loop.federation()
    full = true
    await expect(loop.handle(update('a'))).rejects.toMatchObject({ code: 'disk_full' })
    expect(loop.federation()).toBe(before)
    full = false
    expect(await loop.handle(update('a'))).toHaveLength(1)
  })

  test('ends everything when the journal fails in any other way', async () => {
    let dying = false
    const fatal: unknown[] = []
    const journal = failingJournal(() => (dying ? new Error('EIO') : undefined))
    const { loop, start, update } = createSmallFederation({}, { journal, onFatal: (error) => fatal.push(error) })
    await start()
    dying = true
    await expect(loop.handle(update('a'))).rejects.toMatchObject({ code: 'internal' })
    dying = false
    await expect(loop.handle(update('a'))).rejects.toMatchObject({ code: 'internal' })
    expect(fatal).toEqual([new Error('EIO')])
  })

  test('lets the commands that wait finish before it closes, and refuses new ones', async () => {
    const { loop, start, update } = createSmallFederation()
    await start()
    const counting = loop.handle(update('a'))
    const closing = loop.close()
    await expect(loop.handle(update('b'))).rejects.toMatchObject({ code: 'too_busy' })
    await closing
    expect(await counting).toHaveLength(1)
  })
})

describe('a journal that cannot be replayed is refused', () => {
  const studyDigest = sha256('never proposed')
  const cases: [string, { type: string; body: string }][] = [
    ['an event of a newer version', { type: 'study-blessed', body: '{}' }],
    ['a body that is not JSON', { type: 'run-paused', body: '{' }],
    ['a body of another kind', { type: 'run-paused', body: '[1]' }],
    ['a missing field', { type: 'run-paused', body: '{}' }],
    ['a field too many', { type: 'run-paused', body: JSON.stringify({ studyDigest, more: 1 }) }],
    ['an event that cannot have happened', { type: 'run-paused', body: JSON.stringify({ studyDigest }) }],
  ]
  test.each(cases)('with %s', (_name, entry) => {
    const journal = createMemoryJournal()
    journal.append([{ atMs: 0, ...entry }])
    expect(() => createSmallFederation({}, { journal })).toThrow(expect.objectContaining({ code: 'store_corrupt' }))
  })

  test('with a tree that does not add up', () => {
    const verify = (): never => {
      throw new SequelaError('store_corrupt', 'entry 0 does not have its hash')
    }
    const journal = { ...createMemoryJournal(), verify }
    expect(() => createSmallFederation({}, { journal })).toThrow(expect.objectContaining({ code: 'store_corrupt' }))
  })

  test('with a study whose text was changed', async () => {
    const { study } = createSmallFederation()
    const event: RunEvent = { type: 'study-proposed', studyDigest: study.digest, text: `${study.text}\n` }
    const journal = createMemoryJournal()
    journal.append([{ atMs: 0, type: event.type, body: encodeRunEvent(event) }])
    expect(() => createSmallFederation({}, { journal })).toThrow(expect.objectContaining({ code: 'store_corrupt' }))
  })
})
