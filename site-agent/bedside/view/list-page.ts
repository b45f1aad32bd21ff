// The children of this site, to be searched: by id, with what stands out before a child is opened. The search runs in the
// page, so that no id gets into an address.

import { type Html, html } from '../../../shared/html.ts'
import type { CohortChild } from '../../cohort/cohort.ts'
import { type Bedside, heldBackOf } from '../bedside.ts'
import { type Part, partWords } from '../part.ts'
import { page } from './layout.ts'

export function listPage(room: string, { site, study, cohort, model, partOf }: Bedside): Html {
  const { children, findings } = cohort
  const known = new Set(children.map(({ participant }) => participant))
  const unusable = [
    ...new Set(findings.flatMap(({ child }) => (child === undefined || known.has(child) ? [] : [child]))),
  ]
  const rows = children.map((child) =>
    childRow({ room, child, part: partOf(child), held: heldBackOf(child, findings), hasModel: model !== undefined }),
  )
  const heldRows = unusable.map((participant) => heldRow(participant, heldBackOf({ participant }, findings)))
  return page({
    room,
    title: 'Children',
    body: html`<header><h1>Children of ${site}</h1>
<p>${children.length} children with scans that can be used for study <strong>${study.study.study}</strong>.
${model === undefined ? 'No weights were given: scans are shown, and no risk.' : html`Weights ${model.digest.slice(0, 12)}${model.card === undefined ? ', without a model card: no risk can be called calibrated.' : '.'}`}
Tables were read when this program was started.</p></header>
<main id="content"><search><label for="search">Search by id</label> <input id="search" type="search" autocomplete="off" spellcheck="false">
<span id="found" role="status"></span></search>
<div class="scroll" tabindex="0" role="region" aria-label="Children"><table class="children"><thead><tr><th scope="col">child</th><th scope="col">scans</th><th scope="col">first and last, days since surgery</th><th scope="col">fold</th><th scope="col">to know</th></tr></thead>
<tbody id="children">${rows}${heldRows}</tbody></table></div></main>`,
  })
}

interface ChildRow {
  readonly room: string
  readonly child: CohortChild
  readonly part: Part
  /** Why something of the child is not used. */
  readonly held: readonly string[]
  readonly hasModel: boolean
}

function childRow({ room, child, part, held, hasModel }: ChildRow): Html {
  const { participant, key, scans, visits, outcome } = child
  const flags = [
    ...(scans.length < 2 ? ['one scan only'] : []),
    ...(scans.length < visits ? [`${visits - scans.length} of ${visits} visits held back`] : []),
    ...(hasModel && part === 'train' ? ['the model was trained on this child'] : []),
    ...(hasModel && part === 'perhaps-train' ? ['the model may have been trained on this child'] : []),
    ...(hasModel && part === 'elsewhere' ? ['another hospital may have trained the model on this child'] : []),
    ...(outcome?.eventDay === undefined ? [] : [`event on day ${outcome.eventDay}`]),
    ...(held.length > 0 && scans.length === visits ? [`${held.length} remarks`] : []),
  ]
  return html`<tr data-id="${participant}"><th scope="row"><a href="${room}/children/${key}">${participant}</a></th>
<td>${scans.length}</td><td>${scans.at(0)?.day} to ${scans.at(-1)?.day}</td><td>${partWords[part]}</td><td>${flags.join('; ')}</td></tr>`
}

function heldRow(participant: string, reasons: readonly string[]): Html {
  return html`<tr data-id="${participant}" class="held"><th scope="row">${participant}</th><td>0</td><td></td><td></td><td>held back: ${reasons.join(' ')}</td></tr>`
}
