import { describe, expect, test } from 'vitest'
import { exampleReport } from '../../test/support/example-report.ts'
import { type Report, targetResults } from './report.ts'
import { reportPage } from './report-page.ts'
import { terminalReport } from './terminal-table.ts'

const full = (): Report => {
  const report = exampleReport('1')
  const [ordering, recurrence] = report.stages
  if (ordering === undefined || recurrence === undefined) throw new Error('the example has two stages')
  const repeated = <T>(items: readonly T[], count: number): T[] =>
    Array.from({ length: count }, (_, i) => items[i % items.length] as T)
  return {
    ...report,
    sites: ['a', 'b', 'c', 'd'],
    stages: [
      { ...ordering, rounds: repeated(ordering.rounds, 60) },
      { ...recurrence, rounds: repeated(recurrence.rounds, 30) },
    ],
  }
}

describe('the report', () => {
  test('judges no target in a run that is smaller than the one the targets are for', () => {
    expect(targetResults(exampleReport('1')).every(({ met }) => met === null)).toBe(true)
  })

  test('judges every target in a full run, and says so when one is missed', () => {
    const report = full()
    const { pretrained } = report.test
    expect(targetResults(report).map(({ met }) => met)).toEqual(new Array(7).fill(true))
    const weak = {
      ...report,
      test: {
        ...report.test,
        pretrained: {
          ...pretrained,
          aurocByScans: pretrained.aurocByScans.map(() => ({ value: 0.6, low: 0.5, high: 0.7 })),
        },
      },
    }
    const missed = targetResults(weak).filter(({ met }) => met === false)
    expect(missed.map(({ name }) => name)).toEqual([
      'AUROC, 4 or more shown (lowest)',
      'gain from 1 to 4 scans',
      'federated minus mean of sites alone',
    ])
    expect(terminalReport(weak)).toContain('MISSED')
    expect(reportPage(weak)).toContain('MISSED')
  })

  test('tells weight updates from answers of an evaluation, on the page and in the terminal', () => {
    const report = full()
    const [site] = Object.keys(report.egress)
    const left = { updates: 3, answers: 6, bytes: 1_500_000, metricSums: 17, withheldMetrics: 0, declined: 0 }
    const evaluated = { ...report, egress: { [site ?? '']: left } }
    const rows = reportPage(evaluated).replaceAll(/\s*<\/t[dh]><t[dh][^>]*>/g, '|')
    expect(rows).toContain('weight updates|answers of the evaluation|bytes')
    expect(rows).toContain(`${site}|3|6|1.5 MB`)
    expect(terminalReport(evaluated)).toMatch(/3 updates +1\.5 MB +17 sums of metrics +6 answers of the evaluation/)
    expect(terminalReport(report)).not.toContain('answers')
  })

  test('draws no AUROC higher than it is: the axis reaches down to the lowest', () => {
    const report = full()
    const { pretrained } = report.test
    const aurocByScans = pretrained.aurocByScans.map(() => ({ value: 0.12, low: 0.05, high: 0.7 }))
    const shown = reportPage({ ...report, test: { ...report.test, pretrained: { ...pretrained, aurocByScans } } })
    expect(shown).toMatch(/>0<\/text>(?:(?!<figure).)*scans shown, the latest ones/s)
    expect(reportPage(report)).not.toMatch(/>0<\/text>(?:(?!<figure).)*scans shown, the latest ones/s)
  })

  test('has no tick between two rounds', () => {
    const report = full()
    const stages = report.stages.map((stage) => ({ ...stage, rounds: stage.rounds.slice(0, 2) }))
    expect(reportPage({ ...report, stages })).not.toContain('>1.2</text>')
  })

  test('says that everything is synthetic, on the page and in the terminal', () => {
    for (const shown of [reportPage(full()), terminalReport(full())]) {
      expect(shown).toContain('Synthetic children')
      expect(shown.toLowerCase()).toContain('not a medical device')
    }
  })

  test('names every site that did not count, with the reason', () => {
    expect(reportPage(full())).toContain('nothing came before the round closed')
  })

  test('shows text from outside as text', () => {
    const page = reportPage(exampleReport('<img src=x onerror=alert(1)>'))
    expect(page).not.toContain('<img')
    expect(page).toContain('&lt;img')
  })
})
