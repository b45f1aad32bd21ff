// A child's visits on the line of days, the same scale for all children of a page.

import { type Html, html } from '../../shared/html.ts'
import type { PageChild, PageVisit } from './page-data.ts'

const [width, height, margin, middle] = [960, 34, 20, 14] as const

/** @param span days from the first to the last that any child has */
export function timeline(child: PageChild, span: { readonly from: number; readonly to: number }): Html {
  const x = (day: number): string =>
    (margin + ((day - span.from) / (span.to - span.from)) * (width - 2 * margin)).toFixed(1)
  const { eventDay, lastFollowUpDay, visits } = child
  const placed = visits.filter(({ day }) => day !== undefined)
  const words = placed.map(({ visit, day, used }) => `${visit} on day ${day}${used ? '' : ' (not used)'}`).join(', ')
  const until = lastFollowUpDay ?? placed.at(-1)?.day ?? span.from
  return html`<svg class="timeline" viewBox="0 0 ${width} ${height}" role="img" aria-label="${words || 'no visit could be placed in time'}">
<line x1="${x(span.from)}" y1="${middle}" x2="${x(span.to)}" y2="${middle}" stroke="#e1e5ea" stroke-width="2"/>
<line x1="${x(placed[0]?.day ?? span.from)}" y1="${middle}" x2="${x(until)}" y2="${middle}" stroke="#51606f" stroke-width="2"/>
${lastFollowUpDay === undefined ? undefined : html`<path d="M${x(lastFollowUpDay)} ${middle - 7}v14" stroke="#51606f" stroke-width="3"/>`}
${eventDay === undefined ? undefined : html`<path d="M${x(eventDay)} ${middle - 8}l7 13h-14z" fill="#d55e00"><title>event on day ${eventDay}</title></path>`}
${placed.map((visit) => mark(visit, x(visit.day ?? span.from)))}
<text x="${x(Math.max(0, span.from))}" y="${height - 2}" font-size="11" fill="#51606f">day ${Math.max(0, span.from)}</text>
<text x="${x(span.to)}" y="${height - 2}" font-size="11" fill="#51606f" text-anchor="end">day ${span.to}</text>
</svg>`
}

function mark({ visit, day, used, label }: PageVisit, x: string): Html {
  const fill = !used || label === null ? '#fff' : label === 1 ? '#d55e00' : '#009e73'
  const stroke = used ? '#1c2733' : '#b5523b'
  const dashes = used ? undefined : html` stroke-dasharray="3 2"`
  return html`<circle cx="${x}" cy="${middle}" r="6" fill="${fill}" stroke="${stroke}" stroke-width="2"${dashes}><title>${visit}, day ${day}</title></circle>`
}
