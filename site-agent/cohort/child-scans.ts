// One child's scans as a study may use them: an image a visit, placed in time, none from the event on, a label at each.

import { type ChildOutcome, endingOf, followUpAfter, labelWithin, type Outcome } from '../../shared/cohort/outcome.ts'
import type { RecurrenceQuestion } from '../../shared/study/recurrence-question.ts'
import { channelsOf } from '../../shared/study/sequences.ts'
import type { Study } from '../../shared/study/study.ts'
import type { BidsChild, BidsVisit } from './bids.ts'
import { sequenceOfChild } from './child-sequence.ts'
import type { CohortScan } from './cohort.ts'
import type { DataFolder } from './data-folder.ts'
import { type Exclusions, exclusionSentence, placeText } from './exclusions.ts'
import type { Finding, Held, Rule } from './finding.ts'
import { chooseImages } from './image-choice.ts'
import { type LocatedVisit, locateVisit } from './located-visit.ts'
import type { OutcomeProblem } from './outcome.ts'
import { placeVisits, type VisitTime } from './visit-days.ts'

export interface ChildScansRequest {
  readonly folder: DataFolder
  readonly outcomeTable: string
  readonly child: BidsChild
  readonly exclusions: Exclusions
  readonly pipeline: Study['pipeline']
  readonly outcome: Outcome | OutcomeProblem | undefined
  readonly question: RecurrenceQuestion | undefined
}

export interface ChildScans {
  /** In order of time. Empty when the child is held. */
  readonly scans: readonly CohortScan[]
  /** The outcome, if it can be laid over the scans. */
  readonly outcome: ChildOutcome | undefined
  /** The latest year of a date, for a remark on dates that were not shifted. */
  readonly lastYear: number | undefined
  readonly findings: readonly Finding[]
}

/** Chooses, places and labels. */
export async function readChildScans(request: ChildScansRequest): Promise<ChildScans> {
  const { child, folder, pipeline } = request
  const findings: Finding[] = []
  const tell = (holds: Held, rule: Rule, sentence: string, at: { visit?: string; file?: string } = {}): void => {
    findings.push({ holds, rule, child: child.participant, ...at, sentence })
  }
  const excludedAs = ({ session }: BidsVisit) =>
    request.exclusions.get(placeText({ child: child.participant, visit: session }))
  const excluded: BidsVisit[] = []
  const kept: BidsVisit[] = []
  for (const visit of child.visits) {
    const decision = excludedAs(visit)
    if (decision === undefined) kept.push(visit)
    else {
      excluded.push(visit)
      tell('scan', 'excluded', exclusionSentence(decision), { visit: visit.session })
    }
  }
  const excludedTimes = await timesOf(request, excluded)
  const shown = await sequenceOfChild(folder, kept, pipeline, excludedTimes)
  if (shown.contradiction !== undefined) {
    tell('child', 'times-disagree', shown.contradiction)
    return { scans: [], outcome: undefined, lastYear: undefined, findings }
  }
  const choice = chooseImages(child.participant, kept, pipeline, shown.sequence)
  findings.push(...choice.findings)
  const located = new Map<string, LocatedVisit>()
  const times: VisitTime[] = []
  for (const visit of kept) {
    const images = choice.chosen.get(visit.session)
    if (images === undefined) continue
    const { located: found, lost } = await locateVisit(folder, visit, images, channelsOf(pipeline) !== undefined)
    const holds = found === undefined ? 'scan' : 'image'
    for (const { rule, sentence, path } of lost) tell(holds, rule, sentence, { visit: visit.session, file: path })
    if (found === undefined) continue
    if (visit.row?.remark !== undefined) tell('nothing', 'visit-table', visit.row.remark, { visit: visit.session })
    located.set(visit.session, found)
    times.push(found.time)
  }
  const lastYear = latestYear([...times, ...excludedTimes])
  const held = (rule: Rule, sentence: string): ChildScans => {
    tell('child', rule, sentence)
    return { scans: [], outcome: undefined, lastYear, findings }
  }

  const days = placeVisits(times, excludedTimes)
  if (days.contradiction !== undefined) return held('times-disagree', days.contradiction)
  for (const { session, rule, sentence } of days.held) {
    const file = located.get(session)?.path
    tell('scan', rule, sentence, { visit: session, ...(file === undefined ? {} : { file }) })
  }
  const judged = judgeOutcome(request.outcome, days.from, request.outcomeTable)
  if (judged.problem !== undefined) {
    if (judged.holds === 'child') return held(judged.rule, judged.problem)
    tell('outcome', judged.rule, judged.problem)
  }
  const untyped = untypedEvent(judged.outcome, request.question, request.outcomeTable)
  if (untyped !== undefined) tell('outcome', 'outcome-row', untyped)
  const outcome = untyped === undefined ? withEnding(judged.outcome, request.question) : undefined
  const scans = days.placed.flatMap(({ session, day }): CohortScan[] => {
    const found = located.get(session)
    if (found === undefined) return []
    const { time: _, ...images } = found
    const { path } = images
    const late = judged.outcome === undefined ? undefined : tooLate(judged.outcome, day, request.outcomeTable)
    if (late === undefined) return [{ session, ...images, day, ...after(outcome, day, request.question) }]
    tell('scan', late.rule, late.sentence, { visit: session, file: path })
    return []
  })
  if (scans.length === 0 && child.visits.length > 0) return held('nothing-to-learn', 'none of its scans can be used.')
  return { scans, outcome, lastYear, findings }
}

