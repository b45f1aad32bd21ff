// Values of single cells: whole or decimal numbers of days, within what a life can hold. What could mean two things is told
// and never guessed: a thousand with a point, a date in the place of a number.

import { quoted } from './finding.ts'

/** 120 years. */
const mostDays = 43_830

/** One to three digits, a separator, three digits: a thousand here, a fraction there. */
const thousandOrFraction = /^[+-]?[1-9]\d{0,2}[.,]\d{3}$/
const dateLike = /^\d{1,4}([./-])\d{1,2}\1\d{1,4}$|^\d{4}-\d{2}-\d{2}T/

/**
 * A number as tables write it: digits with an optional sign and a decimal point, or the comma that spreadsheets of many
 * countries write, where it cannot divide thousands; undefined for anything else.
 */
export function parseDecimal(text: string): number | undefined {
  if (/^[+-]?\d{1,9}(\.\d{1,9})?$/.test(text)) return Number(text)
  if (!/^[+-]?\d{1,9},\d{1,9}$/.test(text) || thousandOrFraction.test(text)) return undefined
  return Number(text.replace(',', '.'))
}

/** Days in a cell, or what is wrong with it in words that follow the column's name. */
export function parseDays(text: string): number | { readonly problem: string } {
  if (thousandOrFraction.test(text)) {
    return { problem: `is ${quoted(text)}; that is a thousand to some and a fraction to others, so write whole days` }
  }
  if (dateLike.test(text)) {
    return {
      problem: `is ${quoted(text)}, which looks like a date; write the number of days since the surgery, or n/a`,
    }
  }
  const days = parseDecimal(text)
  if (days === undefined) return { problem: `is ${quoted(text)}; write a number of days, or n/a` }
  if (Math.abs(days) > mostDays) return { problem: `is ${quoted(text)}; that is more than 120 years` }
  return days
}
