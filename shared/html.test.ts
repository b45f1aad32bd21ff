import { describe, expect, test } from 'vitest'
import { html } from './html.ts'

describe('a template', () => {
  test('shows what is put into it as text, in elements and in attributes', () => {
    const name = `"><script>alert('x')</script>`
    const { text } = html`<p title="${name}">${name}</p>`
    expect(text).not.toContain('<script')
    expect(text.match(/"/g)).toHaveLength(2)
    expect(text).toContain('&lt;script&gt;alert(&#39;x&#39;)')
  })

  test('takes other templates as they are, one or many', () => {
    expect(html`<ul>${['a', '<'].map((item) => html`<li>${item}</li>`)}</ul>`.text).toBe(
      '<ul><li>a</li><li>&lt;</li></ul>',
    )
  })

  test('shows nought, and nothing of what is not there', () => {
    expect(html`${0}${undefined}${null}${false}`.text).toBe('0')
  })
})
