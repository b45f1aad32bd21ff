// The parts of the report's page on who the model serves: by group, and by site.

import { escapeHtml } from '../../../shared/html.ts'
import { estimateText } from '../estimates.ts'
import { familyTitle, partName } from '../family-titles.ts'
import type { EvaluationReport, PartReport } from '../report.ts'
import { type ForestRow, forest } from './charts.ts'
import { table } from './table.ts'

export function partsSection({ parts, performance, minCell }: EvaluationReport): string {
  if (parts.length === 0) return '<h2>For whom</h2><p>No group holds enough children to be shown.</p>'
  const rows = parts.map((part) => ({
    label: partName(part),
    note: part.children === null ? '' : `${part.children} children`,
    estimate: part.raw.auroc ?? null,
  }))
  const all = { label: 'all', note: '', estimate: performance.raw.auroc ?? null }
  const families = Map.groupBy(parts, ({ family }) => family)
  const tables = [...families].map(([family, levels]) => partTables(family, levels, minCell))
  return `<h2>For whom</h2>${forest({
    title: 'AUROC by group',
    text: 'The table below gives the same values and more. Many groups are compared, so some differ by chance; of a group that stands without figures fewer children than are shown had an event, or had none, or it is withheld because its difference would tell of such a group.',
    range: rangeOf([all, ...rows]),
    reference: 0.5,
    rows: [all, ...rows],
  })}${tables.join('')}`
}

export function sitesSection({ sites, minCell }: EvaluationReport): string {
  const cohorts = sites.map(({ site, children, scans, landmarks, followUpDays, ...counts }) => [
    site,
    children === null ? `<${minCell}` : String(children),
    ...[scans, landmarks, counts.events, counts.competingEvents, counts.treatmentChanges].map(shownCount),
    followUpDays === null ? '–' : (followUpDays / 365.25).toFixed(1),
  ])
  const figures = sites.map(({ site, raw, pairAccuracy }) => [
    site,
    ...accuracyMetrics.map((name) => estimateText(raw[name])),
    estimateText(pairAccuracy),
  ])
  const calibration = sites.map(({ site, raw, recalibrated, recalibratedBySite }) => [
    site,
    ...(['calibration_slope', 'calibration_intercept'] as const).map((name) => estimateText(raw[name])),
    ...[raw, recalibrated, recalibratedBySite].map(({ ece }) => estimateText(ece)),
    estimateText(recalibratedBySite.ece_by_chance),
  ])
  const drawnRows = sites.map(({ site, children, raw }) => ({
    label: site,
    note: children === null ? '' : `${children} children`,
    estimate: raw.auroc ?? null,
  }))
  const drawn = forest({
    title: 'AUROC by site',
    text: 'Each site computed its own figure exactly, from its own test fold.',
    range: rangeOf(drawnRows),
    reference: 0.5,
    rows: drawnRows,
  })
  return `<h2>Where</h2>${drawn}${table(cohortHead, cohorts)}
<p>Children of the test fold of whom a landmark is decided. Their scans and follow-up count from the surgery to the event or the end of follow-up.
No number is told of fewer than ${minCell} children, perhaps of none, nor where fewer would be left.</p>
<h3>Figures by site</h3>${table(['site', ...accuracyHead, 'scans in their order'], figures)}
<h3>Calibration by site</h3>${table(['site', 'slope', 'intercept', 'ECE as given', 'recalibrated by the consortium', 'by the site', 'by chance'], calibration)}`
}

const cohortHead = [
  ...['site', 'children', 'scans', 'landmarks decided', 'with an event', 'with a competing event'],
  ...['with a change of treatment', 'mean follow-up, years'],
]

function shownCount(count: number | null): string {
  return count === null ? '–' : String(count)
}

/** Half of the scale where nothing lies below it, else all of it. */
function rangeOf(rows: readonly ForestRow[]): readonly [number, number] {
  return rows.every(({ estimate }) => estimate === null || estimate.value >= 0.4) ? [0.4, 1] : [0, 1]
}

/** Two tables, as one of so many columns could not be read: how well risks order and meet outcomes, and their calibration. */
function partTables(family: string, parts: readonly PartReport[], minCell: number): string {
  const accuracy = parts.map(({ level, children, landmarks, raw }) => [
    level,
    children === null ? `<${minCell} or withheld` : String(children),
    landmarks === null ? '–' : String(landmarks),
    ...(['event_rate', ...accuracyMetrics] as const).map((name) => estimateText(raw[name])),
  ])
  const calibration = parts
    .filter(({ children }) => children !== null)
    .map(({ level, raw, recalibrated }) => [
      level,
      ...calibrationMetrics.flatMap((name) => [raw, recalibrated].map((figures) => estimateText(figures[name]))),
      estimateText(recalibrated.ece_by_chance),
      estimateText(recalibrated.mean_risk),
    ])
  return `<h3>${escapeHtml(familyTitle(family))}</h3>${table(['', 'children', 'landmarks', 'event rate', ...accuracyHead], accuracy)}${
    calibration.length === 0 ? '' : table(['calibration', ...calibrationHead], calibration)
  }`
}

const accuracyMetrics = ['auroc', 'auprc', 'brier', 'brier_scaled', 'log_loss'] as const
const accuracyHead = ['AUROC', 'AUPRC', 'Brier', 'Brier, scaled', 'log loss']

const calibrationMetrics = ['calibration_slope', 'calibration_intercept', 'ece'] as const
const calibrationHead = [
  ...['slope', 'recalibrated', 'intercept', 'recalibrated', 'ECE', 'recalibrated', 'by chance'],
  'mean risk, recalibrated',
]
