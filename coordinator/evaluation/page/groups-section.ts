// The parts of the report's page on who the model serves: by group, and by site.

import { escapeHtml } from '../../../shared/html.ts'
import { estimateText } from '../estimates.ts'
import type { EvaluationReport, PartReport } from '../report.ts'
import { type ForestRow, forest } from './charts.ts'
import { table } from './table.ts'

/** How families of landmarks are called on the page. */
const familyTitles: Readonly<Record<string, string>> = {
  scans: 'Number of scans up to the landmark',
  shown: 'Number of scans shown at the sixth visit (same children, same outcomes)',
  year: 'Year since surgery',
  since_surgery: 'Time since surgery',
  age: 'Age at surgery, years',
  sex: 'Sex',
  grade: 'Grade (WHO)',
  resection: 'Resection',
  location: 'Location',
  treatment: 'Treatment',
  vendor: 'Scanner',
  field_strength: 'Field strength',
}

export function partsSection({ parts, performance, minCell }: EvaluationReport): string {
  const families = Object.keys(familyTitles).filter((family) => parts.some((part) => part.family === family))
  if (families.length === 0) return '<h2>For whom</h2><p>No group holds enough children to be shown.</p>'
  const rows = families.flatMap((family) =>
    parts
      .filter((part) => part.family === family)
      .map((part) => ({
        label: `${shortFamily(family)}: ${part.level}`,
        note: part.children === null ? '' : `${part.children} children`,
        estimate: part.raw.auroc ?? null,
      })),
  )
  const all = { label: 'all', note: '', estimate: performance.raw.auroc ?? null }
  const tables = families.map((family) =>
    partTable(
      family,
      parts.filter((part) => part.family === family),
      minCell,
    ),
  )
  return `<h2>For whom</h2>${forest({
    title: 'AUROC by group',
    text: 'The table below gives the same values and more. Many groups are compared, so some differ by chance; of a group that stands without figures fewer children than are shown had an event, or had none, or it is withheld because its difference would tell of such a group.',
    range: rangeOf([all, ...rows]),
    reference: 0.5,
    rows: [all, ...rows],
  })}${tables.join('')}`
}

export function sitesSection({ sites, minCell }: EvaluationReport): string {
  const figures = sites.map(({ site, children, events, landmarks, raw }) => [
    site,
    children === null ? `<${minCell}` : String(children),
    events === null ? '–' : String(events),
    landmarks === null ? '–' : String(landmarks),
    ...(['auroc', 'auprc', 'brier'] as const).map((name) => estimateText(raw[name])),
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
  return `<h2>Where</h2>${drawn}${table(['site', 'children', 'with an event', 'landmarks', 'AUROC', 'AUPRC', 'Brier'], figures)}
<h3>Calibration by site</h3>${table(['site', 'slope', 'intercept', 'ECE as given', 'recalibrated by the consortium', 'by the site', 'by chance'], calibration)}`
}

/** Half of the scale where nothing lies below it, else all of it. */
function rangeOf(rows: readonly ForestRow[]): readonly [number, number] {
  return rows.every(({ estimate }) => estimate === null || estimate.value >= 0.4) ? [0.4, 1] : [0, 1]
}

function partTable(family: string, parts: readonly PartReport[], minCell: number): string {
  const rows = parts.map((part) => [
    part.level,
    part.children === null ? `<${minCell} or withheld` : String(part.children),
    part.landmarks === null ? '–' : String(part.landmarks),
    ...(['auroc', 'auprc', 'brier', 'event_rate'] as const).map((name) => estimateText(part.raw[name])),
    estimateText(part.recalibrated.ece),
    estimateText(part.recalibrated.ece_by_chance),
    estimateText(part.recalibrated.mean_risk),
  ])
  const head = [
    '',
    'children',
    'landmarks',
    'AUROC',
    'AUPRC',
    'Brier',
    'event rate',
    'ECE, recalibrated',
    'by chance',
    'mean risk, recalibrated',
  ]
  return `<h3>${escapeHtml(familyTitles[family] ?? family)}</h3>${table(head, rows)}`
}

function shortFamily(family: string): string {
  return family === 'shown' ? 'scans shown' : family.replaceAll('_', ' ')
}
