import { expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { parseStudy } from '../../shared/study/study.ts'
import { decide } from './decide.ts'
import { emptyFederation, evolve } from './evolve.ts'
import { smallStudy } from './testsupport/small-study.ts'

const { text } = smallStudy({ sites: ['a', 'b'], quorum: 1, stages: [1] })

test('what earlier versions let a study say is neither proposed nor started any more, and a journal that holds it is read', () => {
  const { digest: studyDigest, text: old, study } = parseStudy(text.replace('spacingMm: 7', 'spacingMm: 3.5'))
  const { events, refusal } = decide(emptyFederation, { type: 'propose-study', studyDigest, text: old }, 0)
  expect(events).toEqual([])
  expect(refusal).toMatchObject({ code: 'study_invalid' })
  const replayed = evolve(emptyFederation, { type: 'study-proposed', studyDigest, text: old }, 0)
  expect(replayed.runs.get(studyDigest)).toMatchObject({ phase: 'proposed', study })
  expect(decide(replayed, { type: 'propose-study', studyDigest, text: old }, 0)).toEqual({ events: [] })
  const start = decide(replayed, { type: 'start-run', studyDigest, initialWeights: sha256('w0') }, 0)
  expect(start).toEqual({ events: [], refusal })
})
