// What the demo takes on its command line, checked before anything is made.

import { existsSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { SequelaError } from '../shared/protocol/errors.ts'

export interface DemoOptions {
  readonly sites: readonly string[]
  readonly childrenPerSite: number
  readonly testChildren: number
  readonly orderingRounds: number
  readonly recurrenceRounds: number
  readonly seed: string
  readonly outFolder: string
  /** Leave the federation up at the end, until a signal comes. */
  readonly keep: boolean
  readonly controls: boolean
  /** Ends the study with a federated evaluation, for which half of the children are put aside. */
  readonly evaluate: boolean
}

const names = ['boston', 'philadelphia', 'toronto', 'zurich', 'lyon', 'kyoto', 'nairobi', 'lima']
const full = { sites: 4, children: 24, rounds: 60, testChildren: 160 }

/** Reads the command line; commander prints help and ends by itself. @throws SequelaError `usage`. */
export function demoOptions(argv: readonly string[]): DemoOptions {
  const command = new Command('demo')
    .description('Four synthetic hospitals train together on this machine; nothing is real but the software.')
    .option('--sites <number>', `hospitals, 1 to ${names.length}`, wholeNumber, full.sites)
    .option('--children <number>', 'children a hospital', wholeNumber, full.children)
    .option('--rounds <number>', 'rounds of ordering; recurrence gets half as many', wholeNumber, full.rounds)
    .option(
      '--test-children <number>',
      'children that no hospital has (default: 160, fewer in a small demo)',
      wholeNumber,
    )
    .option('--seed <text>', 'changes everything that is drawn', '1')
    .option('--out <folder>', 'where everything goes; must be new or empty', 'demo-out')
    .option('--keep', 'leave the federation up until Ctrl-C')
    .option(
      '--controls',
      'add the negative controls: shuffled outcomes and shuffled order, five times each (half an hour)',
    )
    .option(
      '--evaluate',
      'end with a federated evaluation and its report; half of the children are put aside for it, so other figures change',
    )
    .exitOverride()
    .parse([...argv])
  const given = command.opts<{
    sites: number
    children: number
    rounds: number
    testChildren?: number
    seed: string
    out: string
    keep?: true
    controls?: true
    evaluate?: true
  }>()
  bounded('--sites', given.sites, 1, names.length)
  bounded('--children', given.children, 4, 200)
  bounded('--rounds', given.rounds, 1, 1000)
  const small = Math.min(full.testChildren, Math.max(24, given.children * given.sites))
  const testChildren = given.testChildren ?? (given.children * given.sites >= 96 ? full.testChildren : small)
  bounded('--test-children', testChildren, 8, 1000)
  const outFolder = resolve(given.out)
  if (existsSync(outFolder) && readdirSync(outFolder).length > 0) {
    throw new SequelaError('usage', `${outFolder} is not empty; remove it or name another folder with --out`)
  }
  return {
    sites: names.slice(0, given.sites),
    childrenPerSite: given.children,
    testChildren,
    orderingRounds: given.rounds,
    recurrenceRounds: Math.ceil(given.rounds / 2),
    seed: given.seed,
    outFolder,
    keep: given.keep ?? false,
    controls: given.controls ?? false,
    evaluate: given.evaluate ?? false,
  }
}

function bounded(name: string, value: number, from: number, to: number): void {
  if (value < from || value > to) throw new SequelaError('usage', `${name} takes ${from} to ${to}, not ${value}`)
}

function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new SequelaError('usage', `"${text}" is not a whole number`)
  return Number(text)
}
