import { describe, expect, test } from 'vitest'
import { emptyChart } from '../../../shared/cohort/chart.ts'
import { exampleCard } from '../../../shared/evaluation/testsupport/example-card.ts'
import type { Cohort, CohortChild, CohortScan } from '../../cohort/cohort.ts'
import { testStudyFile } from '../../cohort/testsupport/data-set.ts'
import { type AnswerParts, answerFrom } from '../answer.ts'
import type { Bedside } from '../bedside.ts'
import { usualCard, usualParts, visitRisk } from '../testsupport/answers.ts'
import { childPage } from './child-page.ts'
import { listPage } from './list-page.ts'
import { waitingPage } from './notice-pages.ts'
import type { ReadyChild } from './opened-children.ts'

const scan = (day: number): CohortScan => ({
  ...{ session: `ses-${day}`, path: '', file: '', day, followUp: null, label: null, scanner: undefined },
})
const child: CohortChild = {
  ...{ participant: 'sub-x', key: 'abcdef', fold: 'test', visits: 4, outcome: undefined, chart: emptyChart },
  scans: [scan(30), scan(120), scan(300)],
}
const study = testStudyFile()
const cohort: Cohort = {
  ...{ site: 'zurich', study: 'test', tasks: ['recurrence'], question: undefined, children: [child] },
  ...{ policy: { minChildren: 1, minCell: 1 }, evaluates: false, found: { children: 2, visits: 5 } },
  findings: [
    { holds: 'scan', rule: 'unreadable', child: 'sub-x', visit: 'ses-9', sentence: 'it is <b>damaged</b>.' },
    { holds: 'child', rule: 'no-visits', child: 'sub-held', sentence: 'it has no visit folders.' },
  ],
}
const bedside: Bedside = {
  ...{ site: 'zurich', settings: { data: '/nowhere', threads: 1 }, study, cohort, model: undefined },
  partOf: ({ fold }) => fold,
  open: () => Promise.reject(new Error('no child is opened here')),
}

/** A child's page with an answer of these parts, and pictures of one grey level. */
function pageOf(parts: Partial<AnswerParts> | undefined, ready: Partial<ReadyChild> = {}): string {
  const volume = { shape: [2, 3, 4] as const, voxels: new Float32Array(24) }
  const facts = { ...usualParts().facts }
  const scans = child.scans.map(({ session, day }, i) => ({
    ...{ session, day, volume },
    changed: i === 0 ? undefined : { brighterCm3: 1.25, darkerCm3: 12.5 },
  }))
  const answer = parts === undefined ? undefined : answerFrom(usualParts(parts))
  const card = parts === undefined ? undefined : 'card' in parts ? parts.card : usualCard()
  const weights = { manifest: [], values: new Float32Array() }
  const model = parts && { card, weights, study, heard: [], digest: exampleCard().model.weightsDigest }
  return childPage(
    '/room',
    { ...bedside, model },
    {
      ...{ child, shown: child, facts, heldBack: [], answer, scans, sequence: undefined, unseen: [] },
      ...ready,
    },
  ).text
}

