// A DICOM data set by attribute, whether it comes from a file or from a PACS as JSON. Values are trimmed; what is empty,
// malformed or not a finite number is not there.

import type { Tag } from './tags.ts'

export interface Fields {
  /** All values of an attribute, as texts; empty when there are none. */
  texts(tag: Tag): readonly string[]
  /** All values as finite numbers; empty when any of them is not one. */
  numbers(tag: Tag): readonly number[]
  /** The items of a sequence. */
  items(tag: Tag): readonly Fields[]
}

/** The first value as text. */
export function textOf(fields: Fields, tag: Tag): string | undefined {
  return fields.texts(tag)[0]
}

/** The first value as a number. */
export function numberOf(fields: Fields, tag: Tag): number | undefined {
  return fields.numbers(tag)[0]
}

/** The first item of a sequence. */
export function itemOf(fields: Fields | undefined, tag: Tag): Fields | undefined {
  return fields?.items(tag)[0]
}

/** A decimal string (PS3.5, DS and IS); undefined for anything else. */
export function parseDecimalString(text: string): number | undefined {
  const trimmed = text.trim()
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/.test(trimmed)) return undefined
  const value = Number(trimmed)
  return Number.isFinite(value) ? value : undefined
}

/** All of them, or none: half a position is no position. */
export function allNumbers(values: readonly (number | undefined)[]): readonly number[] {
  const numbers = values.filter((value) => value !== undefined && Number.isFinite(value))
  return numbers.length === values.length ? (numbers as number[]) : []
}
