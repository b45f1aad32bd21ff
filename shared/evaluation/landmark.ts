// A landmark as an evaluation sees it: a visit at which the risk was asked, what the model said, and what became of the
// child afterwards. Rows of single children; they exist inside a site only.

/** A visit at which the risk is asked. */
export interface Landmark {
  /** Names the child within its site: landmarks of one child are not independent. */
  readonly child: string
  /** Scans that the model was shown: those up to this visit. */
  readonly visits: number
  /** Since the index surgery. */
  readonly day: number
  /** From the landmark to the event or to the end of follow-up. */
  readonly timeDays: number
  /** Whether `timeDays` ends in an event; if not, the child was followed so long without one (censored). */
  readonly event: boolean
  /** Of an event within the horizon, as the model gives it. */
  readonly risk: number
  /** The same when only the last 1, 2, … scans up to this visit are shown; empty where it was not asked. */
  readonly riskByShown: readonly number[]
  /** Groups that the child, or its scan, belongs to: `sex` → `female`. */
  readonly groups: Readonly<Record<string, string>>
  /** What else became of the child; the same at each of its landmarks. Absent where nobody tells. */
  readonly course?: Course
}

/** What became of a child besides the events that the study learns. */
export interface Course {
  /** Whether another event ended what is known. */
  readonly competing: boolean
  readonly treatmentChanged: boolean
}

/** A landmark whose outcome within the horizon is known, with the weight that stands for those that are not. */
export interface DecidedLandmark extends Landmark {
  readonly outcome: 0 | 1
  /** Inverse probability of not being censored before the outcome was known (IPCW); at least 1. */
  readonly weight: number
}

/** How many children stand behind some landmarks. */
export function childrenOf(landmarks: readonly Pick<Landmark, 'child'>[]): number {
  return new Set(landmarks.map(({ child }) => child)).size
}
