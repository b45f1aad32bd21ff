import { describe, expect, test } from 'vitest'
import { type ChildFacts, flagsAt, type ModelFacts, type ScanFacts } from './fit.ts'

const flairOfGe = { sequence: 'FLAIR', vendor: 'ge', field_strength: '3 T and over' }
const inPlace = { dice: 0.95, emptySlices: 0 }
const scan = (day: number, changes: Partial<ScanFacts> = {}): ScanFacts => ({
  ...{ session: `ses-${day}`, day, groups: flairOfGe, overlap: inPlace, registration: undefined },
  ...changes,
})
const registered = { mutualInformation: 1.1, fieldOfView: 1, starts: 1 }
const sound: ChildFacts = {
  ...{ part: 'test', ageYears: 7, treatmentChangeDay: undefined },
  scans: [scan(30), scan(120), scan(300)],
}
const model: ModelFacts = {
  ranges: {
    age_years: { low: 2, high: 18 },
    gap_days: { low: 0, high: 400 },
    days_since_surgery: { low: 0, high: 2000 },
    visits: { low: 1, high: 4 },
  },
  seen: { sequence: ['FLAIR'], vendor: ['ge', 'siemens'], field_strength: ['3 T and over'] },
  siteTrained: true,
}
const said = (child: Partial<ChildFacts>, changes: Partial<ModelFacts> = {}, landmark?: number): string[] => {
  const facts = { ...sound, ...child }
  return flagsAt(facts, { ...model, ...changes }, landmark ?? facts.scans.length - 1).map(
    ({ weight, kind }) => `${weight} ${kind}`,
  )
}

describe('a child that is like those of training', () => {
  test('has no flag', () => expect(said({})).toEqual([]))

  test('has none either when it came after the training', () => expect(said({ part: 'new' })).toEqual([]))

  test('has none for its place where the model is shown arrays', () => {
    expect(said({ scans: [1, 2].map((day) => scan(day, { overlap: undefined })) })).toEqual([])
  })
})

describe('a calibrated risk is refused', () => {
  test.each<[string, Partial<ChildFacts>]>([
    ['one-scan', { scans: [scan(30)] }],
    ['before-surgery', { scans: [scan(-40), scan(-3)] }],
    ['gap', { scans: [scan(30), scan(430)] }],
    ['time', { scans: [scan(1700), scan(2000)] }],
    ['age', { ageYears: 1 }],
    ['age', { ageYears: 18 }],
    ['trained-on', { part: 'train' }],
    ['trained-on', { part: 'perhaps-train' }],
    ['trained-on', { part: 'elsewhere' }],
  ])('for %s', (kind, child) => expect(said(child)).toEqual([`refuses ${kind}`]))

  test('by the age at the visit, which is what training scans were counted by, and not by that at surgery', () => {
    const at = (day: number, ageYears: number): string[] => said({ ageYears, scans: [scan(day - 30), scan(day)] })
    expect(at(1095, 16.9)).toEqual(['refuses age'])
    expect(at(256, 1.8)).toEqual([])
    const { sentence } = flagsAt({ ...sound, ageYears: 18.15 }, model, 2)[0] ?? { sentence: '' }
    expect(sentence).toBe(
      'The child is 18.9 years old at this visit; the model was trained on scans at ages from 2 to below 18.',
    )
  })

  test('for two years between scans where no card says what was seen', () => {
    expect(said({ scans: [scan(0), scan(730)] }, { ranges: {} })).toEqual([])
    expect(said({ scans: [scan(0), scan(731)] }, { ranges: {} })).toEqual(['refuses gap'])
  })
})

test('words on a record with gaps say that it is one, and how to close it', () => {
  for (const part of ['perhaps-train', 'perhaps-validation'] as const) {
    const { sentence } = flagsAt({ ...sound, part }, model, 2)[0] ?? { sentence: '' }
    expect(sentence).toMatch(/may have .*participation\.jsonl.*Restore it from a backup/)
  }
})

describe('a reader is warned', () => {
  test.each<[string, Partial<ChildFacts>]>([
    ['age', { ageYears: undefined }],
    ['trained-on', { part: 'validation' }],
    ['trained-on', { part: 'perhaps-validation' }],
    ['treatment', { treatmentChangeDay: 300 }],
    ['visits', { scans: [1, 2, 3, 4].map((day) => scan(day)) }],
    ['field-of-view', { scans: [scan(1), scan(2, { overlap: { ...inPlace, emptySlices: 1 } })] }],
    ['placement', { scans: [scan(1, { overlap: { ...inPlace, dice: 0.86 } }), scan(2)] }],
    ['placement', { scans: [scan(1), scan(2, { registration: { ...registered, starts: 4 } })] }],
    ['field-of-view', { scans: [scan(1), scan(2, { registration: { ...registered, fieldOfView: 0.9 } })] }],
  ])('of %s', (kind, child) => expect(said(child)).toEqual([`caution ${kind}`]))

  const made = (changes: Partial<ScanFacts['groups']>): Partial<ScanFacts> => ({ groups: { ...flairOfGe, ...changes } })
  test.each<[string, Partial<ScanFacts>]>([
    ['sequence', made({ sequence: 'T2w' })],
    ['scanner', made({ vendor: 'philips' })],
    ['scanner', made({ field_strength: '1.5 T' })],
  ])('of a %s that training hardly had', (kind, how) => {
    expect(said({ scans: [scan(1), scan(2, how)] })).toEqual([`caution ${kind}`])
    expect(said({ scans: [scan(1), scan(2), scan(3, how)] }, {}, 1)).toEqual([])
    expect(said({ scans: [scan(1), scan(2, how)] }, { seen: {} })).toEqual([])
  })

  test('of it in words that say which scans, and what the model knows instead', () => {
    const sentences = (scans: readonly ScanFacts[]): string[] =>
      flagsAt({ ...sound, scans }, model, 1).map(({ sentence }) => sentence)
    expect(sentences([scan(1), scan(2, made({ vendor: 'philips' }))])).toEqual([
      'ses-2: scanner philips, of which the model saw no scans in training, or too few to tell; it knows ge, siemens.',
    ])
    const t2w = made({ sequence: 'T2w', vendor: 'unknown' })
    expect(sentences([scan(1, t2w), scan(2, t2w)])).toEqual([
      'Every scan: sequence T2w, of which the model saw no scans in training, or too few to tell; it knows FLAIR.',
    ])
  })

  test('of no narrow overlap with the template where scans are registered: a small head overlaps less', () => {
    expect(
      said({ scans: [scan(1), scan(2, { overlap: { ...inPlace, dice: 0.7 }, registration: registered })] }),
    ).toEqual([])
  })

  test('of a hospital that took no part in training', () => {
    expect(said({}, { siteTrained: false })).toEqual(['caution foreign-site'])
  })
})

test('what is said at a visit does not depend on later scans, nor on a later change of treatment', () => {
  const later = [scan(900, { overlap: { dice: 0.85, emptySlices: 3 } }), scan(5000)]
  const extended = { ...sound, scans: [...sound.scans, ...later], treatmentChangeDay: 800 }
  for (const landmark of sound.scans.keys()) {
    expect(flagsAt(extended, model, landmark)).toEqual(flagsAt(sound, model, landmark))
  }
})
