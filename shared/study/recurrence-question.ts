// What a study asks of a child's future: all of its stages of recurrence ask the same, and a study that judges the weights of
// another asks what that did.

import type { EventType } from '../cohort/outcome.ts'
import type { ModelSpec } from '../model/model-spec.ts'
import { SequelaError } from '../protocol/errors.ts'
import { modelOf } from './model-of.ts'
import type { Study } from './study.ts'

export interface RecurrenceQuestion {
  /** The risk of an event within so many days of a landmark is what is reported. */
  readonly horizonDays: number
  /** Types that are events; others compete. Undefined in studies that do not say, where every event counts. */
  readonly events: readonly EventType[] | undefined
  readonly head: ModelSpec['head']
}

/** The question; undefined when no stage learns recurrence. @throws SequelaError `study_invalid` when stages differ in it. */
export function recurrenceQuestionOf(study: Study): RecurrenceQuestion | undefined {
  const stages = study.from === undefined ? study.stages.filter((stage) => stage.task === 'recurrence') : [study.from]
  const [first] = stages
  if (first === undefined) return undefined
  const horizons = new Set(stages.map(({ horizonDays }) => horizonDays))
  if (horizons.size > 1) {
    const days = [...horizons].join(' and ')
    const message = `the study asks for recurrence within ${days} days; all its recurrence stages must share one horizonDays`
    throw new SequelaError('study_invalid', message)
  }
  const { horizonDays, events } = first
  return { horizonDays, events, head: modelOf(study).head }
}
