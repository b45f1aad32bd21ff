// What every page has around its content. Titles name no child: browsers keep them in their history.

import { type Html, html } from '../../../shared/html.ts'
import { notice } from '../answer.ts'

export interface PageParts {
  readonly room: string
  readonly title: string
  readonly body: Html
  readonly head?: Html
}

/** A page inside: the notice above, style and script from this server. */
export function page({ room, title, body, head }: PageParts): Html {
  return document(
    `${title} · Sequela`,
    html`${head}<link rel="icon" href="${room}/icon.svg"><link rel="stylesheet" href="${room}/view.css"><script type="module" src="${room}/view.mjs"></script>`,
    html`<a class="skip" href="#content">Skip to the content</a>
<p class="research" role="note"><strong>${notice}</strong></p>
${body}
<footer><p>${notice} Nothing on this page leaves this machine.</p></footer>`,
  )
}

/** A page for those who are not let in: no style, no script, nothing of the site. */
export function bare(title: string, body: Html, head?: Html): Html {
  return document(title, head, body)
}

function document(title: string, head: Html | undefined, body: Html): Html {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>${title}</title>${head}</head>
<body>
${body}
</body></html>
`
}
