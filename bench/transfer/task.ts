// What every candidate for a transfer is told: what to send, under which certificates, over which line.

import { z } from 'zod'

export const transferTask = z.object({
  /** Float32 values of an update, and bytes of its file. */
  elements: z.int().positive(),
  byteLength: z.int().positive(),
  /** Two updates as safetensors: the first warms both ends up, the second is measured. */
  files: z.tuple([z.string(), z.string()]),
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
