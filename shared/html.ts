// HTML and SVG as values: whatever is put into a template is text and is escaped, unless it is HTML itself. So a name that
// came from a file or from another site cannot become markup, wherever it is shown.

/** A piece of markup that is safe to put into a page as it is. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

/** What may stand in a template: nothing of `undefined`, `null` and `false` is shown. */
export type HtmlContent = Html | string | number | undefined | null | false | readonly HtmlContent[]

/** A template whose contents are escaped; for SVG and attribute values in quotation marks too. */
export function html(strings: TemplateStringsArray, ...contents: readonly HtmlContent[]): Html {
  const parts = strings.map((text, i) => text + (i < contents.length ? markupOf(contents[i]) : ''))
  return new Html(parts.join(''))
}

/** Text that is safe inside HTML and SVG, attributes included. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

function markupOf(content: HtmlContent): string {
  if (content === undefined || content === null || content === false) return ''
  if (content instanceof Html) return content.text
  if (typeof content === 'string' || typeof content === 'number') return escapeHtml(String(content))
  return content.map(markupOf).join('')
}
