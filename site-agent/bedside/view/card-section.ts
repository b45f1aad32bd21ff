// The model card's short form on the page of a child.

import { type Html, html } from '../../../shared/html.ts'
import { type ShortCard, shortCardRows } from '../short-card.ts'

export function cardSection(card: ShortCard | null): Html {
  if (card === null) {
    return html`<section aria-labelledby="card"><h2 id="card">Model card</h2><p>There is none beside the weights. Once a study was evaluated “coordinator export” writes it there, as …card.json; the model-card.json of “coordinator evaluate” is the same, and --card names it.</p></section>`
  }
  return html`<section aria-labelledby="card"><h2 id="card">Model card, in short</h2>
<table class="facts"><tbody>${shortCardRows(card).map(([name, said]) => html`<tr><th scope="row">${name}</th><td>${typeof said === 'string' ? said : html`<ul>${said.map((one) => html`<li>${one}</li>`)}</ul>`}</td></tr>`)}</tbody></table></section>`
}
