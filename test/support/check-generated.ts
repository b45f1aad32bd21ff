// Fails when shared/gen is not what the .proto files give: generates into a temporary folder and compares every byte.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const committed = join(root, 'shared', 'gen')
const fresh = mkdtempSync(join(tmpdir(), 'sequela-generated-'))

try {
  const template = readFileSync(join(root, 'buf.gen.yaml'), 'utf8').replace('out: shared/gen', `out: ${fresh}`)
  execFileSync('buf', ['generate', '--template', template], { cwd: root, stdio: 'inherit' })
  const names = new Set([...filesOf(committed), ...filesOf(fresh)])
  const different = [...names].filter((name) => read(committed, name) !== read(fresh, name))
  if (different.length > 0) {
    process.stderr.write(`shared/gen differs from proto/ in ${different.join(', ')}; run: npm run generate\n`)
    process.exitCode = 1
  }
} finally {
  rmSync(fresh, { recursive: true, force: true })
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
}

function read(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), 'utf8')
  } catch {
    return undefined
  }
}
