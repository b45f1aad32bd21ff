import { describe, expect, test } from 'vitest'
import { demoStudyText } from '../../demo/study-text.ts'
import { sha256 } from '../digest.ts'
import { studyInWords } from './in-words.ts'
import { modelOf } from './model-of.ts'
import { parseStudy } from './study.ts'
import { exampleStudyText as good } from './testsupport/example-study.ts'

const refusal = (text: string): string => {
  try {
    parseStudy(text)
    return 'accepted'
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'study_invalid'
      ? error.message
      : `other: ${error}`
  }
}
const changed = (from: string, to: string): string => refusal(good.replace(from, to))

describe('a study file', () => {
  test('is named by the SHA-256 of its bytes, and every field has its value', () => {
    const { study, digest } = parseStudy(good)
    expect(digest).toBe(sha256(good))
    expect(study.round).toEqual({ quorum: 2, deadlineMs: 4 * 3_600_000 })
    expect(study.training).toEqual({ optimizer: 'adamw', weightDecay: 0.01, clipNorm: 1, proximal: 0 })
    expect(study.policy).toEqual({ updates: 'plaintext', minChildren: 5, minCell: 5, maxUpdateNorm: 100 })
    expect(study.stages[1]).toMatchObject({ horizonDays: 365, localEpochs: 1, batchChildren: 4, schedule: 'cosine' })
  })

  test('that does not say which head means the binary one, as files from before there were others do', () => {
    expect(modelOf(parseStudy(good).study)).toEqual({
      ...{ preset: 'tiny', head: 'binary', timeInput: 'none', clinical: false, sequences: 1 },
    })
  })

  test('shows one image a visit in an order of preference, or several sequences at once, each a channel', () => {
    const words = (text: string): string => studyInWords(parseStudy(text))
    const preferred = good.replace('[FLAIR]', '[FLAIR, T2w]')
    expect(modelOf(parseStudy(preferred).study).sequences).toBe(1)
    expect(words(preferred)).toContain('scans       FLAIR or T2w, in the space')
    const together = good.replace('[FLAIR]', '{ all: [FLAIR, T2w, T1w] }')
    expect(modelOf(parseStudy(together).study).sequences).toBe(3)
    expect(words(together)).toContain('FLAIR, T2w and T1w at once, a missing one marked as missing')
  })

  test.each([
    ['none', '[]', 'pipeline.sequences: '],
    ['one alone at once', '{ all: [FLAIR] }', 'pipeline.sequences.all: name two or more'],
    ['one that nobody knows', '{ all: [FLAIR, DWI] }', 'pipeline.sequences: name one or more of FLAIR, T2w, T1w'],
    ['in two ways', '{ all: [FLAIR, T2w], prefer: [T1w] }', 'pipeline.sequences: Unrecognized key: "prefer"'],
    ['by a word', 'FLAIR', 'pipeline.sequences: name one or more of FLAIR, T2w, T1w, T1c in order of preference'],
  ])('is refused when it names of sequences %s, and the sentence says what can be', (_, sequences, words) => {
    expect(changed('[FLAIR]', sequences)).toContain(words)
  })

  test('names no sequence twice among those that are shown at once', () => {
    expect(changed('[FLAIR]', '{ all: [T2w, T2w] }')).toContain('pipeline.sequences.all: a sequence is named twice')
  })

  test('may ask for another sequence block than its preset has, and says so in words', () => {
    expect(modelOf(parseStudy(good).study)).not.toHaveProperty('temporal')
    expect(studyInWords(parseStudy(good))).not.toContain('put together')
    const asking = (temporal: string) => good.replace('spacingMm: 7', `spacingMm: 7, temporal: ${temporal}`)
    const blocks = {
      gru: 'GRU',
      'change-gru': 'departs from earlier ones',
      'attention-lstm': 'LSTM',
      mean: 'nothing of their order',
    }
    for (const [temporal, words] of Object.entries(blocks)) {
      const file = parseStudy(asking(temporal))
      expect(modelOf(file.study)).toMatchObject({ temporal })
      expect(studyInWords(file)).toMatch(new RegExp(`put together by .*${words}`))
    }
    expect(refusal(asking('transformer'))).toContain('model.temporal')
  })

  test('of a mean of scans is told of no time, and is not taught order by sequences alone', () => {
    const told = (temporal: string) =>
      changed('spacingMm: 7', `spacingMm: 7, timeInput: fourier, temporal: ${temporal}`)
    expect(told('mean')).toContain('model.timeInput: a mean of scans has no gates')
    expect([told('gru'), told('attention-lstm')]).toEqual(['accepted', 'accepted'])
    const mean = good.replace('spacingMm: 7', 'spacingMm: 7, temporal: mean')
    const losses = (pairs: number) => `3e-3, losses: { pairs: ${pairs}, sequences: 1, maxima: 0 } }`
    expect(refusal(mean.replace('3e-3 }', losses(0)))).toContain('stages.0.losses: a mean of scans')
    expect(refusal(mean.replace('3e-3 }', losses(1)))).toBe('accepted')
    expect(changed('3e-3 }', losses(0))).toBe('accepted')
  })

  test('with hazards gives risks only where a bin ends', () => {
    const hazards = good.replace('spacingMm: 7', 'spacingMm: 7, head: hazards')
    expect(modelOf(parseStudy(hazards).study).head).toBe('hazards')
    expect(refusal(hazards.replace('2e-3 }', '2e-3, horizonDays: 183 }'))).toBe('accepted')
    expect(refusal(hazards.replace('2e-3 }', '2e-3, horizonDays: 360 }'))).toContain('stages.1.horizonDays')
    expect(refusal(good.replace('2e-3 }', '2e-3, horizonDays: 360 }'))).toBe('accepted')
  })

  describe('of arrays that sites bring', () => {
    const arrays = good
      .replace(/model: .*/, 'model: { preset: embeddings, features: 768, head: hazards }')
      .replace(/pipeline: .*/, 'pipeline: { features: brainiac }')
    const otherwise = (from: string | RegExp, to: string): string => refusal(arrays.replace(from, to))

    test('says what it shows in words, and is a model without images', () => {
      const file = parseStudy(arrays)
      expect(modelOf(file.study)).toEqual({
        ...{ preset: 'embeddings', features: 768, head: 'hazards', timeInput: 'none', clinical: false },
        sequences: 1,
      })
      const words = studyInWords(file)
      expect(words).toMatch(/model +preset embeddings, [0-9,]+ weights, arrays of 768 numbers\n/)
      expect(words).toContain('What never leaves: arrays, images, tables')
      expect(words).toMatch(/scans +arrays called brainiac, which each site computed itself\n/)
    })

    test('says how long they are, and asks for nothing that images alone have', () => {
      expect(otherwise('features: 768, ', '')).toContain('model.features')
      expect(otherwise('features: 768', 'features: 1')).toContain('model.features')
      expect(otherwise('features: 768', 'features: 768, spacingMm: 7')).toContain('spacingMm')
      expect(otherwise('features: brainiac', 'features: brain/iac')).toContain('pipeline.features: use 1 to 40 letters')
      expect(otherwise('features: brainiac', 'template: mni152, sequences: [FLAIR]')).toContain('pipeline')
      expect(otherwise('features: 768', 'features: 768, temporal: change-gru')).toContain('change-gru compares images')
      expect(otherwise('features: 768', 'features: 768, temporal: mean')).toBe('accepted')
    })
  })

  test('counts the same events in all of its stages of recurrence', () => {
    const stage = (events: string) => `  - { task: recurrence, rounds: 2, learningRate: 2e-3${events} }\n`
    const two = (first: string, second: string) => refusal(good.replace(stage(''), stage(first) + stage(second)))
    expect(two(', events: [recurrence, death]', ', events: [death, recurrence]')).toBe('accepted')
    expect(two(', events: [recurrence]', '')).toContain('same events')
  })

  test('has another digest as soon as a comment in it changes', () => {
    expect(parseStudy(`${good}# a note\n`).digest).not.toBe(parseStudy(good).digest)
  })

  test.each([
    ['an unknown field', 'seed: 1', 'seed: 1\nseeds: 2', 'seeds'],
    ['a misspelt policy', 'minChildren', 'minChilds', 'minChilds'],
    ['a seed that is no number', 'seed: 1', 'seed: one', 'seed'],
    ['a learning rate of nought', '3e-3', '0', 'stages.0.learningRate'],
    ['a share to cut off where nothing is cut', 'round:', 'strategy: { trim: 0.1 }\nround:', 'strategy.trim'],
    [
      'a trimmed mean that does not say how much',
      'round:',
      'strategy: { name: trimmed-mean }\nround:',
      'strategy.trim',
    ],
    [
      'an early stop by what no site reports of that task',
      'rounds: 3, learningRate: 3e-3 }',
      'rounds: 3, learningRate: 3e-3, earlyStop: { metric: log_loss, patience: 2 } }',
      'earlyStop.metric: no site reports log_loss',
    ],
    [
      'a choice by a metric that there is not',
      'rounds: 3, learningRate: 3e-3 }',
      'rounds: 3, learningRate: 3e-3, select: { metric: accuracy } }',
      'stages.0.select.metric',
    ],
    [
      'a choice by hazards of a model that has none',
      'rounds: 2, learningRate: 2e-3 }',
      'rounds: 2, learningRate: 2e-3, select: { metric: hazard_loss } }',
      'stages.1.select.metric: no site reports hazard_loss',
    ],
    [
      'a choice by how training went',
      'rounds: 3, learningRate: 3e-3 }',
      'rounds: 3, learningRate: 3e-3, select: { metric: training_loss } }',
      'select.metric: no site reports training_loss',
    ],
    ['fed-adam without its steps', 'round:', 'strategy: { name: fed-adam }\nround:', 'strategy.adam'],
    ['an optimiser for fed-avg', 'round:', 'strategy: { adam: { learningRate: 0.01 } }\nround:', 'strategy.adam'],
    [
      'two kinds of momentum',
      'round:',
      'strategy: { name: fed-adam, adam: { learningRate: 0.01 }, serverMomentum: 0.5 }\nround:',
      'strategy.serverMomentum',
    ],
    ['cutting off everything', 'round:', 'strategy: { name: trimmed-mean, trim: 0.5 }\nround:', 'strategy.trim'],
    ['losses none of which counts', '3e-3', '3e-3, losses: { pairs: 0, sequences: 0, maxima: 0 }', 'stages.0.losses'],
    ['a warm-up longer than its stage', 'rounds: 3', 'rounds: 3, warmupRounds: 4', 'stages.0.warmupRounds'],
    ['no rounds', 'rounds: 3', 'rounds: 0', 'stages.0.rounds'],
    ['an unknown task', 'task: ordering', 'task: sorting', 'stages.0.task'],
    ['an unknown optimiser', 'policy:', 'training: { optimizer: sgd }\npolicy:', 'training.optimizer'],
    ['sequences of one scan', 'rounds: 3', 'rounds: 3, longestSequence: 1', 'stages.0.longestSequence'],
    ['an unknown head', 'preset: tiny', 'preset: tiny, head: cox', 'model.head'],
    ['an unknown kind of event', '2e-3', '2e-3, events: [relapse]', 'stages.1.events'],
    ['no event at all', '2e-3', '2e-3, events: []', 'stages.1.events'],
    ['an unknown preset', 'preset: tiny', 'preset: huge', 'model.preset'],
    ["a grid that is not the preset's", '[24, 32, 24]', '[24, 24, 24]', 'model.grid'],
    ['folds that do not add up', 'test: 0.2', 'test: 0.3', 'folds'],
    ['a site named twice', '[boston, zurich]', '[boston, boston]', 'named twice'],
    ['a site id with capitals', '[boston, zurich]', '[Boston, zurich]', 'sites.0'],
    ['a quorum of more sites than there are', 'quorum: 2', 'quorum: 3', 'round.quorum'],
    ['a deadline without a unit', '4h', '4', 'deadline'],
    ['a deadline of a year', '4h', '365d', 'deadline'],
    ['a template for each age', 'template: mni152', 'template: nihpd', 'pipeline.template'],
    [
      'a registration that does not exist',
      'template: mni152',
      'registration: deformable, template: mni152',
      'pipeline.registration',
    ],
    ['no stages', good.slice(good.indexOf('stages:'), good.indexOf('round:')), 'stages: []\n', 'stages: there is none'],
    ['text that is not YAML', 'study: plgg', 'study: [', 'YAML'],
    ['an alias', 'study: plgg', 'study: &a plgg\nother: *a', 'study'],
  ])('is refused for %s, and the sentence says where', (_, from, to, place) => {
    expect(changed(from, to)).toContain(place)
  })

  test('is refused whatever it is, without another error than a refusal', () => {
    for (const text of [
      '',
      'null',
      '[]',
      '42',
      '"text"',
      '{}',
      '\0',
      '- a\n- b',
      '{a: {b: {c: 1}}}',
      'x'.repeat(70_000),
    ]) {
      expect(refusal(text)).not.toMatch(/^(accepted|other)/)
    }
  })

  test('of the demo is one that can be used', () => {
    const text = demoStudyText({ sites: ['a', 'b'], seed: 3, orderingRounds: 2, recurrenceRounds: 1, pretrained: true })
    expect(parseStudy(text).study.stages.map(({ task }) => task)).toEqual(['ordering', 'recurrence'])
  })

  test('in words says what is learnt, and from what beside scans', () => {
    const words = (text: string): string => studyInWords(parseStudy(text))
    expect(words(good)).toContain('learn the risk of an event within 365 days; 2 rounds')
    expect(words(good)).not.toContain('also told')
    const short = words(good.replaceAll(/rounds: \d+/g, 'rounds: 1'))
    expect(short).toContain('within 365 days; 1 round\n')
    expect(short).not.toContain('1 rounds')
    const full = good
      .replace('spacingMm: 7', 'spacingMm: 7, head: hazards, timeInput: fourier, clinical: true')
      .replace('2e-3 }', '2e-3, events: [recurrence, second_tumour] }')
    expect(words(full)).toContain(
      'the risk of recurrence or second tumour within 365 days, from hazards over two years',
    )
    expect(words(full)).toContain('also told   recurrence: days between visits; age, sex, resection and location')
  })

  test('in words says that brains are found by a network of the site, and what is done to brightness', () => {
    const words = (more: string): string => studyInWords(parseStudy(good.replace('[FLAIR] }', `[FLAIR]${more} }`)))
    expect(words(', brainMask: network')).toContain('brain only, found by a network that each site supplies')
    expect(words(', biasCorrection: n3')).toContain('brain only, bias field corrected (N3)')
    expect(words('')).toMatch(/brain only$/m)
  })

  test('that does not look for children in two hospitals says nothing of it, as old files do', () => {
    const study = parseStudy(good)
    expect(study.study.policy.linkage).toBeUndefined()
    expect(studyInWords(study)).not.toMatch(/two hospitals|hash/)
  })

  test('that looks for children in two hospitals says in words what leaves, who learns what, and what a key can be used for', () => {
    const study = parseStudy(good.replace('policy: {', 'policy: { linkage: keyed-hash, '))
    expect(study.study.policy.linkage).toBe('keyed-hash')
    const words = studyInWords(study).replaceAll(/\s+/g, ' ')
    expect(words).toContain('one keyed hash of each child')
    expect(words).toContain('among random ones up to a multiple of 64')
    expect(words).toContain('which of their own children another one has, not which one')
    expect(words).toContain('whoever has key and hashes can try identifiers')
    expect(words).toContain('any number about a single child, but for its hash')
    expect(() => parseStudy(good.replace('policy: {', 'policy: { linkage: names, '))).toThrow(/policy.linkage/)
  })

  test('in words names the digest that is approved, what leaves and what never does', () => {
    const study = parseStudy(good)
    const words = studyInWords(study)
    for (const part of [study.digest, 'boston, zurich', 'at least 5 children', 'never leaves', '4 h', '5 rounds']) {
      expect(words).toContain(part)
    }
  })
})
