// The user's Python, for candidates that are Python libraries.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The first `python3` on the PATH; activate a virtual environment to choose another. */
export const python = 'python3'

/** Whether Python is there and can import the module. */
export async function canImport(module: string): Promise<boolean> {
  return promisify(execFile)(python, ['-c', `import ${module}`]).then(
    () => true,
    () => false,
  )
}
