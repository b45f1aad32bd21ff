// A number and what it counts, as people write it.

/** For example `1 round`, `2 rounds`, `0 children`; `many` where an s does not make it. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
