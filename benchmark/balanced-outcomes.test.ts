import { describe, expect, test } from 'vitest'
import { emptyChart } from '../shared/cohort/chart.ts'
import type { PreparedChild } from '../site-agent/learning/trainer.ts'
import { withBalancedOutcomes, withMixedVisits } from './balanced-outcomes.ts'

const of = 4

/** Twelve children, every third of whom has an event; which, nobody can tell from the key. */
const children = Array.from({ length: 12 }, (_, i): PreparedChild => {
  const followUp = { event: i % 3 === 0, days: 100 + i }
  return {
    key: `child-${i}`,
    fold: 'train',
    ...{ outcome: undefined, chart: emptyChart },
    scans: [0, 200].map((day) => ({ file: `${i}-${day}`, day, scanner: undefined, followUp })),
  }
})

const permutations = Array.from({ length: of }, (_, number) =>
  withBalancedOutcomes(children, 'outcomes/1/lyon', { number, of }),
)

function eventsByKey(permuted: readonly PreparedChild[]): Map<string, boolean> {
  return new Map(permuted.map(({ key, scans }) => [key, scans.at(-1)?.followUp?.event ?? false]))
}

describe('outcomes that change places', () => {
  test('are those of the children, each once, and images and days stay where they were', () => {
    for (const permuted of permutations) {
      const days = permuted.map(({ scans }) => scans[0]?.followUp?.days ?? 0)
      expect(days.toSorted((a, b) => a - b)).toEqual(children.map((_, i) => 100 + i))
      for (const { key, scans } of permuted) {
        const own = children.find((child) => child.key === key)?.scans
        expect(scans.map(({ file, day }) => [file, day])).toEqual(own?.map(({ file, day }) => [file, day]))
      }
    }
  })

  test('give every child the event equally often over the permutations of a seed', () => {
    const events = permutations.map(eventsByKey)
    // A third of the children have an event: one or two of four turns, and four of twelve children in each.
    for (const { key } of children) {
      const times = events.filter((byKey) => byKey.get(key)).length
      expect([1, 2]).toContain(times)
    }
    for (const byKey of events) expect([...byKey.values()].filter(Boolean)).toHaveLength(4)
  })

  test('differ between permutations and between seeds, and are the same for the same seed', () => {
    const keysOf = (permuted: readonly PreparedChild[]): string => JSON.stringify([...eventsByKey(permuted)].sort())
    expect(new Set(permutations.map(keysOf)).size).toBe(of)
    const again = withBalancedOutcomes(children, 'outcomes/1/lyon', { number: 1, of })
    expect(again).toEqual(permutations[1])
    const other = withBalancedOutcomes(children, 'outcomes/2/lyon', { number: 1, of })
    expect(keysOf(other)).not.toBe(keysOf(again))
  })

  test('stand differently in another square, which balances them as well', () => {
    const second = Array.from({ length: of }, (_, i) =>
      withBalancedOutcomes(children, 'outcomes/1/lyon', { number: of + i, of }),
    )
    expect(eventsByKey(second[0] ?? [])).not.toEqual(eventsByKey(permutations[0] ?? []))
    for (const { key } of children)
      expect([1, 2]).toContain(second.map(eventsByKey).filter((byKey) => byKey.get(key)).length)
  })

  test('leave a site of one child as it is, and one of none', () => {
    expect(withBalancedOutcomes([], 'x', { number: 3, of })).toEqual([])
    const [only] = children
    if (only === undefined) throw new Error('no child')
    expect(withBalancedOutcomes([only], 'x', { number: 3, of })[0]?.scans).toEqual(only.scans)
  })

  test('leave no trace of how late a visit is where visits change places', () => {
    const late = children.map((child, i) => ({
      ...child,
      scans: child.scans.map((scan, visit) => ({ ...scan, followUp: { event: visit === 1, days: 100 + i } })),
    }))
    const sites = new Map([
      ['lyon', late.slice(0, 3)],
      ['oslo', late.slice(3)],
    ])
    const mixed = Array.from({ length: of }, (_, number) => {
      const changed = withMixedVisits(sites, 'visits/1', { number, of, mixesVisits: true })
      expect(changed.get('lyon')).toHaveLength(3)
      return [...changed.values()].flat()
    })
    const kept = withBalancedOutcomes(late, 'outcomes/1/lyon', { number: 1, of })
    const lastEvents = (shown: readonly PreparedChild[]): number =>
      shown.filter(({ scans }) => scans.at(-1)?.followUp?.event).length
    expect(lastEvents(kept)).toBe(12)
    // Half of the visits have an event: over all turns so have half of the last visits.
    expect(mixed.map(lastEvents).reduce((sum, count) => sum + count)).toBe((of * 12) / 2)
    for (const shown of mixed) {
      const events = shown.flatMap(({ scans }) => scans).filter(({ followUp }) => followUp?.event)
      expect(events).toHaveLength(12)
    }
  })
})
