// What a site answers in each pass of an evaluation, as it is sent: a JSON document of sums and counts, checked field by
// field on arrival. Nothing in it speaks of a single child; how that is made sure of is in suppression.ts.

import { z } from 'zod'
import { SequelaError } from '../protocol/errors.ts'
import { siteIdPattern } from '../study/names.ts'
import { shareSumsSchema } from './clustered-share.ts'
import { recalibrationSchema } from './model-card.ts'
import { amountSchema, countSchema, numberSchema } from './numbers.ts'
import { riskBinCount } from './risk-bins.ts'
import { momentsSchema } from './site-probe.ts'
import type { Cell } from './suppression/cells.ts'
import { isSamePart, type Part, wholePart } from './suppression/strata.ts'

const [number, amount, count] = [numberSchema, amountSchema, countSchema]
const name = z.string().min(1).max(80)
const bin = z.int().min(0).max(riskBinCount)

const cell = z
  .strictObject({
    from: bin,
    to: bin,
    /** Rounded down to a multiple of the study's `minCell`. */
    children: count,
    weight: amount.positive(),
    risk: amount,
    squaredRisk: amount,
  })
  .refine(areOfRisks, 'are not sums over risks between 0 and 1')

/** Of one class, from the lowest risk to the highest. */
const cells = z
  .array(cell)
  .min(1)
  .max(riskBinCount)
  .refine(fillTheRange, `do not follow upon one another from bin 0 to bin ${riskBinCount}`)

const stratumCells = z.strictObject({
  family: name,
  level: name,
  children: count,
  landmarks: count,
  /** Among this site's own landmarks, exactly. */
  auroc: z.number().min(0).max(1),
  logLoss: amount,
  cases: cells,
  controls: cells,
})

const strataCells = z
  .array(stratumCells)
  .max(200)
  .refine(areApart, 'a part stands twice')
  .refine(([first]) => first === undefined || isSamePart(first, wholePart), 'the whole fold does not come first')

const newtonSums = z.strictObject({
  gradient: z.tuple([number, number]).readonly(),
  information: z.tuple([number, number, number]).readonly(),
  scores: z.tuple([number, number, number]).readonly(),
})

/** The lines that are fitted: on the validation folds, and on the test folds before and after recalibration. */
const fits = z.strictObject({
  validation: newtonSums.optional(),
  validationIntercept: newtonSums.optional(),
  test: newtonSums.optional(),
  testIntercept: newtonSums.optional(),
  consortiumIntercept: newtonSums.optional(),
  site: newtonSums.optional(),
  siteIntercept: newtonSums.optional(),
})

/** Of the parts of the test fold; absent from sites whose program did not fit them yet. */
const strataFits = z
  .array(z.strictObject({ family: name, level: name, fits }))
  .max(200)
  .refine(areApart, 'a part stands twice')
  .optional()

/** A figure of this site alone with its standard error, clustered by child. */
const ownFigures = z.record(name, z.strictObject({ value: number, error: number.nullable() }))

const squares = z.record(name, amount)

const place = {
  format: z.literal('sequela-evaluation-answer/1'),
  /** Must be the site whose certificate sends it; keeps equal answers of two sites apart. */
  site: z.string().regex(siteIdPattern),
  assignment: z.string().max(100),
  /** Children with a decided landmark in those of the validation and the test fold that are not withheld. */
  children: count,
}

const interval = z.strictObject({
  fromDay: amount,
  toDay: amount,
  observedDays: amount,
  censored: count,
  children: count,
})

/** Training children with a value in [low, high), rounded down to a multiple of the study's `minCell`. */
const inputBin = z.strictObject({ low: number, high: number, children: count })

