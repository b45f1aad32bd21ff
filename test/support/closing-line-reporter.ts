// Ends a test run with one line that machines read: how many tests passed, failed and were skipped. The counts also go
// to the file named by SEQUELA_TEST_COUNTS, for a script that adds further steps to them.

import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0
    let failed = unhandledErrors.length
    let skipped = 0
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed++
        else if (state === 'skipped') skipped++
        else failed++
      }
      failed += module.errors().length
    }
    const counts = process.env.SEQUELA_TEST_COUNTS
    if (counts !== undefined) writeFileSync(counts, JSON.stringify({ passed, failed, skipped }))
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  }
}
