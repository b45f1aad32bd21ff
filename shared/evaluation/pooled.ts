// What the sites' answers make together: grows from pass to pass, goes back to the sites for the next one, and is what the
// report is written from. A JSON document among the coordinator's blobs, named by the journal.

import { z } from 'zod'
import { SequelaError } from '../protocol/errors.ts'
import { shareSumsSchema } from './clustered-share.ts'
import { recalibrationSchema } from './model-card.ts'
import { riskBinCount } from './risk-bins.ts'
import type { CountStratum } from './scan-count.ts'
import { discriminantSchema } from './site-probe.ts'

const finite = z.number()
const masses = z.array(finite).length(riskBinCount).readonly()
const curve = z.strictObject({ cases: masses, controls: masses })
const summary = z.strictObject({
  curve,
  auroc: finite,
  risk: finite,
  squaredError: finite,
  logLoss: finite,
  calibration: z.array(z.strictObject({ weight: finite, risk: finite, cases: finite })).readonly(),
})

const stratum = {
  family: z.string(),
  level: z.string(),
  /** Sites that could send it. */
  sites: z.array(z.string()),
  children: z.int(),
  landmarks: z.int(),
}

const fit = z.strictObject({
  kind: z.enum(['line', 'intercept']),
  intercept: finite,
  slope: finite,
  interceptError: finite.nullable(),
  slopeError: finite.nullable(),
  covariance: z.tuple([finite, finite, finite]).readonly().nullable(),
  lastStep: finite.nullable(),
})

const ownFigures = z.record(z.string(), z.strictObject({ value: finite, error: finite.nullable() }))
const squares = z.record(z.string(), finite)

export const pooledSchema = z.strictObject({
  format: z.literal('sequela-evaluation/1'),
  /** Passes that are in it. */
  passes: z.int(),
  censoring: z.strictObject({ hazards: z.array(finite), sites: z.array(z.string()) }).nullable(),
  /** `caseChildren`: with an event; at least so many where a site may not say. */
  validation: z.strictObject({ ...stratum, caseChildren: z.int(), summary }).nullable(),
  /** `uncertainty` bounds what the width of cells can have moved the AUROC by. */
  test: z.array(z.strictObject({ ...stratum, summary, uncertainty: finite })),
  /**
   * Curves of the whole test fold from cells that were spread evenly, of risks as given and as each site recalibrates: from them a site
   * works out its own part of the curves of all. Absent in results of earlier versions.
   */
  evenly: z.strictObject({ raw: curve, site: curve.optional() }).optional(),
  sites: z.array(
    z.strictObject({
      site: z.string(),
      /** Null: too few children to show. */
      children: z.int().nullable(),
      landmarks: z.int().nullable(),
      /** Children of the test fold with an event within the horizon. */
      events: z.int().nullable(),
      raw: ownFigures.nullable(),
      consortium: ownFigures.nullable(),
      own: ownFigures.nullable(),
      recalibration: recalibrationSchema.nullable(),
    }),
  ),
  inputRanges: z.record(z.string(), z.strictObject({ low: finite, high: finite })),
  /** By family, levels of which some site has enough training children; absent where no site told, as earlier versions do not. */
  seen: z.record(z.string(), z.array(z.string())).optional(),
  /** Lower edges, as numbers of risk bins; chosen on the validation folds. */
  thresholds: z.strictObject({ ruleOut: z.int().nullable(), ruleIn: z.int().nullable() }),
  fits: z.record(z.string(), fit),
  recalibration: recalibrationSchema.nullable(),
  recalibrated: z.array(z.strictObject({ ...stratum, consortium: summary, site: summary })),
  variances: z.array(
    z.strictObject({
      family: z.string(),
      level: z.string(),
      sites: z.array(z.string()),
      raw: squares,
      consortium: squares,
      site: squares,
      ruleOut: squares.nullable(),
      ruleIn: squares.nullable(),
    }),
  ),
  /** Pairs of test scans, right when the later one scores higher, by the time between them. */
  pairs: z.array(z.strictObject({ level: z.string(), sites: z.array(z.string()), sums: shareSumsSchema })),
  /** The discriminant of sites, null while fewer than two sent what it is made of; and how often each recognised its scans. */
  probe: z.strictObject({
    discriminant: discriminantSchema.nullable(),
    sites: z.array(z.strictObject({ site: z.string(), sums: shareSumsSchema })),
  }),
  /** Variances of the figures by number of scans, with the sites that they are of. */
  scanCount: z.strictObject({ sites: z.array(z.string()), squares }).nullable(),
})

export type Pooled = z.infer<typeof pooledSchema>

/** Before the first pass. */
export const nothingPooled: Pooled = {
  format: 'sequela-evaluation/1',
  passes: 0,
  censoring: null,
  validation: null,
  test: [],
  sites: [],
  inputRanges: {},
  thresholds: { ruleOut: null, ruleIn: null },
  fits: {},
  recalibration: null,
  recalibrated: [],
  variances: [],
  pairs: [],
  probe: { discriminant: null, sites: [] },
  scanCount: null,
}

/** The parts of the test folds by number of scans. */
export function countStrataOf({ test }: Pooled): readonly CountStratum[] {
  return test
    .filter(({ family }) => family === 'scans')
    .map(({ level, summary: { auroc, curve } }) => ({ level, auroc, curve }))
}

/** @throws SequelaError `answer_malformed` when the bytes are not such a document. */
export function parsePooled(content: Uint8Array): Pooled {
  try {
    const parsed = pooledSchema.safeParse(JSON.parse(new TextDecoder().decode(content)))
    if (parsed.success) return parsed.data
    const issue = parsed.error.issues[0]
    throw new Error(`${issue?.path.join('.')}: ${issue?.message}`)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unreadable'
    throw new SequelaError('answer_malformed', `the pooled result is damaged: ${reason}`, { cause })
  }
}
