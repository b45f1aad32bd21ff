import { expect, test } from 'vitest'
import { type Prediction, predictionText } from './prediction-text.ts'

const prediction: Prediction = {
  ...{ child: 'sub-x', study: 'a'.repeat(64), horizonDays: 365, weightsDigest: 'b'.repeat(64) },
  visits: [
    { session: 'ses-1', day: 40, risk: 0.181, progression: -3, contribution: 0.0004 },
    { session: 'ses-10', day: 412, risk: 0.925, progression: 2, contribution: -0.437 },
  ],
  flags: ['There is one thing to know.'],
  notice: 'Research software.',
}

test('a prediction is a table that begins with what it is not and ends with what to know', () => {
  const lines = predictionText(prediction).split('\n')
  expect(lines[0]).toBe('Research software.')
  expect(lines).toContain('  ses-1   40   18.1 %  ████░░░░░░░░░░░░░░░░  0.0')
  expect(lines).toContain('  ses-10  412  92.5 %  ███████████████████░  −43.7')
  expect(lines).toContain('  * There is one thing to know.')
})

test('without flags and with one visit nothing stands where nothing is known', () => {
  const [visit] = prediction.visits
  if (visit === undefined) throw new Error('there is a visit')
  const text = predictionText({ ...prediction, flags: [], visits: [{ ...visit, contribution: null }] })
  expect(text).not.toContain('To know')
  expect(text).toMatch(/18\.1 % {2}█{4}░{16}\n/)
})