describe('the page of a child', () => {
  test('without weights shows scans and says that no model was asked', () => {
    const page = pageOf(undefined)
    expect(page).toContain('no model was asked')
    expect(page).toContain('/room/children/abcdef/pictures/2/since-previous/axial/1?dark=-3&amp;bright=4')
    expect(page).not.toMatch(/Model card|%<\/strong>|trajectory/)
  })

  test('without a model card gives no risk, says why, and marks every visit hollow', () => {
    const page = pageOf({ card: undefined })
    expect(page).toContain('No calibrated risk is given.')
    expect(page).toContain('There is no model card beside the weights')
    const trained = pageOf({ card: undefined, facts: { ...usualParts().facts, part: 'train' } })
    expect(trained).toContain('<li class="refuses">The model was trained on this very child')
    expect(page.match(/circle class="hollow"/g)).toHaveLength(3)
    expect(page).not.toMatch(/circle class="full"|class="seen"|class="threshold"|%<\/strong>/)
  })

  test('with a card gives the risk with its range, zone and thresholds, and a hollow mark after the first scan', () => {
    const page = pageOf({})
    expect(page).toContain('<strong>40 %</strong> risk of an event, recalibrated for the consortium')
    expect(page).toContain('at or above the upper threshold')
    expect(page).toContain('By 41 test children, an event follows such a risk in')
    expect(page.match(/circle class="full"/g)).toHaveLength(2)
    expect(page.match(/circle class="hollow"/g)).toHaveLength(1)
    expect(page.match(/class="threshold"/g)).toHaveLength(2)
    expect(page).toContain('There is one scan only')
  })

  test('of a child in training refuses the risk with that reason', () => {
    const page = pageOf({ facts: { ...usualParts().facts, part: 'train' } })
    expect(page).toContain('No calibrated risk is given.')
    expect(page.match(/The model was trained on this very child/g)).toHaveLength(1)
  })

  test('of a child that came after the training gives its risk, and says that it is new', () => {
    const page = pageOf(
      { facts: { ...usualParts().facts, part: 'new' } },
      { facts: { ...usualParts().facts, part: 'new' } },
    )
    expect(page).toContain('<strong>40 %</strong> risk of an event')
    expect(page).toContain('fold new.')
    expect(page).toContain('This child is new to the model')
    expect(pageOf({})).not.toContain('new to the model')
  })

  test('of one scan has no chart of what visits add, and no change to show', () => {
    const { facts } = usualParts()
    const one = { ...facts, scans: facts.scans.slice(0, 1) }
    const visits = [visitRisk(30, 0.2, { contribution: null })]
    const page = pageOf({ facts: one, visits }, { scans: [] })
    expect(page).not.toMatch(/What each visit adds|How much changed/)
    expect(page).toContain('There is one scan only')
  })

  test('shows risks within other times as moved along, with the word that nobody checked them', () => {
    const otherRisks = [183, 730].map((horizonDays) => ({ horizonDays, risk: horizonDays / 1000 }))
    const page = pageOf({ visits: usualParts().visits.map((visit) => ({ ...visit, otherRisks })) })
    for (const words of ['within 6 months', 'within 12 months', 'within 24 months']) expect(page).toContain(words)
    expect(page).toContain('were not checked against outcomes')
    // Of each of the two calibrated visits one range sooner and one later.
    expect(page.match(/<line class="other sooner" x1="\S+" x2="\S+" y1="\S+" y2="(?!12")/g)).toHaveLength(2)
    expect(page.match(/ %, moved along/g)).toHaveLength(4)
    const uncalibrated = pageOf({ card: undefined, visits: usualParts().visits.map((one) => ({ ...one, otherRisks })) })
    expect(uncalibrated).not.toContain('moved along<')
    expect(page.match(/<polyline class="other/g)).toHaveLength(2)
  })

  test('draws thresholds on the scale of the hospital where its own recalibration is shown', () => {
    expect(pageOf({})).toContain('upper threshold 40 %')
    const own = pageOf({ site: 'boston' })
    expect(own).toContain('upper threshold 42 %')
    expect(own).toContain('Thresholds stand on this hospital')
  })

  test('keeps the labels of thresholds apart that lie close together', () => {
    const { thresholds } = usualCard()
    const ruleIn = thresholds.ruleIn && { ...thresholds.ruleIn, risk: 0.09 }
    const close = usualCard({ thresholds: { ...thresholds, ruleIn } })
    const heights = [...pageOf({ card: close }).matchAll(/class="at-threshold" x="\S+" y="(\S+)"/g)].map(([, at]) =>
      Number(at),
    )
    const [lower = 0, upper = 0] = heights
    expect(heights).toHaveLength(2)
    expect(lower - upper).toBeCloseTo(16, 0)
  })

  test('says which sequence is shown where the model sees several', () => {
    expect(pageOf({})).not.toContain('Of the sequences')
    expect(pageOf({}, { sequence: 'T2w' })).toContain('Of the sequences that the model sees, T2w is shown.')
  })

  test('shows what was held back, and what the finer grid did not take, as text', () => {
    const page = pageOf({}, { heldBack: ['ses-9: it is <b>damaged</b>.'], unseen: ['ses-30: too dark.'] })
    expect(page).toContain('ses-9: it is &lt;b&gt;damaged&lt;/b&gt;.')
    expect(page).toContain('ses-30: too dark.')
  })

  test('shows the words of a card as text, whatever they are', () => {
    const attack = `"><script>alert(1)</script>`
    const page = pageOf({ card: usualCard({ knownFailures: [attack], intendedUse: attack, excludedUse: [attack] }) })
    expect(page).not.toContain('<script>alert')
    expect(page.match(/&lt;script&gt;alert\(1\)/g)).toHaveLength(3)
  })

  test.each([
    ['no card', { card: undefined }],
    ['a card', {}],
  ])('with %s has the research notice, no style or script in it, and no id in its title', (_, parts) => {
    const page = pageOf(parts)
    expect(page.match(/Not a medical device/g)?.length).toBeGreaterThanOrEqual(2)
    expect(page).not.toMatch(/ style=|<style|javascript:| on[a-z]+=|<script(?! type="module" src="\/room\/view.mjs")/)
    expect(/<title>(.*?)<\/title>/.exec(page)?.[1]).toBe('Child · Sequela')
  })
})

describe('the list of children', () => {
  test('links children by their keys, and says what is held back and whether risks can be given', () => {
    const { text } = listPage('/room', bedside)
    expect(text).toContain('<a href="/room/children/abcdef">sub-x</a>')
    expect(text).toContain('1 of 4 visits held back')
    expect(text).toContain('held back: it has no visit folders.')
    expect(text).toContain('No weights were given')
    expect(text).not.toContain('href="/room/children/sub-')
  })

  test('says of a child whether the model learnt from it, where there is a model', () => {
    const inTraining = { ...bedside, cohort: { ...cohort, children: [{ ...child, fold: 'train' as const }] } }
    const weights = { manifest: [], values: new Float32Array() }
    const model = { card: undefined, weights, study, heard: [], digest: exampleCard().model.weightsDigest }
    expect(listPage('/room', { ...inTraining, model }).text).toContain('the model was trained on this child')
    expect(listPage('/room', inTraining).text).not.toContain('was trained on')
    const late = listPage('/room', { ...inTraining, model, partOf: () => 'new' }).text
    expect(late).toContain('<td>new</td>')
    expect(late).not.toContain('trained on this child')
    const perhaps = listPage('/room', { ...inTraining, model, partOf: () => 'perhaps-train' }).text
    expect(perhaps).toContain('<td>perhaps train</td>')
    expect(perhaps).toContain('the model may have been trained on this child')
    const elsewhere = listPage('/room', { ...inTraining, model, partOf: () => 'elsewhere' }).text
    expect(elsewhere).toContain('<td>elsewhere</td>')
    expect(elsewhere).toContain('another hospital may have trained the model on this child')
    expect(elsewhere).not.toContain('the model was trained on this child')
  })
})

test('the page that waits counts, says of what, and asks again by itself', () => {
  const { text } = waitingPage('/room', 'Preparing the scans', 2, 7)
  expect(text).toContain('Preparing the scans: 2 of 7')
  expect(text).toContain('<progress max="7" value="2">')
  expect(text).toContain('http-equiv="refresh" content="1"')
  expect(waitingPage('/room', 'Asking the model', 0, 0).text).toContain('<progress>')
})
