// Values of single cells: whole or decimal numbers of days, within what a life can hold.

import { quoted } from './finding.ts'

/** 120 years. */
const mostDays = 43_830

/** A number as tables write it: digits with an optional sign and decimal point; undefined for anything else. */
export function parseDecimal(text: string): number | undefined {
  return /^[+-]?\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : undefined
}

/** Days in a cell, or what is wrong with it in words that follow the column's name. */
export function parseDays(text: string): number | { readonly problem: string } {
  const days = parseDecimal(text)
  if (days === undefined) return { problem: `is ${quoted(text)}; write a number of days, or n/a` }
  if (Math.abs(days) > mostDays) return { problem: `is ${quoted(text)}; that is more than 120 years` }
  return days
}
