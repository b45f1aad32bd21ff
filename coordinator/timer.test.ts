import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTimer } from './timer.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('calls back once, when the clock says so', () => {
  let nowMs = 0
  const called = vi.fn()
  createTimer({ now: () => nowMs }).callAt(30 * 86_400_000, called)
  nowMs = 30 * 86_400_000 - 1
  vi.advanceTimersByTime(60_000)
  expect(called).not.toHaveBeenCalled()
  nowMs += 1
  vi.advanceTimersByTime(1)
  vi.advanceTimersByTime(10 * 60_000)
  expect(called).toHaveBeenCalledTimes(1)
})

test('sees within a minute that the clock was set forward', () => {
  let nowMs = 0
  const called = vi.fn()
  createTimer({ now: () => nowMs }).callAt(86_400_000, called)
  nowMs = 86_400_000
  vi.advanceTimersByTime(60_000)
  expect(called).toHaveBeenCalledTimes(1)
})

test('waits on when the clock was set back', () => {
  let nowMs = 0
  const called = vi.fn()
  createTimer({ now: () => nowMs }).callAt(1_000, called)
  nowMs = -5_000
  vi.advanceTimersByTime(1_000)
  expect(called).not.toHaveBeenCalled()
})

test('does not call back once called off', () => {
  const called = vi.fn()
  createTimer({ now: () => 0 }).callAt(0, called)()
  vi.advanceTimersByTime(120_000)
  expect(called).not.toHaveBeenCalled()
})
