import { describe, expect, test } from 'vitest'
import { demoStudyText } from '../../demo/study-text.ts'
import { sha256 } from '../digest.ts'
import { foldOf } from './folds.ts'
import { studyInWords } from './in-words.ts'
import { judgingProblems, judgingStudyText } from './judged-study.ts'
import { recurrenceQuestionOf } from './recurrence-question.ts'
import { parseNewStudy, type StudyFile } from './study.ts'
import { exampleStudyText as good } from './testsupport/example-study.ts'

const weights = sha256('weights')
const trained = parseNewStudy(good)
const textOf = (of: StudyFile, sites = ['boston', 'oslo']): string =>
  judgingStudyText(of, { name: 'judged', sites, weights })
const text = textOf(trained)
const judging = parseNewStudy(text)

function refusalOf(changed: string): string {
  try {
    parseNewStudy(changed)
    return 'accepted'
  } catch (error) {
    expect(error).toMatchObject({ code: 'study_invalid' })
    return (error as Error).message
  }
}

describe('a study that judges the weights of another', () => {
  test.each([
    ['that learns one risk', good],
    [
      'of the demo',
      demoStudyText({ sites: ['a', 'b'], seed: 3, orderingRounds: 2, recurrenceRounds: 2, pretrained: true }),
    ],
    [
      'of several sequences, with events, aims, linkage and a robust rule',
      `${good
        .replace('[FLAIR]', '{ all: [FLAIR, T2w] }, registration: rigid, brainMask: template')
        .replace('2e-3 }', '2e-3, horizonDays: 183, events: [recurrence, death], select: { metric: log_loss } }')
        .replace('minChildren: 5', 'minChildren: 7, minCell: 6, linkage: keyed-hash')
        .replace(
          'deadline: 4h',
          'deadline: 90s',
        )}strategy: { name: trimmed-mean, trim: 0.2 }\nevaluation: { ruleOutNpv: 0.9 }\n`,
    ],
    [
      'of arrays',
      good
        .replace(/model: .*/, 'model: { preset: embeddings, features: 12, head: hazards, timeInput: fourier }')
        .replace(/pipeline: .*/, 'pipeline: { features: elsewhere }'),
    ],
  ])('asks what a study %s asked, in a text that says so itself', (_, original) => {
    const of = parseNewStudy(original)
    const { study } = parseNewStudy(textOf(of))
    expect(judgingProblems(study, of)).toEqual([])
    expect(recurrenceQuestionOf(study)).toEqual(recurrenceQuestionOf(of.study))
    expect(study.round.deadlineMs).toBe(of.study.round.deadlineMs)
    expect(study.evaluation?.ruleOutNpv).toBe(of.study.evaluation?.ruleOutNpv ?? 0.95)
  })

  test.each([
    ['from.study', text.replace(trained.digest, sha256('another'))],
    ['from.sites', text.replace('sites: [ boston, zurich ]', 'sites: [ boston ]')],
    ['from.tasks', text.replace('[ ordering, recurrence ]', '[ recurrence ]')],
    ['from.horizonDays', text.replace('horizonDays: 365', 'horizonDays: 183')],
    ['from.events', text.replace('horizonDays: 365', 'horizonDays: 365, events: [recurrence]')],
    ['seed', text.replace('seed: 1', 'seed: 2')],
    ['model', text.replace('timeInput: none', 'timeInput: fourier')],
    ['pipeline', text.replace('biasCorrection: none', 'biasCorrection: n3')],
    ['folds', text.replace('train: 0.6, validation: 0.2', 'train: 0.5, validation: 0.3')],
    ['strategy', text.replace('serverMomentum: 0', 'serverMomentum: 0.5')],
    ['policy', text.replace('minCell: 5', 'minCell: 4')],
  ])('is told where it asks for another %s than was trained', (field, changed) => {
    expect(changed).not.toBe(text)
    const problems = judgingProblems(parseNewStudy(changed).study, trained)
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([field])
  })

  test('names the study that trained, not one that judged before', () => {
    expect(judgingProblems(judging.study, judging)).toEqual([
      `from.study: judged trained nothing itself; name the study that did: ${trained.digest}`,
    ])
  })

  test.each([
    [
      'that trains, too',
      text.replace('stages: []', 'stages: [{ task: recurrence, rounds: 1, learningRate: 1e-3 }]'),
      'stages: weights of a finished study are judged',
    ],
    ['that evaluates nothing', text.replace('evaluation: {}\n', ''), 'evaluation: nothing is trained'],
    [
      'of weights that know no risk',
      text.replace('[ ordering, recurrence ]', '[ ordering ]'),
      'evaluation: it judges risks of recurrence',
    ],
    [
      'without a child to judge',
      textOf(trained, ['boston']).replace('validation: 0.2, test: 0.2', 'validation: 0.4, test: 0'),
      'evaluation: there is no test fold',
    ],
    [
      'of values that a new site does not have',
      text.replace('proximal: 0', 'proximal: 0, personal: [head.risk]'),
      'sites: oslo trained no head.risk',
    ],
    [
      'within days that hazards do not know',
      text.replace('head: binary', 'head: hazards').replace('365', '300'),
      'from.horizonDays: hazards give risks within',
    ],
    ['of weights without a digest', text.replace(weights, 'best'), 'from.weights: not a digest'],
    [
      'that names no other and has no stages',
      good.replace(/stages:\n.*\n.*\n/, 'stages: []\n'),
      'stages: there is none; a study that trains nothing names in `from`',
    ],
  ])('is refused where it is one %s', (_, changed, words) => {
    expect(refusalOf(changed)).toContain(words)
  })

  test('keeps every child in its fold, and has all children of a new site tested', () => {
    const children = Array.from({ length: 100 }, (_, i) => `sub-${i}`)
    const foldsAt = (site: string, { study }: StudyFile) => children.map((child) => foldOf(study, site, child))
    expect(foldsAt('boston', judging)).toEqual(foldsAt('boston', trained))
    expect(new Set(foldsAt('boston', judging)).size).toBe(3)
    expect(new Set(foldsAt('oslo', judging))).toEqual(new Set(['test']))
  })

  test('says in words that nothing is trained, whose weights are judged on whom, and who is given them', () => {
    const words = studyInWords(judging).replaceAll(/\s+/g, ' ')
    expect(words).toContain(
      `weights ${weights} from study ${trained.digest}, as they were when it ended trained at boston, zurich`,
    )
    expect(words).toContain(
      'learnt to put the scans of a child in order of time learnt the risk of an event within 365 days',
    )
    expect(words).toContain('at boston the 60 % that were for training are not judged, 20 % validate, 20 % are tested')
    expect(words).toContain('at oslo, where nothing was trained, all are tested')
    expect(words).toContain('no weights: nothing is trained')
    expect(words).toContain('They are handed to oslo (0.5 MB).')
    expect(words).toContain('in the evaluation, 6 answers with sums and counts')
    expect(words).not.toContain('difference of weights')
  })
})
