// The smallest machine there is, to stand beside the runs where a test needs a second one on the same journal.

import { z } from 'zod'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { Machine } from '../journaled-machines.ts'

export interface Added {
  readonly type: 'added'
  readonly amount: number
}

/** A command is an amount to add; negative amounts are refused. */
export const countingMachine: Machine<number, number, Added> = {
  initial: 0,
  eventTypes: new Set(['added']),
  decide: (_state, amount) =>
    amount < 0
      ? { events: [], refusal: new SequelaError('usage', 'only more can be added') }
      : { events: [{ type: 'added', amount }] },
  evolve: (state, { amount }) => state + amount,
  encode: ({ amount }) => JSON.stringify({ amount }),
  decode: (_type, body) => ({ type: 'added', ...z.object({ amount: z.number() }).parse(JSON.parse(body)) }),
}
