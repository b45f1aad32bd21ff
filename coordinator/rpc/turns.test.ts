import { describe, expect, test } from 'vitest'
import { createManualTime } from '../testsupport/manual-time.ts'
import { createTurns } from './turns.ts'

const never = new AbortController().signal

function smallTurns() {
  const time = createManualTime()
  return { time, turns: createTurns({ places: 2, patienceMs: 1000, clock: time, timer: time }) }
}

/** How a promise stands: waiting, granted, or the code of its refusal. */
function watch(promise: Promise<unknown>): () => Promise<string> {
  let state = 'waiting'
  promise.then(
    () => {
      state = 'granted'
    },
    (error: { code: string }) => {
      state = error.code
    },
  )
  return () => new Promise((resolve) => setImmediate(() => resolve(state)))
}

describe('turns', () => {
  test('are given at once while there are places, then in the order in which they were asked for', async () => {
    const { turns } = smallTurns()
    const states = ['a', 'b', 'c', 'd'].map((name) => watch(turns.reserve(name, never)))
    const all = (): Promise<string[]> => Promise.all(states.map((state) => state()))
    expect(await all()).toEqual(['granted', 'granted', 'waiting', 'waiting'])
    turns.begin('a')()
    expect(await all()).toEqual(['granted', 'granted', 'granted', 'waiting'])
    turns.begin('b')()
    expect(await all()).toEqual(['granted', 'granted', 'granted', 'granted'])
  })

  test('are not waited for too long', async () => {
    const { turns, time } = smallTurns()
    turns.begin('a')
    turns.begin('b')
    const c = watch(turns.reserve('c', never))
    time.advance(999)
    expect(await c()).toBe('waiting')
    time.advance(1)
    expect(await c()).toBe('too_busy')
  })

  test('that nobody uses go to the next', async () => {
    const { turns, time } = smallTurns()
    await turns.reserve('a', never)
    await turns.reserve('b', never)
    time.advance(500)
    const c = watch(turns.reserve('c', never))
    time.advance(500)
    expect(await c()).toBe('granted')
  })

  test('stay with a transfer for as long as it takes', async () => {
    const { turns, time } = smallTurns()
    for (const name of ['a', 'b']) {
      await turns.reserve(name, never)
      turns.begin(name)
    }
    time.advance(1_000_000)
    expect(() => turns.begin('c')).toThrow(expect.objectContaining({ code: 'too_busy' }))
  })

  test('are not given to a caller who has gone', async () => {
    const { turns } = smallTurns()
    const endA = turns.begin('a')
    turns.begin('b')
    const gone = new AbortController()
    const c = watch(turns.reserve('c', gone.signal))
    const d = watch(turns.reserve('d', never))
    gone.abort()
    expect(await c()).toBe('cancelled')
    endA()
    expect(await d()).toBe('granted')
  })

  test('are one for each name, also when it asks again', async () => {
    const { turns } = smallTurns()
    await turns.reserve('a', never)
    await turns.reserve('a', never)
    expect(await watch(turns.reserve('b', never))()).toBe('granted')
    const endFirst = turns.begin('a')
    const endSecond = turns.begin('a')
    endFirst()
    expect(await watch(turns.reserve('c', never))()).toBe('waiting')
    endSecond()
  })
})