export const siteAnswerSchema = z.discriminatedUnion('pass', [
  z.strictObject({ ...place, pass: z.literal('censoring'), intervals: z.array(interval).max(100) }),
  z.strictObject({
    ...place,
    pass: z.literal('counts'),
    validation: stratumCells.nullable(),
    test: strataCells,
    own: ownFigures.nullable(),
    /** Children of a fold with an event within the horizon; null when that, or the rest, is too few. */
    events: z.strictObject({ validation: count.nullable(), test: count.nullable() }),
    inputs: z.record(name, z.array(inputBin).max(100)),
    /** By family, levels of which enough training children have scans; absent in answers of earlier versions. */
    seen: z.record(name, z.array(name).max(20)).optional(),
    /** Pairs of test scans, by the time between them. */
    pairs: z.array(z.strictObject({ level: name, sums: shareSumsSchema })).max(10),
    /** Of the embeddings of validation scans, for the site probe. */
    moments: momentsSchema.nullable(),
  }),
  z.strictObject({ ...place, pass: z.literal('calibration'), fits, strataFits }),
  z.strictObject({
    ...place,
    pass: z.literal('recalibration'),
    recalibration: recalibrationSchema,
    consortium: strataCells,
    siteScale: strataCells,
    fits,
    strataFits,
    own: z.strictObject({ consortium: ownFigures, site: ownFigures }).nullable(),
  }),
  z.strictObject({
    ...place,
    pass: z.literal('influence'),
    strata: z
      .array(
        z.strictObject({
          family: name,
          level: name,
          raw: squares,
          consortium: squares,
          site: squares,
          ruleOut: squares.nullable(),
          ruleIn: squares.nullable(),
        }),
      )
      .max(200)
      .refine(areApart, 'a part stands twice'),
    /** Of the figures by number of scans (scan-count.ts). */
    scanCount: squares,
    /**
     * Weight of pairs with other sites' landmarks that are won beyond what cells tell (between-sites.ts), before and after this site
     * recalibrates; absent where nothing of the test fold leaves, or the program does not say it yet.
     */
    order: z.strictObject({ raw: number, site: number }).optional(),
    /** Test scans that the discriminant took for this site's; null where there is none, or too few. */
    probe: shareSumsSchema.nullable(),
    fits,
    strataFits,
  }),
])

export type SiteAnswer = z.infer<typeof siteAnswerSchema>
export type AnswerOf<Pass extends SiteAnswer['pass']> = Extract<SiteAnswer, { pass: Pass }>
export type StratumCells = z.infer<typeof stratumCells>
export type FitSums = z.infer<typeof fits>
export type StratumFits = NonNullable<z.infer<typeof strataFits>>[number]
export type FitName = keyof FitSums
export type OwnFigures = z.infer<typeof ownFigures>

/**
 * An answer that came.
 * @throws SequelaError `answer_malformed` with the first thing that is wrong.
 */
export function parseSiteAnswer(content: Uint8Array): SiteAnswer {
  const parsed = siteAnswerSchema.safeParse(jsonOf(content))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue?.path.join('.') || 'the document'
  throw new SequelaError(
    'answer_malformed',
    `the answer is not what an evaluation asks for: ${where}: ${issue?.message}`,
  )
}

/** The fewest children that stand behind a number of the answer; infinite when it says nothing. */
export function smallestCell(answer: SiteAnswer): number {
  const cells = (strata: readonly StratumCells[]): number[] =>
    strata.flatMap(({ children, cases, controls }) => [children, ...[...cases, ...controls].map((one) => one.children)])
  const counts = ((): number[] => {
    switch (answer.pass) {
      case 'censoring':
        return answer.intervals.map(({ children }) => children)
      case 'counts':
        return [
          ...cells([...answer.test, ...(answer.validation === null ? [] : [answer.validation])]),
          ...answer.pairs.map(({ sums }) => sums.children),
          ...(answer.moments === null ? [] : [answer.moments.children]),
          ...[answer.events.validation, answer.events.test].flatMap((one) => one ?? []),
          ...Object.values(answer.inputs).flatMap((bins) => bins.map(({ children }) => children)),
        ]
      case 'recalibration':
        return cells([...answer.consortium, ...answer.siteScale])
      case 'influence':
        return answer.probe === null ? [] : [answer.probe.children]
      case 'calibration':
        return []
    }
  })()
  return Math.min(...(answer.children === 0 ? [] : [answer.children]), ...counts)
}

/** Sums of numbers between 0 and 1 and of their squares, but for what adding them up in another order leaves. */
function areOfRisks({ weight, risk, squaredRisk }: Pick<Cell, 'weight' | 'risk' | 'squaredRisk'>): boolean {
  const most = 1 + 1e-9
  return risk <= weight * most && squaredRisk <= risk * most && risk * risk <= squaredRisk * weight * most
}

function fillTheRange(cells: readonly Pick<Cell, 'from' | 'to'>[]): boolean {
  const follow = cells.every(({ from, to }, index) => from === (cells[index - 1]?.to ?? 0) && to > from)
  return follow && cells.at(-1)?.to === riskBinCount
}

function areApart(parts: readonly Part[]): boolean {
  return parts.every((one, index) => !parts.slice(0, index).some((before) => isSamePart(one, before)))
}

function jsonOf(content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content))
  } catch {
    return undefined
  }
}
