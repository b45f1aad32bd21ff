// The one error class for what can go wrong by somebody's doing: a code for machines, a sentence for people.
// Bugs are not refusals: they are failed assertions and stop the process. docs/errors.md has an entry for each code,
// and a test compares the two.

/** Every code that a refusal can carry, with one line on when; docs/errors.md says what to do about it. */
export const errorCodes = {
  // files, configuration, command line
  usage: 'a command was called with something it does not take',
  config_invalid: 'a configuration file or option is wrong',
  study_invalid: 'a study file is wrong',
  file_unreadable: 'a file or folder cannot be read or written',
  store_locked: 'another process works on the same folder',
  store_corrupt: 'bytes in the store of the coordinator are gone or changed, or its weights are not of its journal',
  disk_full: 'there is no room left for new work',
  // weights
  manifest_invalid: 'the list of parameters is wrong',
  shape_mismatch: 'parameters differ from those of the model',
  weights_malformed: 'the bytes are not a weights file',
  not_finite: 'weights or metrics hold a value that is not a finite number',
  digest_mismatch: 'bytes do not have the hash that was announced',
  // runs
  study_unknown: 'no such study here',
  study_state: 'the study is not in a state in which that is possible',
  round_closed: 'the round is not open any more',
  round_unknown: 'there is no such round',
  not_invited: 'the site does not take part in this study or round',
  base_mismatch: 'the update starts from other weights than the round does',
  norm_exceeded: 'the update is larger than the study allows',
  too_few_children: 'fewer children than the study allows stand behind the update or number',
  duplicate_update: 'the same update was announced before with other content',
  update_too_large: 'the upload is longer than the model',
  offset_mismatch: 'a chunk does not continue where the stored bytes end',
  answer_malformed: 'an answer of an evaluation is not what was asked for',
  cohort_changed: 'the children changed by so few since the last evaluation that the difference would show them',
  cuts_changed: 'the site began the evaluation with another version of its program, which divides children otherwise',
  linkage_refused: 'the check for children in two hospitals was asked for in a way that cannot be',
  quorum_impossible: 'the study asks for more sites than it names',
  // identity
  unauthenticated: 'no valid certificate was shown',
  forbidden: 'the certificate belongs to somebody else',
  invitation_invalid: 'the enrolment code is wrong, used or too old',
  csr_invalid: 'the certificate request is malformed or not signed by its own key',
  certificate_expired: 'a certificate is past its last day',
  // network
  version_incompatible: 'the two programs cannot work together',
  unreachable: 'no connection could be made',
  deadline_exceeded: 'the answer took too long',
  too_busy: 'more at once than is allowed; try again',
  pacs_refused: 'a PACS refused a request, or cannot answer it at the moment',
  message_malformed: 'a message cannot be understood',
  cancelled: 'the work was called off',
  // scans and tables
  scan_unreadable: 'a scan cannot be read',
  scan_unsuitable: 'a scan can be read but not used',
  table_invalid: 'a table is missing, or a row or column of it is wrong',
  import_incomplete: 'an import went through and series are missing that may come another time',
  cohort_empty: 'no child can be used',
  not_approved: 'the site has not approved the study',
  // learning
  engine_missing: 'the training engine is not installed and could not be',
  training_failed: 'the training process failed',
  internal: 'a fault of the program itself',
} as const satisfies Record<string, string>

export type ErrorCode = keyof typeof errorCodes

/** A refusal: `code` for machines, `message` a sentence that says what is wrong, where, and what to do. */
export class SequelaError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'SequelaError'
    this.code = code
  }

  /** The same error if it is one of ours, else one of `code` that wraps it. */
  static from(error: unknown, code: ErrorCode = 'internal'): SequelaError {
    if (error instanceof SequelaError) return error
    return new SequelaError(code, error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** Whether `text` is one of the codes. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCodes, text)
}
