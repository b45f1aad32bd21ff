// Pages that hold a sentence: a refusal, the way in, and the wait while a child's scans are made ready.

import { type Html, html } from '../../../shared/html.ts'
import { bare, page } from './layout.ts'

/** A refusal; says nothing but its sentence. */
export function refusalPage(sentence: string, code: string): Html {
  return bare(
    'Sequela',
    html`<main class="notice"><h1>Not shown</h1><p>${sentence}</p><p class="code">${code}</p></main>`,
  )
}

/**
 * The cookie is sent only with requests that come from a page of this server, which a link in a mail or a chat is not; so
 * the first page is this one, and it goes on by itself.
 */
export function enteredPage(room: string): Html {
  return bare(
    'Sequela',
    html`<main class="notice"><h1>Opening</h1><p><a href="${room}/">Go on to the children</a></p></main>`,
    html`<meta http-equiv="refresh" content="0; url=${room}/">`,
  )
}

/** Asks again every second until the child is ready. */
export function waitingPage(room: string, what: string, done: number, total: number): Html {
  return page({
    room,
    title: 'Getting ready',
    head: html`<meta http-equiv="refresh" content="1">`,
    body: html`<main class="notice"><h1>Getting ready</h1>
<p role="status">${what}${total > 0 && html`: ${done} of ${total}`}</p>
<progress${total > 0 && html` max="${total}" value="${done}"`}></progress>
<p><a href="${room}/">Back to the children</a></p></main>`,
  })
}
