import { defineConfig } from 'vitest/config'

// Unit tests lie beside the code; journeys drive real processes over real TLS, one file at a time because each of them
// starts several. Limits are only there to end a run that hangs.
export default defineConfig({
  test: {
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{shared,coordinator,site-agent,demo,bench,benchmark,deploy,test/support}/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'journey',
          include: ['test/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
