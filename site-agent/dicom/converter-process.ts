// The process that converts: one job at a time, ended by its parent when it takes too long or too much memory.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { type ConversionJob, convertStack } from './conversion.ts'

export type ConversionReply =
  | { readonly kind: 'converted' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

process.on('disconnect', () => process.exit(0))
// A signal meant for the import reaches its whole group; the import decides when this process ends.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('message', (job: ConversionJob) => {
  convertStack(job).then(
    () => reply({ kind: 'converted' }),
    (error: unknown) => {
      const { code, message } = SequelaError.from(error, 'scan_unreadable')
      reply({ kind: 'failed', code, message })
    },
  )
})

function reply(message: ConversionReply): void {
  process.send?.(message)
}
