// CPU seconds of this process and everything it started, from Linux's /proc; elsewhere of this process alone.

import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks a second; fixed at 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

/** User and system time so far of this process, its descendants that live, and those that have ended. */
export function cpuSecondsOfAll(): number {
  const own = process.cpuUsage()
  try {
    const processes = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap(statOf)
    const mine = new Set([process.pid])
    for (let size = 0; size !== mine.size; ) {
      size = mine.size
      for (const { pid, parent } of processes) if (mine.has(parent)) mine.add(pid)
    }
    return processes.filter(({ pid }) => mine.has(pid)).reduce((sum, { ticks }) => sum + ticks, 0) / ticksPerSecond
  } catch {
    return (own.user + own.system) / 1e6
  }
}

function statOf(pid: string): { pid: number; parent: number; ticks: number }[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in brackets, may hold blanks; the fields after it are numbers.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0)
    return [{ pid: Number(pid), parent: Number(fields[1]), ticks }]
  } catch {
    return []
  }
}
