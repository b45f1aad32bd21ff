// A child's scans side by side: each visit a column, with the scan and what changed since the first and since the one before.
// One slider leads all pictures through the same slices; view.mjs moves them, and without it the middle slices stand there.

import { type Html, html } from '../../../shared/html.ts'
import { leastChange } from '../changed-volume.ts'
import { displaySpacingMm } from '../display-grid.ts'
import type { Window } from '../picture.ts'
import { type Axis, axes, edges, sliceCount } from '../slices.ts'
import type { DisplayScan, ReadyChild } from './opened-children.ts'

export const pictureKinds = ['scan', 'since-first', 'since-previous'] as const
export type PictureKind = (typeof pictureKinds)[number]

/** In deviations of the brain; widest that the sliders reach. */
export const windowLimits = { least: -4, most: 10, step: 0.25 } as const
export const usualWindow: Window = { dark: -3, bright: 4 }

const kindWords: Readonly<Record<PictureKind, string>> = {
  scan: 'Scan',
  'since-first': 'Change since the first scan',
  'since-previous': 'Change since the scan before',
}

export function scansSection(room: string, { child, scans, sequence, unseen }: ReadyChild): Html {
  const shape = scans[0]?.volume.shape
  if (shape === undefined) {
    return html`<section aria-labelledby="scans"><h2 id="scans">Scans</h2>${unseenList(unseen)}</section>`
  }
  const middle = Math.floor(sliceCount(shape, 'axial') / 2)
  return html`<section aria-labelledby="scans" id="viewer" data-base="${room}/children/${child.key}/pictures" data-axial="${sliceCount(shape, 'axial')}" data-coronal="${sliceCount(shape, 'coronal')}" data-sagittal="${sliceCount(shape, 'sagittal')}">
<h2 id="scans">Scans side by side</h2>
${controls(sliceCount(shape, 'axial'), middle)}
<p class="explain">${sequence !== undefined && `Of the sequences that the model sees, ${sequence} is shown. `}All scans are in the template's space, each interpolated once, at ${displaySpacingMm} mm; grey is the same for all: 0 is the mean of the brain, 1 its deviation.
The patient's right is at the left of the picture. <span class="brighter">Orange became brighter</span>, <span class="darker">blue became darker</span>, black did not change.
Differences also come from scanner, protocol and placement.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Scans side by side"><table class="pictures"><thead><tr><th></th>${scans.map(({ session, day }) => html`<th scope="col">${session}<br>day ${day}</th>`)}</tr></thead>
<tbody>${pictureKinds.map(
    (kind) =>
      html`<tr><th scope="row">${kindWords[kind]}</th>${scans.map((scan, index) => html`<td>${picture(room, child.key, kind, scan, index, middle)}</td>`)}</tr>`,
  )}</tbody></table></div>
${unseenList(unseen)}
${changeTable(scans)}
</section>`
}

/** Address of a picture below a child's; view.mjs makes the same. */
export function picturePath(visit: number, kind: PictureKind, axis: Axis, slice: number): string {
  return `${visit}/${kind}/${axis}/${slice}`
}

function picture(room: string, key: string, kind: PictureKind, scan: DisplayScan, index: number, slice: number): Html {
  if (kind !== 'scan' && index === 0) return html`<span class="none">nothing before it</span>`
  const address = `${room}/children/${key}/pictures/${picturePath(index, kind, 'axial', slice)}?dark=${usualWindow.dark}&bright=${usualWindow.bright}`
  const [left, right] = edges.axial
  return html`<figure class="slice"><img src="${address}" data-visit="${index}" data-kind="${kind}" alt="${kindWords[kind]}, ${scan.session}, day ${scan.day}"><span class="edge left" aria-hidden="true">${left}</span><span class="edge right" aria-hidden="true">${right}</span></figure>`
}

function controls(count: number, middle: number): Html {
  const { least, most, step } = windowLimits
  return html`<form id="controls" autocomplete="off"><fieldset><legend>View</legend>${axes.map(
    (axis) =>
      html`<label><input type="radio" name="axis" value="${axis}"${axis === 'axial' && html` checked`}> ${axis}</label> `,
  )}</fieldset>
<label>Slice <input id="slice" type="range" min="0" max="${count - 1}" value="${middle}"> <output id="slice-shown">${middle + 1} of ${count}</output></label>
<label>Black at <input id="dark" type="range" min="${least}" max="${most}" step="${step}" value="${usualWindow.dark}"> <output id="dark-shown">${usualWindow.dark}</output></label>
<label>White at <input id="bright" type="range" min="${least}" max="${most}" step="${step}" value="${usualWindow.bright}"> <output id="bright-shown">${usualWindow.bright}</output></label></form>`
}

function unseenList(unseen: readonly string[]): Html | false {
  return unseen.length > 0 && html`<p>Not shown:</p><ul>${unseen.map((sentence) => html`<li>${sentence}</li>`)}</ul>`
}

function changeTable(scans: readonly DisplayScan[]): Html | false {
  if (scans.length < 2) return false
  const cm3 = (value: number): string => value.toFixed(value < 10 ? 1 : 0)
  return html`<h3>How much changed</h3>
<div class="scroll" tabindex="0" role="region" aria-label="How much changed"><table><thead><tr><th scope="col">since the first scan</th>${scans.map(({ session, day }) => html`<th scope="col">${session}<br>day ${day}</th>`)}</tr></thead>
<tbody><tr><th scope="row">brighter, cm³</th>${scans.map(({ changed }) => html`<td>${changed === undefined ? '–' : cm3(changed.brighterCm3)}</td>`)}</tr>
<tr><th scope="row">darker, cm³</th>${scans.map(({ changed }) => html`<td>${changed === undefined ? '–' : cm3(changed.darkerCm3)}</td>`)}</tr></tbody></table></div>
<p class="explain">Brain that changed by at least ${leastChange} deviations, measured in the space of the template. This is no volume of a tumour:
nobody outlined one. Oedema, the cavity, treatment and another scanner change brightness too.</p>`
}
