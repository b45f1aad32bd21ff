// Sentences as lines of a terminal.

const terminalWidth = 100

/**
 * Breaks between words; a word longer than a line is broken where the line ends.
 * @param first before the first line @param rest before the others
 */
export function wrap(text: string, first: string, rest: string): string[] {
  const lines: string[] = []
  let line = first
  let empty = true
  for (const word of text.split(/\s+/).flatMap((word) => pieces(word, terminalWidth - rest.length))) {
    if (!empty && line.length + 1 + word.length > terminalWidth) {
      lines.push(line)
      line = rest
      empty = true
    }
    line += empty ? word : ` ${word}`
    empty = false
  }
  return [...lines, line]
}

function pieces(word: string, size: number): string[] {
  return Array.from({ length: Math.max(1, Math.ceil(word.length / size)) }, (_, i) =>
    word.slice(i * size, (i + 1) * size),
  )
}
