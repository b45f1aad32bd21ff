import { describe, expect, test } from 'vitest'
import { allPasses, simulatedSites } from '../../shared/evaluation/testsupport/simulated-landmarks.ts'
import type { RoundStatus } from '../status.ts'
import { modelCard } from './card.ts'
import { estimateOf, estimateText } from './estimates.ts'
import { evaluationPage } from './page/evaluation-page.ts'
import { evaluationReport, type PartReport } from './report.ts'
import type { SiteReport } from './site-report.ts'
import { pooled, report, run, study } from './testsupport/example-evaluation.ts'

describe('the report of an evaluation', () => {
  test('gives every figure with an interval that holds it, before and after recalibration', () => {
    for (const figures of [report.performance.raw, report.performance.consortium, report.performance.site]) {
      for (const [name, estimate] of Object.entries(figures)) {
        if (estimate === null) throw new Error(`${name} is missing`)
        if (name === 'ece_by_chance') continue
        expect(estimate.low ?? Number.NaN, name).toBeLessThanOrEqual(estimate.value)
        expect(estimate.high ?? Number.NaN, name).toBeGreaterThanOrEqual(estimate.value)
      }
    }
    expect(Object.keys(report.performance.raw)).toContain('calibration_slope')
  })

  test('says of a site with too few children that there are too few, and counts it nowhere', () => {
    expect(report.sites[2]).toMatchObject({ site: 'site-2', children: null, raw: {} })
    expect(report.cautions.join()).toContain('Too few children to say anything: site-2.')
    expect(report.data.sitesHeard).toBe(2)
  })

  test('names who trained weights that are judged by another study, and which sites did not', () => {
    const trained = { ...run, study: 'trained', sites: ['site-0', 'site-1'], unmeasured: [] }
    const judged = evaluationReport({ run: { ...run, stages: [] }, trained, study, pooled, nowMs: 0 })
    expect(judged.trainedBy).toMatchObject({ study: 'trained', sites: ['site-0', 'site-1'], newSites: ['site-2'] })
    const page = evaluationPage(judged)
    expect(page).toContain('trained in the study trained')
    expect(page).toContain('At site-2 nothing was trained, and every child is tested.')
    const card = modelCard({ run: { ...run, stages: [] }, trained, study, pooled, report: judged })
    expect(card.model).toMatchObject({ lineage: [{ task: 'recurrence' }], trainedBy: { newSites: ['site-2'] } })
    const external = card.checklist.find(({ item }) => item === 'external testing')
    expect(external?.text).toContain('site-2 took no part in training')
  })

  test('warns that a stage had nothing to choose its weights by', () => {
    const silent = { stage: 0, rule: 'select', metric: 'log_loss', isOver: true } as const
    const { cautions } = evaluationReport({ run: { ...run, unmeasured: [silent] }, study, pooled, nowMs: 0 })
    const [caution] = cautions.filter((one) => !report.cautions.includes(one))
    expect(caution).toBe(
      'Stage 1: no site reported log_loss: too few children in every validation fold; its last weights went on, none were chosen.',
    )
  })

  test('says which sites and how many children stand behind the figures, and about how many do not', () => {
    const trained = (site: string, children: number) => ({ site, outcome: 'counted', children }) as const
    const training = (round: number, sites: RoundStatus['sites']): RoundStatus => ({
      ...{ stage: 0, round, task: 'recurrence', state: 'published', purpose: 'training', openedAtMs: 0, late: [] },
      ...{ baseDigest: '', sites, metrics: [] },
    })
    const rounds = [training(0, [trained('site-0', 270), trained('site-2', 22)]), training(1, [trained('site-2', 25)])]
    const sites = [...study.study.sites, 'site-3', 'site-4']
    const small = allPasses(simulatedSites([90, 70, 6, 4], { seed: 'report', shift: -0.5, stretch: 1.4 }), 5)
    const consortium = { ...study, study: { ...study.study, sites } }
    const told = evaluationReport({ run: { ...run, rounds }, study: consortium, pooled: small, nowMs: 0 })
    expect(told.data.untold).toEqual([
      { site: 'site-2', aboutChildren: 8 },
      { site: 'site-3', aboutChildren: null },
    ])
    const page = evaluationPage(told)
    const heard = told.sites.slice(0, 2).map(({ site, children }) => `${site} (${children})`)
    expect(page).toContain(`${told.data.children} children in the test folds of 2 of 5 sites: ${heard.join(', ')}.`)
    expect(page).toContain('Too few children to say anything: site-2, site-3.')
    expect(page).toContain('That may leave out about 8 children, by those trained on, without 1 of these sites.')
    expect(page).toContain('Did not take part in the evaluation: site-4.')
  })

  test('says how near cells are, and how much nearer it is once sites were compared', () => {
    const wide = report.cautions.find((one) => one.startsWith('Cells are wide'))
    expect(wide).toContain('it differed by less than 0.002 after that')
    const { evenly: _, ...earlier } = pooled
    const before = evaluationReport({ run, study, pooled: earlier, nowMs: 0 })
    expect(before.cautions.find((one) => one.startsWith('Cells are wide'))).not.toContain('after that')
  })

  test('shows what groups every site has, and of those that hold too few nothing', () => {
    const scans = report.parts.filter(({ family }) => family === 'scans')
    expect(scans.map(({ level }) => level)).toEqual(['1', '2', '3', '4', '5', '6+'])
    const times = report.parts.filter(({ family }) => family === 'since_surgery').map(({ level }) => level)
    expect(times).toEqual(['under 90 days', '90 days to 1 year', 'over 1 year'])
    const families = report.parts.map(({ family }) => family)
    const changes = families.filter((family, index) => family !== families[index - 1])
    expect(changes).toEqual([...new Set(families)])
    const untold = report.parts.filter(({ children }) => children === null)
    expect(untold.length).toBeGreaterThan(0)
    for (const { raw, recalibrated } of untold) expect([raw, recalibrated]).toEqual([{}, {}])
    expect(evaluationPage(report)).toContain('&lt;5 or withheld')
  })

  test('shows groups by which a site with a newer program divides its children, too', () => {
    const [first] = report.parts
    const parts = [...report.parts, { ...(first as PartReport), family: 'genetic_panel', level: 'B' }]
    expect(evaluationPage({ ...report, parts })).toContain('<h3>genetic panel</h3>')
  })

  test('says what acting on everybody would gain at each threshold', () => {
    const { ruleOut } = report.thresholds
    const rate = report.performance.raw.event_rate?.value ?? Number.NaN
    const odds = (ruleOut?.risk ?? Number.NaN) / (1 - (ruleOut?.risk ?? Number.NaN))
    expect(ruleOut?.netBenefitOfAll).toBeCloseTo(rate - (1 - rate) * odds, 8)
  })

  test('says how often embeddings betray the site, and warns where they do', () => {
    const reportOf = (siteShift: number) => {
      const simulated = simulatedSites([60, 60, 60], { seed: 'probe', siteShift })
      return evaluationReport({ run, study, pooled: allPasses(simulated, 5), nowMs: 0 })
    }
    const [alike, apart] = [reportOf(0), reportOf(3)]
    expect(alike.siteProbe?.chance).toBeCloseTo(1 / 3, 12)
    expect(alike.siteProbe?.recognised.low).toBeLessThan(1 / 3)
    expect(alike.siteProbe?.recognised.high).toBeGreaterThan(1 / 3)
    expect(alike.cautions.join()).not.toContain('Embeddings tell')
    expect(apart.siteProbe?.recognised.value).toBeGreaterThan(0.85)
    expect(apart.cautions.join()).toContain('Embeddings tell where a scan was made')
    expect(evaluationPage(apart)).toContain('Knowing the site')
  })

  test('gives figures at both thresholds for groups, in a table each, and none of groups that are withheld', () => {
    const page = evaluationPage(report)
    for (const [name, title] of [
      ['ruleOut', 'rule out'],
      ['ruleIn', 'rule in'],
    ] as const) {
      const section = page.slice(page.indexOf(`At the threshold to ${title}`))
      const rows = section.slice(0, section.indexOf('</table>')).match(/<tr>/g) ?? []
      const all: readonly (PartReport | SiteReport)[] = [...report.parts, ...report.sites]
      const told = all.filter(({ atThresholds }) => atThresholds[name] !== null)
      expect(told.length).toBeGreaterThan(5)
      expect(told.every(({ children }) => children !== null)).toBe(true)
      expect(rows).toHaveLength(told.length + 2)
    }
    const [one] = report.parts.filter(({ family, children }) => family === 'sex' && children !== null)
    const { ppv } = one?.atThresholds.ruleIn ?? {}
    expect(page).toContain(`<td>${ppv?.value.toFixed(2)} (${ppv?.low?.toFixed(2)} to ${ppv?.high?.toFixed(2)})</td>`)
  })

  test('says of each site its scans, its follow-up and how well it orders scans, and of one with too few nothing', () => {
    const [first, , few] = report.sites
    expect(first?.scans).toBeGreaterThan(first?.landmarks ?? Number.NaN)
    expect(first?.followUpDays).toBeGreaterThan(300)
    expect(first?.pairAccuracy?.low).toBeGreaterThan(0.5)
    expect(Object.keys(first?.raw ?? {})).not.toContain('scans')
    expect(Object.keys(first?.recalibrated ?? {})).toEqual(Object.keys(first?.recalibratedBySite ?? {}))
    const nothing = { ruleOut: null, ruleIn: null }
    expect(few).toMatchObject({ scans: null, followUpDays: null, pairAccuracy: null, atThresholds: nothing })
    const page = evaluationPage(report)
    expect(page).toContain(`<td>${first?.scans}</td>`)
    expect(page).toContain(`<td>${((first?.followUpDays ?? 0) / 365.25).toFixed(1)}</td>`)
    expect(page).toContain(`<td>${estimateText(first?.pairAccuracy)}</td>`)
    expect(page).toContain(`<td>${estimateText(first?.atThresholds.ruleIn?.ppv)}</td>`)
  })

  test('shows how many children of a site had a competing event or a change of treatment, as far as it may say', () => {
    const [first, ...others] = pooled.sites
    if (first === undefined) throw new Error('there is a site')
    const told = { competing_events: { value: 1234, error: null }, treatment_changes: { value: 4321, error: null } }
    const sites = [{ ...first, raw: { ...first.raw, ...told } }, ...others]
    const other = evaluationReport({ run, study, pooled: { ...pooled, sites }, nowMs: 0 })
    expect(other.sites[0]).toMatchObject({ competingEvents: 1234, treatmentChanges: 4321 })
    expect(other.sites[1]).toMatchObject({ competingEvents: null, treatmentChanges: null })
    expect(evaluationPage(other)).toContain('<td>1234</td><td>4321</td>')
  })

  test('an evaluation of sites that said no more than their figures shows a dash for the rest', () => {
    const names = ['scans', 'follow_up_days', 'pair_accuracy']
    const sites = pooled.sites.map((site) => ({
      ...site,
      raw: site.raw && Object.fromEntries(Object.entries(site.raw).filter(([name]) => !names.includes(name))),
      consortium: site.own,
    }))
    const older = evaluationReport({ run, study, pooled: { ...pooled, sites }, nowMs: 0 })
    expect(older.sites[0]).toMatchObject({
      scans: null,
      pairAccuracy: null,
      atThresholds: { ruleOut: null, ruleIn: null },
    })
    expect(evaluationPage(older)).not.toMatch(/NaN|undefined/)
  })

  test('shows log loss and scaled Brier score by site and by group', () => {
    const page = evaluationPage(report)
    const [where, forWhom] = [page.slice(page.indexOf('<h2>Where</h2>')), page.slice(page.indexOf('<h2>For whom</h2>'))]
    const text = (estimate: Parameters<typeof estimateText>[0]) => `<td>${estimateText(estimate)}</td>`
    const raw = report.sites[0]?.raw
    const group = report.parts.find(({ family, children }) => family === 'sex' && children !== null)
    for (const name of ['log_loss', 'brier_scaled'] as const) {
      expect(raw?.[name]).not.toBe(undefined)
      expect(where).toContain(text(raw?.[name]))
      expect(forWhom).toContain(text(group?.raw[name]))
    }
  })

  test('gives calibration slope and intercept of groups, before and after recalibration, and none that did not come to rest', () => {
    const told = report.parts.filter(({ family, children }) => family === 'sex' && children !== null)
    expect(told).toHaveLength(2)
    for (const { raw, recalibrated } of told) {
      for (const figures of [raw, recalibrated]) {
        const { calibration_slope: slope, calibration_intercept: intercept } = figures
        expect(slope?.low).toBeLessThan(slope?.value ?? Number.NaN)
        expect(intercept?.high).toBeGreaterThan(intercept?.value ?? Number.NaN)
      }
      const by = pooled.recalibration?.slope ?? Number.NaN
      expect(recalibrated.calibration_slope?.value).toBeCloseTo((raw.calibration_slope?.value ?? Number.NaN) / by, 10)
      expect(evaluationPage(report)).toContain(`<td>${estimateText(raw.calibration_slope)}</td>`)
    }
    const name = 'test/sex/female'
    const fit = pooled.fits[name]
    if (fit === undefined) throw new Error('it is fitted')
    const moving = { ...pooled, fits: { ...pooled.fits, [name]: { ...fit, lastStep: fit.slopeError } } }
    const other = evaluationReport({ run, study, pooled: moving, nowMs: 0 }).parts
    expect(other.find(({ level }) => level === 'female')?.raw.calibration_slope).toBe(null)
    expect(other.find(({ level }) => level === 'male')?.raw.calibration_slope).not.toBe(null)
  })

  test('warns of a model that may be no better than chance, and of no other', () => {
    const guesses = allPasses(simulatedSites([60, 60], { seed: 'guesses', noise: 40 }), 5)
    const warned = evaluationReport({ run, study, pooled: guesses, nowMs: 0 }).cautions.join()
    expect(warned).toContain('no better than chance')
    expect(report.cautions.join()).not.toContain('no better than chance')
  })

  test('gives no interval where no child moves a figure, rather than one of no width', () => {
    expect(estimateOf('auroc', 1, 0)).toEqual({ value: 1, low: null, high: null })
  })

  test('writes what rounds to nought without a sign', () => {
    expect(estimateText({ value: -0.004, low: -0.21, high: 0.2 })).toBe('0.00 (−0.21 to 0.20)')
  })

  test('has a ROC curve from one corner to the other that never falls', () => {
    const { roc } = report.curves
    expect(roc[0]).toEqual({ x: 1, y: 1 })
    expect(roc.at(-1)).toEqual({ x: 0, y: 0 })
    for (const [index, { x, y }] of roc.slice(1).entries()) {
      expect(x).toBeLessThanOrEqual((roc[index]?.x ?? 0) + 1e-12)
      expect(y).toBeLessThanOrEqual((roc[index]?.y ?? 0) + 1e-12)
    }
  })

  test('has the same order before and after the consortium recalibrated, so the same AUROC', () => {
    const { raw, consortium } = report.performance
    expect(consortium.auroc).toEqual(raw.auroc)
  })

  test('brings the calibration slope nearer to 1 by recalibration', () => {
    const distance = (figures: typeof report.performance.raw): number =>
      Math.abs((figures.calibration_slope?.value ?? Number.NaN) - 1)
    expect(distance(report.performance.consortium)).toBeLessThan(distance(report.performance.raw))
  })

  test('tells a calibration error from what chance alone gives, for all and for groups', () => {
    const { raw, consortium } = report.performance
    const chance = consortium.ece_by_chance?.value ?? Number.NaN
    expect(raw.ece?.value).toBeGreaterThan(2 * (raw.ece_by_chance?.value ?? Number.NaN))
    expect(consortium.ece?.value).toBeLessThan(2 * chance)
    const group = report.parts.find(({ family, children }) => family === 'sex' && children !== null)
    expect(group?.recalibrated.ece_by_chance?.value).toBeGreaterThan(chance)
    const own = report.sites[0]?.recalibratedBySite.ece_by_chance
    expect(own).toMatchObject({ low: null, high: null })
    expect(own?.value).toBeGreaterThan(chance)
    expect(evaluationPage(report)).toContain(`(right risks would have ${chance.toFixed(2)} by chance)`)
  })

  test('draws what happened at each risk on all three scales', () => {
    const page = evaluationPage(report)
    const drawing = page.slice(page.indexOf('<figcaption>Reliability'), page.indexOf('<figcaption>Decision curve'))
    const { raw, consortium, site } = report.curves.reliability
    for (const points of [raw, consortium, site]) expect(points.length).toBeGreaterThan(2)
    expect(drawing.match(/<circle/g)).toHaveLength(raw.length + consortium.length + site.length)
    expect(drawing).toContain('</i>by each site</span>')
    expect(drawing).toContain(`${estimateText(report.performance.site.ece)} by each site`)
  })

  test('is a page without script or outside resource, with words beside every drawing', () => {
    const page = evaluationPage(report)
    expect(page).not.toMatch(/<script|src=|href=|NaN|undefined|Infinity/)
    expect(page.match(/<svg[^>]*role="img" aria-label="[^"]{20,}"/g)).toHaveLength(5)
    expect(page).toContain('Not a medical device')
  })

  test('says what is known of children in two folds where nobody looked, and where sites were compared', () => {
    const compared = { state: 'compared', keyFingerprint: 'k', tokens: 64 } as const
    const linkage = { minCell: 5, sites: study.study.sites.map((site) => ({ site, ...compared })), pairs: [] }
    for (const [of, said] of [
      [run, 'nobody looked for children that two sites treat'],
      [{ ...run, linkage }, 'all 3 sites were compared by keyed hashes'],
    ] as const) {
      const one = evaluationReport({ run: of, study, pooled, nowMs: 0 })
      const item = modelCard({ run: of, study, pooled, report: one }).checklist.find(({ item }) =>
        item.startsWith('16'),
      )
      expect(item?.text).toContain(said)
      expect(evaluationPage(one)).toContain(said)
    }
  })

  test('shows how far risks drifted from what happened, the last round among those that are shown', () => {
    const rounds = Array.from({ length: 30 }, (_, round): RoundStatus => {
      const [count, children] = [100, 40]
      const metrics = [
        { name: 'mean_risk', sum: 20 + round, count, children },
        { name: 'event_rate', sum: 30, count, children },
      ] as const
      return {
        ...{ stage: 0, round, task: 'recurrence', state: 'published', purpose: 'training', openedAtMs: 0 },
        ...{ baseDigest: '', sites: [{ site: 'site-0', outcome: 'counted', metrics }], late: [], metrics },
      }
    })
    const drifted = evaluationReport({ run: { ...run, rounds }, study, pooled, nowMs: 0 })
    expect(drifted.drift).toHaveLength(30)
    expect(drifted.drift[7]).toEqual({ stage: 0, round: 7, meanRisk: 0.27, eventRate: 0.3 })
    const page = evaluationPage(drifted)
    const rows =
      page.slice(page.indexOf('Calibration while it was trained')).match(/stage 1, round \d+.*?<\/tr>/g) ?? []
    expect(rows).toHaveLength(10)
    expect(rows.at(-1)).toBe('stage 1, round 30</th><td>0.490</td><td>0.300</td><td>0.190</td></tr>')
    expect(rows[2]).toBe('stage 1, round 9</th><td>0.280</td><td>0.300</td><td>−0.020</td></tr>')
    expect(evaluationPage(report)).not.toContain('Calibration while it was trained')
  })

  test('of an evaluation to which nobody could say anything says so', () => {
    const empty = allPasses(simulatedSites([5], { seed: 'few' }), 5)
    const said = evaluationReport({ run, study, pooled: empty, nowMs: 0 })
    expect(said.performance.raw).toEqual({})
    expect(evaluationPage(said)).toContain('nothing could be said')
    expect(() => modelCard({ run, study, pooled: empty, report: said })).not.toThrow()
  })
})