/** When visits were that are not used; nothing is said of their images. */
async function timesOf(
  { child, folder, pipeline }: ChildScansRequest,
  visits: readonly BidsVisit[],
): Promise<readonly VisitTime[]> {
  const { chosen } = chooseImages(child.participant, visits, pipeline, undefined)
  const times: VisitTime[] = []
  for (const visit of visits) {
    const { located } = await locateVisit(folder, visit, chosen.get(visit.session) ?? [], false)
    if (located !== undefined) times.push(located.time)
  }
  return times
}

type Judged =
  | { readonly outcome: Outcome | undefined; readonly problem?: undefined }
  | { readonly outcome: undefined; readonly holds: 'child' | 'outcome'; readonly rule: Rule; readonly problem: string }

/**
 * Whether the outcome can be laid over the scans. Where there may have been an event on a day that is not known, the
 * child is held: a scan from after the event could be among its scans, and such scans are never inputs.
 */
function judgeOutcome(
  outcome: Outcome | OutcomeProblem | undefined,
  from: 'surgery' | 'first-scan',
  outcomeTable: string,
): Judged {
  if (outcome === undefined) return { outcome }
  const hold = (event: boolean, rule: Rule, reason: string): Judged => {
    const holds = event ? 'child' : 'outcome'
    const consequence = event
      ? 'Scans from after the event could not be told apart, so the child is not used.'
      : 'The child takes part in ordering only.'
    return { outcome: undefined, holds, rule, problem: `${reason} ${consequence}` }
  }
  if ('sentence' in outcome) {
    return hold(outcome.event, 'outcome-row', `${outcomeTable} line ${outcome.line}: ${outcome.sentence}`)
  }
  if (from === 'surgery') return { outcome }
  const reason = `${outcomeTable} counts days from the surgery, but no visit says how long after it was (days_since_surgery).`
  return hold(outcome.eventDay !== undefined, 'not-placed', reason)
}

function tooLate(
  outcome: Outcome,
  day: number,
  outcomeTable: string,
): { readonly rule: Rule; readonly sentence: string } | undefined {
  const { eventDay, lastFollowUpDay } = outcome
  if (eventDay !== undefined && day >= eventDay) {
    const sentence = `it is of day ${day} and the event of day ${eventDay}; scans from the event on are never shown to the model.`
    return { rule: 'after-event', sentence }
  }
  if (day <= lastFollowUpDay) return undefined
  const sentence =
    `it is of day ${day}, but ${outcomeTable} says that follow-up ended on day ${lastFollowUpDay}; ` +
    'correct last_followup_days or the time of the visit.'
  return { rule: 'after-follow-up', sentence }
}

/** A study that says which types count cannot count an event without a type, nor know that it does not. */
function untypedEvent(
  outcome: Outcome | undefined,
  question: RecurrenceQuestion | undefined,
  outcomeTable: string,
): string | undefined {
  if (outcome?.eventDay === undefined || outcome.eventType !== undefined || question?.events === undefined)
    return undefined
  return (
    `${outcomeTable} does not say of which type the event of day ${outcome.eventDay} was, and the study counts ` +
    `${question.events.join(' and ')} only; write event_type. The child takes part in ordering only.`
  )
}

function withEnding(outcome: Outcome | undefined, question: RecurrenceQuestion | undefined): ChildOutcome | undefined {
  return outcome === undefined ? undefined : { ...outcome, ending: endingOf(outcome, question?.events) }
}

/** Before the surgery there is nothing that could come back: such a scan is an input, and no landmark. */
function after(
  outcome: ChildOutcome | undefined,
  day: number,
  question: RecurrenceQuestion | undefined,
): Pick<CohortScan, 'followUp' | 'label'> {
  if (outcome === undefined || question === undefined || day < 0) return { followUp: null, label: null }
  const followUp = followUpAfter(outcome, day)
  return { followUp, label: labelWithin(followUp, question.horizonDays) }
}

function latestYear(times: readonly VisitTime[]): number | undefined {
  const years = times.flatMap(({ acquiredMs }) =>
    acquiredMs === undefined ? [] : [new Date(acquiredMs).getUTCFullYear()],
  )
  return years.length === 0 ? undefined : Math.max(...years)
}
