// A table of the report's page; it scrolls by itself where the page is narrow.

import { escapeHtml } from '../../../shared/html.ts'

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string =>
    `<tr>${cells.map((cell, index) => (index === 0 ? `<th scope="row">${escapeHtml(cell)}</th>` : `<td>${escapeHtml(cell)}</td>`)).join('')}</tr>`
  const headCells = head.map((cell) => `<th scope="col">${escapeHtml(cell)}</th>`).join('')
  return `<div class="wide"><table><thead><tr>${headCells}</tr></thead><tbody>${rows.map(row).join('')}</tbody></table></div>`
}
