// The page of `site check-data --html`: one file that needs nothing else and asks for nothing, so it can be opened offline. It
// shows children by the hospital's own ids and slices of their scans, and says that it must stay where it is.

import { type Html, html } from '../../shared/html.ts'
import { axes } from '../bedside/slices.ts'
import { countsInWords } from '../cohort/sequence-counts.ts'
import type { CheckPage, PageChild, PageVisit } from './page-data.ts'
import { outlineColours, type ScanPictures } from './scan-picture.ts'
import { timeline } from './timeline.ts'

export function renderCheckPage(page: CheckPage): Html {
  const { report, madeAt, children, sentences } = page
  const days = children.flatMap(({ visits, lastFollowUpDay }) => [...visits.map(({ day }) => day), lastFollowUpDay])
  const known = days.filter((day) => day !== undefined)
  const span = { from: Math.min(0, ...known), to: Math.max(1, ...known) }
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="robots" content="noindex"><title>Data check · Sequela</title><style>${style()}</style></head>
<body>
<p class="stays" role="note"><strong>This page stays at the hospital.</strong> It shows children by their own ids and slices of their
scans. The program sends nothing of it anywhere; do not mail it or put it on a share.</p>
<main>
<h1>Data of site ${report.site} for study ${report.study}</h1>
<p>Made ${madeAt}. Children: ${report.children.used} of ${report.children.found} used; visits: ${report.visits.used} of
${report.visits.found} used.${report.sequences.length > 0 && html` Sequences: ${countsInWords(report.sequences)}.`}</p>
${list('What it means for taking part', report.advice)}
${list('The data set', sentences)}
<h2>How to read the rows</h2>
<ul>
<li><span class="dot event"></span> event within the horizon after this visit <span class="dot none"></span> none
<span class="dot open"></span> not decided <span class="dot held"></span> held back; ▲ the event, ┤ end of follow-up.</li>
<li><span class="line scan"></span> the brain as it was found in the scan <span class="line template"></span> the template's brain.
The orange line should follow the brain; both should agree roughly. Right is on the left of the picture.</li>
<li>To take a scan out: <code>site exclude CHILD/VISIT --reason "…"</code>; to put it back: <code>site include CHILD/VISIT</code>.</li>
</ul>
<h2>Children</h2>
${children.map((child) => childRow(child, span))}
</main></body></html>
`
}

function childRow(child: PageChild, span: { readonly from: number; readonly to: number }): Html {
  return html`<section class="${child.used ? 'child' : 'child unused'}" aria-label="${child.child}">
<h3>${child.child} <small>${child.use}</small></h3>
<div class="days" tabindex="0" role="region" aria-label="line of days">${timeline(child, span)}</div>
${child.sentences.length === 0 ? undefined : html`<ul class="why">${child.sentences.map((one) => html`<li>${one}</li>`)}</ul>`}
<div class="visits">${child.visits.map(visitCard)}</div>
</section>
`
}

function visitCard({ visit, day, used, pictures, quality, further, sentences }: PageVisit): Html {
  return html`<figure class="${used ? 'visit' : 'visit held'}">
<figcaption><strong>${visit}</strong>${day === undefined ? '' : `, day ${day}`}${used ? '' : ' · not used'}</figcaption>
${pictures === undefined ? html`<p class="none">no picture: it was not opened, or could not be prepared</p>` : triple(visit, pictures)}
${quality === undefined ? undefined : html`<p class="quality">${quality}</p>`}
${further.map((image) => html`${triple(`${visit}, ${image.sequence}`, image.pictures)}<p class="quality">${image.sequence}: ${image.quality}</p>`)}
${sentences.length === 0 ? undefined : html`<ul class="why">${sentences.map((one) => html`<li>${one}</li>`)}</ul>`}
</figure>`
}

function triple(what: string, pictures: ScanPictures): Html {
  return html`<div class="triple">${axes.map(
    (axis) =>
      html`<img alt="${what}, ${axis} slice" src="data:image/png;base64,${Buffer.from(pictures[axis]).toString('base64')}">`,
  )}</div>`
}

function list(title: string, sentences: readonly string[]): Html | undefined {
  if (sentences.length === 0) return undefined
  return html`<h2>${title}</h2><ul>${sentences.map((one) => html`<li>${one}</li>`)}</ul>`
}

/** Colours are of Okabe and Ito's palette; every mark also differs in shape or words. */
function style(): string {
  const [scan, template] = [outlineColours.scan, outlineColours.template].map((rgb) => `rgb(${rgb.join(' ')})`)
  return `
:root { color-scheme: light; font: 15px/1.45 system-ui, sans-serif; color: #1c2733; background: #f6f7f9 }
body { margin: 0 }
main { max-width: 78rem; margin: 0 auto; padding: 1rem 1.5rem 3rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 1.6rem } h3 { margin: 0; font-size: 1rem }
small { font-weight: 400; color: #51606f }
.stays { margin: 0; padding: .6rem 1.5rem; background: #fff4d6; border-bottom: 1px solid #d9b445 }
.child { background: #fff; border: 1px solid #d5dae0; border-radius: 6px; padding: .8rem 1rem; margin: .8rem 0; break-inside: avoid }
.unused { background: #fbf3f1; border-color: #d9a79b }
.days { overflow-x: auto } .timeline { display: block; width: 100%; min-width: 840px; height: auto; margin: .3rem 0 }
.visits { display: flex; flex-wrap: wrap; gap: .8rem }
.visit { margin: 0; padding: .5rem; border: 1px solid #e1e5ea; border-radius: 4px; max-width: min(24rem, 100%); box-sizing: border-box }
.visit.held { border: 1px dashed #b5523b }
.triple { display: flex; flex-wrap: wrap; gap: 2px; background: #000 } .triple img { height: 7.5rem; image-rendering: auto }
.why { margin: .3rem 0; padding-left: 1.1rem } .quality, .none { margin: .3rem 0 0; color: #51606f; font-size: .85rem }
figcaption { margin-bottom: .3rem }
.dot { display: inline-block; width: .8em; height: .8em; border-radius: 50%; vertical-align: -.05em; margin: 0 .2em 0 .8em; border: 2px solid #1c2733 }
.dot.event { background: #d55e00 } .dot.none { background: #009e73 } .dot.open { background: #fff } .dot.held { background: #fff; border-style: dashed; border-color: #b5523b }
.line { display: inline-block; width: 1.6em; border-top: 3px solid; vertical-align: .25em; margin: 0 .2em 0 .8em }
.line.scan { border-color: ${scan} } .line.template { border-color: ${template} }
code { background: #eef1f4; padding: .1em .3em; border-radius: 3px }
@media print { .timeline { min-width: 0 } .stays { position: static } :root { background: #fff } }
`
}
