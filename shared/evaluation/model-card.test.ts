import { expect, test } from 'vitest'
import { cardFileOf, parseModelCard } from './model-card.ts'
import { exampleCard } from './testsupport/example-card.ts'

test('a card is read back as it was written', () => {
  const card = exampleCard()
  expect(parseModelCard(JSON.stringify(card), 'card.json')).toEqual(card)
})

test('a card of a version that did not say how training scans were made is read', () => {
  const { seen: _, ...earlier } = exampleCard()
  expect(parseModelCard(JSON.stringify(earlier), 'card.json')).toEqual(earlier)
})

test('a card with figures of each site and after recalibration is read, and one written before they were told', () => {
  const before = exampleCard()
  const { data, strata } = before
  const figures = { auroc: { value: 0.7, low: 0.6, high: 0.8 } }
  const now = exampleCard({
    data: { ...data, sites: data.sites.map((one) => ({ ...one, events: null, scans: 12, followUpDays: 700.5 })) },
    strata: strata.map((one) => ({ ...one, recalibrated: figures })),
    sites: [{ site: 'boston', raw: figures, recalibrated: figures, recalibratedBySite: {} }],
  })
  expect(parseModelCard(JSON.stringify(now), 'card.json')).toEqual(now)
  expect(before).not.toHaveProperty('sites')
  expect(parseModelCard(JSON.stringify(before), 'card.json')).toEqual(before)
})

test.each([
  ['not JSON', '{', 'the file'],
  ['another format', JSON.stringify({ ...exampleCard(), format: 'sequela-model-card/2' }), 'format'],
  ['a field too many', JSON.stringify({ ...exampleCard(), childNames: [] }), 'the file'],
])('a card that is %s is refused with its place', (_, text, place) => {
  expect(() => parseModelCard(text, 'card.json')).toThrow(`card.json is not a model card of this version: ${place}`)
})

test('a slope that would turn risks upside down is refused', () => {
  const { recalibration } = exampleCard()
  const card = exampleCard({
    recalibration: { ...recalibration, consortium: { intercept: 0, slope: -1, kind: 'platt' } },
  })
  expect(() => parseModelCard(JSON.stringify(card), 'card.json')).toThrow('recalibration.consortium.slope')
})

test('the card lies beside the weights under their name', () => {
  expect(cardFileOf('out/model.safetensors')).toBe('out/model.card.json')
  expect(cardFileOf('model.onnx')).toBe('model.card.json')
})
