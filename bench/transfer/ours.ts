// Candidate: a site's own client delivers an update to a coordinator's own listener, from the announcement to the receipt:
// checked, hashed, durable, in the journal. Argument: a TransferTask.

import { z } from 'zod'
import { createCoordinatorClient } from '../../site-agent/coordinator-client.ts'
import type { SiteIdentity } from '../../site-agent/identity-file.ts'
import type { SpooledUpdate } from '../../site-agent/spool.ts'
import { printMeasurementOfAll } from '../self-measured.ts'
import { startReceiver, throughLine } from './receiver.ts'
import { transferTask } from './task.ts'

const greetingSchema = z.object({
  port: z.int(),
  identity: z.custom<SiteIdentity>(),
  update: z.custom<SpooledUpdate>(),
})

const { byteLength, folder, delayMs } = transferTask.parse(JSON.parse(process.argv[2] ?? ''))
const coordinator = await startReceiver('./coordinator.ts', [String(byteLength / 4)], folder)
const { port, identity, update } = greetingSchema.parse(JSON.parse(coordinator.greeting))
const line = await throughLine(port, delayMs)
const client = createCoordinatorClient({ ...identity, federationAddress: `localhost:${line.port}` })
// An agent is connected when it has something to send.
await client.listStudies()
await printMeasurementOfAll(async () => {
  const before = performance.now()
  await client.deliver(update, { signal: new AbortController().signal, onProgress: () => {} })
  const seconds = (performance.now() - before) / 1000
  return { value: update.byteLength / 2 ** 20 / seconds, pid: coordinator.pid }
})
client.close()
await line.close()
await coordinator.close()
