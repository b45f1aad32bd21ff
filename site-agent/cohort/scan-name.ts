// The file names of BIDS images: `sub-X_ses-Y[_acq-…][_ce-…][_run-…]_FLAIR.nii.gz`; and of arrays that a site has computed of
// them: `sub-X_ses-Y_desc-NAME_features.npy`. A name says whose scan it is, of which visit and which sequence; it never says when.

const label = '[0-9a-zA-Z+]+'
const participantPattern = new RegExp(`^sub-${label}$`)
const sessionPattern = new RegExp(`^ses-${label}$`)
const scanPattern = new RegExp(
  `^(sub-${label})_(ses-${label})((?:_[a-zA-Z]+-${label})*)_(?:([a-zA-Z0-9]+)\\.nii(?:\\.gz)?|(features)\\.npy)$`,
)

export interface ScanName {
  /** `sub-X` and `ses-Y`, prefixes included. */
  readonly participant: string
  readonly session: string
  /** What stands between session and sequence, such as `acq` or `run`, in the order of the name. */
  readonly entities: ReadonlyMap<string, string>
  /** The last word, such as `FLAIR`, or `features`. */
  readonly sequence: string
}

/** A name taken apart; undefined when it is not made by the rules. */
export function parseScanName(name: string): ScanName | undefined {
  const [, participant, session, middle, image, array] = scanPattern.exec(name) ?? []
  const sequence = image ?? array
  if (participant === undefined || session === undefined || sequence === undefined) return undefined
  const pairs = (middle ?? '').split('_').filter((pair) => pair !== '')
  const entities = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('-')), pair.slice(pair.indexOf('-') + 1)]))
  return entities.size === pairs.length ? { participant, session, entities, sequence } : undefined
}

/** Whether a name ends as images do, however it begins. */
export function looksLikeImage(name: string): boolean {
  return /\.(nii|nii\.gz|hdr|img|mgz|dcm)$/i.test(name)
}

/** Whether `name` is `sub-` and a label. */
export function isParticipant(name: string): boolean {
  return participantPattern.test(name)
}

/** Whether `name` is `ses-` and a label. */
export function isSession(name: string): boolean {
  return sessionPattern.test(name)
}

/** The path of an image's sidecar. */
export function sidecarOf(path: string): string {
  return path.replace(/\.(nii(\.gz)?|npy)$/, '.json')
}
