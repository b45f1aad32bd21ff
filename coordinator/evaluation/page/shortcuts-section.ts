// The part of the report's page that looks for shortcuts: whether the model only counts scans, still orders them, and knows
// where they were made.

import { estimateText } from '../estimates.ts'
import type { EvaluationReport } from '../report.ts'
import { table } from './table.ts'

export function shortcutsSection(report: EvaluationReport): string {
  return `<h2>Does it take a shortcut?</h2>${countsSection(report)}${orderSection(report)}${siteSection(report)}`
}

function countsSection({ scanCount, performance }: EvaluationReport): string {
  const rows = [
    ['AUROC of the model, all pairs', estimateText(performance.raw.auroc, 3)],
    ['AUROC of the model, same number of scans', estimateText(scanCount.auroc_count_matched, 3)],
    ['AUROC of the number of scans alone', estimateText(scanCount.auroc_count_only, 3)],
  ]
  return `<h3>Counting scans</h3><p>Worried doctors scan more often, and a history that ends in an event is shorter. A model that only counted scans would
fall to 0.5 among landmarks with as many scans. Over the groups by number of scans that sites could tell of.</p>${table(['', ''], rows)}`
}

function orderSection({ pairs }: EvaluationReport): string {
  if (pairs.length === 0) return ''
  const rows = pairs.map(({ level, accuracy }) => [level, estimateText(accuracy)])
  return `<h3>Order of scans</h3><p>How often the later of two scans of a child has the higher progression, by the time between them and by what became of
the child; 0.5 is chance. Stable children have an order too where the model reads it from anything that is not the tumour: growth of the head, say,
or healing. By the weights that are judged here, which were last taught something else.</p>${table(['pairs', 'right'], rows)}`
}

function siteSection({ siteProbe }: EvaluationReport): string {
  const title = '<h3>Knowing the site</h3>'
  if (siteProbe === null) return `${title}<p>Fewer than two sites had enough scans for a probe.</p>`
  const { among, chance, recognised, sites } = siteProbe
  return `${title}<p>From means and covariances of embeddings of validation scans, a linear discriminant guesses at which of ${among} sites a test scan was made. It is
right in ${estimateText(recognised)}, the mean over sites; chance is ${chance.toFixed(2)}. Far above it, the model may rest on scanners or habits of a site. Children differ between sites too, so it need not fall to chance.</p>${table(
    ['site', 'recognised'],
    sites.map((one) => [one.site, estimateText(one.recognised)]),
  )}`
}
