// Landmarks of children with a known law: each child has a hazard of its own, visits until its event or the end of its
// follow-up, and a model that sees the hazard through noise.

import { type Random, seededRandom } from '../../random.ts'
import type { SiteLandmarks } from '../answer.ts'
import { answerPass } from '../answer.ts'
import { logistic } from '../calibration/recalibration.ts'
import type { Landmark } from '../landmark.ts'
import type { EmbeddedScan } from '../pair-accuracy.ts'
import { evaluationPasses } from '../passes.ts'
import { poolAnswers } from '../pool.ts'
import { nothingPooled, type Pooled, parsePooled } from '../pooled.ts'
import { parseSiteAnswer, type SiteAnswer } from '../site-answer.ts'

export const horizonDays = 365

/** The model's logit is `shift + stretch` times the true one, so 0 and 1 are a calibrated model. */
export interface Simulation {
  readonly seed: string
  readonly children: number
  readonly noise?: number
  readonly shift?: number
  readonly stretch?: number
  /** How far embeddings of neighbouring sites lie apart, in their standard deviations. */
  readonly siteShift?: number
  /** Mean follow-up in days. */
  readonly followUpDays?: number
}

export function simulatedLandmarks(simulation: Simulation): readonly Landmark[] {
  const { seed, children, noise = 0.6, shift = 0, stretch = 1, followUpDays = 1500 } = simulation
  const random = seededRandom(seed)
  return Array.from({ length: children }, (_, child) => {
    const severity = random.normal()
    const yearlyHazard = Math.exp(-1 + 1.1 * severity)
    const eventDay = exponential(random) * (365 / yearlyHazard)
    const lastDay = 200 + exponential(random) * followUpDays
    const sex = random.uniform() < 0.5 ? 'female' : 'male'
    const end = Math.min(eventDay, lastDay)
    const rows: Landmark[] = []
    for (let day = 30 + random.integer(60); day < end && rows.length < 8; day += 90 + random.integer(90)) {
      const truth = 1 - Math.exp(-Math.exp(-1 + 1.1 * severity + 0.3 * noise * random.normal()))
      const logit = Math.log(truth / (1 - truth))
      const visits = rows.length + 1
      const riskAt = (shown: number): number =>
        logistic(shift + stretch * (logit + (noise / Math.sqrt(shown)) * random.normal()))
      const riskByShown = Array.from({ length: visits }, (_unused, shown) => riskAt(shown + 1))
      rows.push({
        child: `${seed}/${child}`,
        visits,
        day,
        timeDays: Math.max(1, Math.round(end - day)),
        event: eventDay <= lastDay,
        risk: riskByShown.at(-1) ?? 0,
        riskByShown,
        groups: { sex },
      })
    }
    return rows
  }).flat()
}

/** Sites of those sizes, each with a test and a validation fold. */
export function simulatedSites(
  sizes: readonly number[],
  simulation: Omit<Simulation, 'seed' | 'children'> & { readonly seed: string },
): ReadonlyMap<string, SiteLandmarks> {
  return new Map(
    sizes.map((children, index) => {
      const fold = (name: string): readonly Landmark[] =>
        simulatedLandmarks({ ...simulation, children, seed: `${simulation.seed}/${index}/${name}` })
      const [validation, test] = [fold('validation'), fold('test')]
      const inputs = { visits: [{ low: 1, high: 3, children }] }
      const seen = {
        sequence: new Map([
          ['FLAIR', children],
          ['T2w', 1],
        ]),
      }
      const scansOf = (rows: readonly Landmark[]): EmbeddedScan[] =>
        simulatedScans(rows, index, simulation.siteShift ?? 0)
      const scans = { validation: scansOf(validation), test: scansOf(test) }
      return [`site-${index}`, { validation, test, followUp: [...validation, ...test], scans, inputs, seen }] as const
    }),
  )
}

/** Three numbers a scan, the first of which the site moves; progression that follows the days through noise. */
function simulatedScans(rows: readonly Landmark[], site: number, siteShift: number): EmbeddedScan[] {
  const random = seededRandom(`scans/${rows[0]?.child ?? ''}`)
  return rows.map(({ child, day, event }) => ({
    ...{ child, day, event },
    progression: day + 150 * random.normal(),
    embedding: [site * siteShift + random.normal(), random.normal() + day / 500, random.normal()],
  }))
}

export interface PassesOptions {
  /** The first so many; all of them when absent. */
  readonly passes?: number
  readonly onAnswer?: (answer: SiteAnswer) => void
  /** Whether a site misses a pass, by number from 0. */
  readonly isAbsent?: (site: string, pass: number) => boolean
}

/** Passes over all sites, each answer and each result through its JSON, as on the wire. */
export function allPasses(
  sites: ReadonlyMap<string, SiteLandmarks>,
  minCell: number,
  { passes = evaluationPasses.length, onAnswer = () => {}, isAbsent = () => false }: PassesOptions = {},
): Pooled {
  return evaluationPasses.slice(0, passes).reduce((pooled, pass, round) => {
    const present = [...sites].filter(([site]) => !isAbsent(site, round))
    const answers = present.map(([site, landmarks]) => {
      const question = { site, assignment: `a/1/${round}`, pass, pooled, horizonDays, minCell }
      const answer = parseSiteAnswer(new TextEncoder().encode(JSON.stringify(answerPass(landmarks, question))))
      onAnswer(answer)
      return answer
    })
    const aims = { ruleOutNpv: 0.9, ruleInPpv: 0.5 }
    const next = poolAnswers(pooled, answers, { horizonDays, minCell, aims })
    return parsePooled(new TextEncoder().encode(JSON.stringify(next)))
  }, nothingPooled)
}

function exponential(random: Random): number {
  return -Math.log(1 - random.uniform())
}
