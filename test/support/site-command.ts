// One command of the site's program, as a hospital types it, to its end.

import { spawn } from 'node:child_process'
import { join } from 'node:path'

export interface CommandResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

const launcher = join(import.meta.dirname, '../../site-agent/bin/sequela-site.mjs')

/** Runs `site` with these words. */
export function runSite(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [launcher, ...words], { env: { ...process.env, ...environment } })
    const [stdout, stderr]: [string[], string[]] = [[], []]
    child.stdout.on('data', (chunk) => stdout.push(String(chunk)))
    child.stderr.on('data', (chunk) => stderr.push(String(chunk)))
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, stdout: stdout.join(''), stderr: stderr.join('') }))
  })
}
