// What every candidate for a transfer is told: what to send, under which certificates, over which line.

import { z } from 'zod'

export const transferTask = z.object({
  /** Bytes to send; they stand in `file`. */
  byteLength: z.int().positive(),
  file: z.string(),
  /** A folder on the disk to be measured. */
  folder: z.string(),
  /** One way, in ms; 0 is straight over loopback. */
  delayMs: z.number().nonnegative(),
  /** PEM files of a site and of a server for localhost, both issued under the root. */
  tls: z.object({
    root: z.string(),
    siteKey: z.string(),
    siteChain: z.string(),
    serverKey: z.string(),
    serverChain: z.string(),
  }),
})

export type TransferTask = z.infer<typeof transferTask>
