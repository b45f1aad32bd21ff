// One child: what is said about its risk, or why nothing is; what to know before believing it; the trajectory, what each
// visit adds, the scans, what was held back, and the model card's short form.

import { type Html, html } from '../../../shared/html.ts'
import { type AnsweredVisit, type ChildAnswer, type OtherRisk, zoneWords } from '../answer.ts'
import type { Bedside } from '../bedside.ts'
import { partWords, untrainedWords } from '../part.ts'
import { cardSection } from './card-section.ts'
import { contributionChart, points } from './contribution-chart.ts'
import { page } from './layout.ts'
import type { ReadyChild } from './opened-children.ts'
import { monthsOf, percent, riskChart } from './risk-chart.ts'
import { scansSection } from './scans-section.ts'

export function childPage(room: string, bedside: Bedside, ready: ReadyChild): Html {
  const { child, answer, facts, heldBack } = ready
  return page({
    room,
    title: 'Child',
    body: html`<header><p class="back"><a href="${room}/">All children</a></p><h1>${child.participant}</h1>
<p>Key ${child.key}, site ${bedside.site}, study ${bedside.study.study.study}, fold ${partWords[facts.part]}. ${ready.shown.scans.length} scans, the last on day ${ready.shown.scans.at(-1)?.day}.
${answer && untrainedWords[answer.part]}
${child.outcome?.eventDay !== undefined && `An event is recorded on day ${child.outcome.eventDay}; what is shown is from before it.`}</p></header>
<main id="content">
${answer === undefined ? html`<section><p>No weights were given to this program, so no model was asked.</p></section>` : answerSections(answer)}
${scansSection(room, ready)}
${heldBack.length > 0 && html`<section aria-labelledby="held"><h2 id="held">Held back, and other remarks on the data</h2><ul>${heldBack.map((sentence) => html`<li>${sentence}</li>`)}</ul></section>`}
${answer !== undefined && cardSection(answer.card)}
</main>`,
  })
}

function answerSections(answer: ChildAnswer): Html {
  const { flags, visits, calibration } = answer
  const contributions = contributionChart(visits)
  const isCalibrated = visits.at(-1)?.calibrated !== null
  const told = reasonsOf(answer)
  const untold = flags.filter(({ sentence }) => !told.includes(sentence))
  return html`<section aria-labelledby="risk">${headline(answer)}
${untold.length > 0 && html`<h3>To know before believing it</h3><ul>${untold.map(({ weight, sentence }) => html`<li class="${weight}">${sentence}</li>`)}</ul>`}</section>
<section aria-labelledby="trajectory"><h2 id="trajectory">After each visit</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Chart of the figures after each visit">${riskChart(answer)}</div>
${visitTable(answer)}
<p class="explain">Each figure rests on the scans up to that visit alone. A hollow mark is the model's own output where a calibrated risk is refused.
The bar at a mark is the 95 % interval in which such risks held in the evaluation: how often an event followed them there, by its line of
calibration, clustered by child. It does not say how sure the model is of this child.
${visits.some(({ calibrated, others }) => calibrated !== null && others.length > 0) && html`Only the risk within ${monthsOf(answer.horizonDays)} was recalibrated; those within other times, and their ranges (beside the bar, dashed), are moved along with it and its range (the same factor on the hazard) and were not checked against outcomes.`}
${calibration.kind === 'card' && calibration.by === 'site' && "Thresholds stand on this hospital's scale, as the risks do; the model card has them on the consortium's."}</p></section>
${
  contributions !== undefined &&
  html`<section aria-labelledby="contributions"><h2 id="contributions">What each visit adds</h2><div class="scroll" tabindex="0" role="region" aria-label="Chart of what each visit adds">${contributions}</div>
<p class="explain">The last ${isCalibrated ? 'risk' : 'output'} less what it is when that visit is left out, in percentage points. It describes the model, not the child.</p></section>`
}`
}

function headline(answer: ChildAnswer): Html {
  const { visits, horizonDays, calibration } = answer
  const last = visits.at(-1)
  const title = `Within ${monthsOf(horizonDays)} after the last visit`
  if (last?.calibrated) {
    const { risk, seen, zone } = last.calibrated
    const by = calibration.kind === 'card' && calibration.by === 'site' ? 'for this hospital' : 'for the consortium'
    return html`<h2 id="risk">${title}</h2><p class="figure"><strong>${percent(risk)}</strong> risk of an event, recalibrated ${by}</p>
${zone !== undefined && html`<p>This is ${zoneWords[zone]}.</p>`}
<p>${
      seen === undefined
        ? 'The evaluation saw too little to say how far such a risk held.'
        : html`By ${seen.children} test children, an event follows such a risk in ${percent(seen.low)} to ${percent(seen.high)} of visits (95 % interval): how far such risks held, not how sure the model is of this child.`
    }</p>`
  }
  return html`<h2 id="risk">${title}</h2><div class="refusal" role="note"><p><strong>No calibrated risk is given.</strong></p><ul>${reasonsOf(answer).map((reason) => html`<li>${reason}</li>`)}</ul>
<p>The model's own output is ${percent(last?.output ?? 0)}. It puts children in an order; nobody has checked that it is a probability.</p></div>`
}

/** Why no calibrated risk is given after the last visit; none when it is. */
function reasonsOf({ calibration, visits }: ChildAnswer): readonly string[] {
  return calibration.kind === 'refused' ? [sentenceOf(calibration.reason)] : (visits.at(-1)?.refusals ?? [])
}

function visitTable(answer: ChildAnswer): Html {
  const { visits, horizonDays } = answer
  const told = reasonsOf(answer)
  const others = visits[0]?.others ?? []
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Figures after each visit"><table><thead><tr><th scope="col">visit</th><th scope="col">day</th><th scope="col">calibrated risk within ${monthsOf(horizonDays)}</th><th scope="col">seen in the evaluation</th><th scope="col">zone</th>${others.map(({ horizonDays: days }) => html`<th scope="col">within ${monthsOf(days)}</th>`)}<th scope="col">model's output</th><th scope="col">adds to the last, points</th></tr></thead>
<tbody>${visits.map((visit) => visitRow(visit, told))}</tbody></table></div>`
}

/** @param told reasons that stand above already */
function visitRow(visit: AnsweredVisit, told: readonly string[]): Html {
  const { session, day, calibrated, others, output, contribution } = visit
  const seen = calibrated?.seen
  const reasons = visit.refusals.filter((sentence) => !told.includes(sentence))
  return html`<tr><th scope="row">${session}</th><td>${day}</td>
<td>${calibrated === null ? html`refused${reasons.length > 0 && html`<br><span class="reason">${reasons.join(' ')}</span>`}` : percent(calibrated.risk)}</td>
<td>${seen && `${percent(seen.low)} to ${percent(seen.high)}`}</td>
<td>${calibrated?.zone && zoneWords[calibrated.zone]}</td>
${others.map((other) => html`<td>${otherCell(other)}</td>`)}
<td>${percent(output)}</td><td>${contribution === null ? '' : points(contribution)}</td></tr>`
}

function otherCell({ moved, movedSeen, output }: OtherRisk): Html | string {
  if (moved === null) return `output ${percent(output)}`
  if (movedSeen === null) return percent(moved)
  return html`${percent(moved)}<br><span class="reason">${percent(movedSeen.low)} to ${percent(movedSeen.high)}, moved along</span>`
}

function sentenceOf(reason: string): string {
  return `${reason.slice(0, 1).toUpperCase()}${reason.slice(1)}.`
}
