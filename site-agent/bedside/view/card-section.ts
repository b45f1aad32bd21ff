// The model card's short form: what the model is, on how many children it was tried, how well it did there, how its risks
// are to be read and what it is not for.

import type { ModelCard } from '../../../shared/evaluation/model-card.ts'
import { type Html, html } from '../../../shared/html.ts'
import { percent } from './risk-chart.ts'

export function cardSection(card: ModelCard | undefined): Html {
  if (card === undefined) {
    return html`<section aria-labelledby="card"><h2 id="card">Model card</h2><p>There is none beside the weights. Once a study was evaluated “coordinator export” writes it there, as …card.json; the model-card.json of “coordinator evaluate” is the same, and --card names it.</p></section>`
  }
  const { model, outcome, data, performance, thresholds } = card
  const rows: [string, Html | string][] = [
    [
      'model',
      `study ${model.study}, weights ${model.weightsDigest.slice(0, 12)}, ${model.preset}, ${model.parameters} parameters`,
    ],
    ['made by', model.lineage.map(({ task, rounds }) => `${rounds} rounds of ${task}`).join(', then ')],
    ['event', `${outcome.definition}, within ${outcome.horizonDays} days`],
    [
      'tried on',
      `${data.children} children, ${data.landmarks} visits in the test folds of ${data.sites.length} hospitals`,
    ],
    ['AUROC', estimate(performance.raw.auroc)],
    [
      'calibration error (ECE)',
      html`${estimate(performance.raw.ece)} before, ${estimate(performance.recalibrated.ece)} after recalibration`,
    ],
    ['lower threshold', threshold(thresholds.ruleOut, 'npv')],
    ['upper threshold', threshold(thresholds.ruleIn, 'ppv')],
    ['version of the thresholds', thresholds.version.slice(0, 12)],
    ['for', card.intendedUse],
    ['not for', html`<ul>${card.excludedUse.map((use) => html`<li>${use}</li>`)}</ul>`],
    [
      'known failures',
      card.knownFailures.length === 0
        ? 'none written down'
        : html`<ul>${card.knownFailures.map((one) => html`<li>${one}</li>`)}</ul>`,
    ],
    ['written', card.writtenAt],
  ]
  return html`<section aria-labelledby="card"><h2 id="card">Model card, in short</h2>
<table class="facts"><tbody>${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table></section>`
}

type Estimate = ModelCard['performance']['raw'][string]

function estimate(value: Estimate | undefined): string {
  if (value === null || value === undefined) return 'not shown'
  const { value: figure, low, high } = value
  const interval = low === null || high === null ? '' : ` (95 % interval ${low.toFixed(2)} to ${high.toFixed(2)})`
  return `${figure.toFixed(2)}${interval}`
}

function threshold(value: ModelCard['thresholds']['ruleOut'], figure: 'npv' | 'ppv'): string {
  if (value === null) return 'none met what was asked for'
  const name = figure === 'npv' ? 'negative predictive value' : 'positive predictive value'
  return `${percent(value.risk)}, chosen for ${value.chosenFor}; ${name} on test children ${estimate(value.figures[figure])}`
}
