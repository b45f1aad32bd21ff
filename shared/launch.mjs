// How a command finds the pinned Node: it is an ordinary locked package with a binary inside. Plain JavaScript, because
// the Node that runs this file may be too old to read TypeScript.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * An old generation that may grow to 256 MB before it is collected: the buffers of a transfer count towards it, and at
 * Node's own start value they cost a quarter of the processor time of an upload (bench: transfer).
 */
const nodeFlags = createRequire(import.meta.url)('./node-flags.json')

/**
 * Runs a TypeScript program on the pinned Node with this process's arguments, hands signals on, and ends as it ends.
 * @param {URL} program
 */
export function launch(program) {
  const child = spawn(pinnedNode(), [...nodeFlags, fileURLToPath(program), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/** Path of the locked Node; the running one where the lockfile has none for this platform and it is new enough. */
function pinnedNode() {
  const name = `node-${process.platform}-${process.arch}`
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
    const binary = join(dirname(manifest), 'bin', 'node')
    if (existsSync(binary)) return binary
  } catch {
    // not installed: fall through to the running Node
  }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath
  process.stderr.write(
    `Sequela needs Node 22.18 or newer; package ${name} is not installed and this is ${process.version}\n`,
  )
  process.exit(1)
}
