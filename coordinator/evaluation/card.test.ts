import { describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { bandAt } from '../../shared/evaluation/calibration/calibration-band.ts'
import { modelCardSchema } from '../../shared/evaluation/model-card.ts'
import { parseStudy } from '../../shared/study/study.ts'
import { modelCard } from './card.ts'
import { cardMarkdown } from './card-text.ts'
import { estimateText } from './estimates.ts'
import { pooled, report, run, study, text } from './testsupport/example-evaluation.ts'

describe('the model card', () => {
  const card = modelCard({ run, study, pooled, report })

  test('is one that sites can read, with thresholds in recalibrated risk and ranges of input', () => {
    expect(modelCardSchema.parse(JSON.parse(JSON.stringify(card)))).toEqual(card)
    expect(card.thresholds.ruleOut?.risk).toBeLessThan(card.thresholds.ruleIn?.risk ?? 0)
    expect(card.inputRanges).toEqual({ visits: { low: 1, high: 3 } })
    // Each site has one child in T2w too, which is fewer than may be told.
    expect(card.seen).toEqual({ sequence: ['FLAIR'] })
    expect(cardMarkdown(card)).toContain('Scans in training, of enough children to tell:\n\n* sequence: FLAIR\n')
  })

  test('gives figures of each site and, of groups, those after recalibration too; also as text', () => {
    const [site, , few] = report.sites
    expect(card.sites?.[0]).toMatchObject({
      site: 'site-0',
      raw: site?.raw,
      recalibratedBySite: site?.recalibratedBySite,
    })
    expect(card.sites?.[2]).toEqual({ site: 'site-2', raw: {}, recalibrated: {}, recalibratedBySite: {} })
    const { events, scans, followUpDays } = site ?? {}
    expect(card.data.sites[0]).toMatchObject({ events, scans, followUpDays })
    expect(few?.scans).toBe(null)
    const group = card.strata.find(({ family, children }) => family === 'sex' && children !== null)
    expect(group?.recalibrated?.ece?.value).toBeLessThan(group?.figures.ece?.value ?? Number.NaN)
    const markdown = cardMarkdown(card)
    const years = ((followUpDays ?? 0) / 365.25).toFixed(1)
    expect(markdown).toContain(`| site-0 | ${site?.children} | ${events} | ${scans} | ${site?.landmarks} | ${years} |`)
    expect(markdown).toContain(`| ${estimateText(group?.recalibrated?.ece)} |`)
    const bySite = markdown.slice(markdown.indexOf('### By site'))
    expect(bySite).toContain(`| site-0 | ${estimateText(site?.raw.auroc)} |`)
    expect(bySite).toContain(`| ${estimateText(site?.recalibratedBySite.ece)} |`)
    const { sites, ...older } = card
    expect(sites).toHaveLength(3)
    expect(cardMarkdown(older)).not.toContain('### By site')
  })

  test('tells the bedside how far risks held, by either recalibration', () => {
    for (const line of [card.calibrationLines.consortium, card.calibrationLines.site]) {
      if (line === null) throw new Error('no line was fitted')
      const { low, high } = bandAt(line, 0.3)
      expect(low).toBeLessThan(high)
    }
    expect(card.calibrationLines.consortium?.slope).toBeCloseTo(
      report.performance.consortium.calibration_slope?.value ?? Number.NaN,
      8,
    )
  })

  test('names its thresholds by weights, recalibration and values', () => {
    const other = modelCard({ run, study, pooled, report: { ...report, weightsDigest: sha256('other weights') } })
    expect(other.thresholds.version).not.toBe(card.thresholds.version)
  })

  test('says which sequences the model is shown, how, and by which block of them', () => {
    expect(card.preprocessing).toMatchObject({ sequences: 'FLAIR' })
    const other = text
      .replace('[FLAIR]', '{ all: [FLAIR, T2w] }')
      .replace('spacingMm: 7', 'spacingMm: 7, temporal: mean')
    const { preprocessing, model } = modelCard({ run, study: parseStudy(other), pooled, report })
    expect(preprocessing).toMatchObject({ sequences: 'FLAIR and T2w at once, a missing one marked as missing' })
    expect(model.preset).toBe('tiny with mean')
  })

  test('says of arrays what made them and what was done with them, and nothing that images alone have', () => {
    const arrays = text
      .replace(/model: .*/, 'model: { preset: embeddings, features: 768 }')
      .replace(/pipeline: .*/, 'pipeline: { features: brainiac }')
    const other = modelCard({ run, study: parseStudy(arrays), pooled, report })
    expect(other.preprocessing).toEqual({
      sequences: 'arrays called brainiac, which each site computed itself',
      inputs: 'arrays of 768 numbers',
    })
    expect(cardMarkdown(other)).toContain('each array is brought to mean 0 and standard deviation 1')
  })

  test('lists the groups of which something is told, and none whose levels were all withheld', () => {
    const parts = report.parts.map((part) => (part.family === 'year' ? { ...part, children: null } : part))
    const { checklist } = modelCard({ run, study, pooled, report: { ...report, parts } })
    const texts = checklist.filter(({ item }) => /^(12d|14)/.test(item)).map(({ text }) => text)
    for (const said of texts) {
      expect(said).toContain('since surgery')
      expect(said).not.toContain('year')
    }
    expect(texts).toHaveLength(2)
    const none = report.parts.map((part) => ({ ...part, children: null }))
    const few = modelCard({ run, study, pooled, report: { ...report, parts: none } }).checklist
    expect(few.find(({ item }) => item.startsWith('14'))?.text).toContain('no group, as all are too small')
  })

  test('leaves to people what only they can answer', () => {
    const markdown = cardMarkdown(card)
    expect(markdown).toContain('**To be answered by people:**')
    expect(markdown).not.toMatch(/NaN|undefined|Infinity/)
  })
})
