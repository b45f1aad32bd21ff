// One spelling for a value: JSON with its keys in order and no spaces (as RFC 8785 has it), so that the same value always
// has the same bytes and the same hash.

/**
 * The value as canonical JSON. Members that are undefined are left out, as in JSON.stringify.
 * @throws Error for what JSON cannot say truly: numbers that are not finite, functions, bigints, text that is not Unicode.
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'boolean':
      return String(value)
    case 'number':
      if (!Number.isFinite(value)) throw new Error(`${value} cannot be written as JSON`)
      return JSON.stringify(value)
    case 'string':
      if (!value.isWellFormed()) throw new Error('text with half a character cannot be written as JSON')
      return JSON.stringify(value)
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
      return `{${members(value)}}`
    default:
      throw new Error(`a ${typeof value} cannot be written as JSON`)
  }
}

/** Keys in order of their UTF-16 code units, which is how strings compare. */
function members(value: object): string {
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
    .join(',')
}
