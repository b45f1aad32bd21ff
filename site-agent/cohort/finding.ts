// What was noticed about a hospital's data, each in one sentence that a data manager can act on. Findings name children
// and files, so they are shown to people at the site and go nowhere else: nothing of them passes egress.ts.

/**
 * What is not used because of a finding: `image` is one of several of a visit that is used without it; `nothing` marks a
 * remark on data that is used, or was never there.
 */
export type Held = 'child' | 'scan' | 'image' | 'outcome' | 'nothing'

/** The rule that a finding is about: stable words for programs that read the report. */
export type Rule =
  | 'description'
  | 'layout'
  | 'participants'
  | 'not-listed'
  | 'chart'
  | 'outcome-row'
  | 'outcome-unknown-child'
  | 'visit-table'
  | 'scan-table'
  | 'no-visits'
  | 'too-many-visits'
  | 'folder-name'
  | 'file-name'
  | 'no-image'
  | 'contrast-agent'
  | 'several-images'
  | 'other-sequence'
  | 'missing-sequence'
  | 'time-missing'
  | 'times-disagree'
  | 'same-day'
  | 'not-placed'
  | 'real-dates'
  | 'after-event'
  | 'after-follow-up'
  | 'unreadable'
  | 'unsuitable'
  | 'duplicate'
  | 'excluded'
  | 'linkage'
  | 'elsewhere'
  | 'nothing-to-learn'

export interface Finding {
  readonly holds: Held
  readonly rule: Rule
  /** `participant_id`; absent when the whole data set is meant. */
  readonly child?: string
  /** `session_id`. */
  readonly visit?: string
  /** Below the data folder, with forward slashes. */
  readonly file?: string
  /** A whole sentence, safe to print: texts from files are quoted by `quoted`. */
  readonly sentence: string
}

/** Longest text from a file that a sentence repeats. */
const longestQuote = 60

/** A text from a file, in quotation marks: cut, and without letters that could steer a terminal or turn text round. */
export function quoted(text: string): string {
  const cut = text.slice(0, longestQuote)
  const visible = cut.toWellFormed().replaceAll(/[\p{C}\u2028\u2029]/gu, '\ufffd')
  return `"${visible}${text.length > longestQuote ? '…' : ''}"`
}

/** The first few of some names and how many there are: `3 (sub-a, sub-b, sub-c)`. */
export function fewOf(names: readonly string[], most = 5): string {
  const more = names.length > most ? ', …' : ''
  return `${names.length} (${names.slice(0, most).join(', ')}${more})`
}
