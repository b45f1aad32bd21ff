// Candidate: a site's own client delivers an update to a coordinator's own listener, from the announcement to the receipt:
// checked, hashed, durable, in the journal. Argument: a TransferTask.

import { z } from 'zod'
import { parseDigest } from '../../shared/digest.ts'
import { createCoordinatorClient } from '../../site-agent/coordinator-client.ts'
import { digestOfFile } from '../../site-agent/file-digest.ts'
import type { SiteIdentity } from '../../site-agent/identity-file.ts'
import { printMeasurementOfAll } from '../self-measured.ts'
import { startReceiver, throughLine } from './receiver.ts'
import { transferTask } from './task.ts'

const greetingSchema = z.object({
  port: z.int(),
  identities: z.array(z.custom<SiteIdentity>()).length(2),
  studyDigest: z.string().transform(parseDigest),
  baseDigest: z.string().transform(parseDigest),
})

const { elements, byteLength, files, folder, delayMs } = transferTask.parse(JSON.parse(process.argv[2] ?? ''))
const coordinator = await startReceiver('./coordinator.ts', [String(elements)], folder)
const { port, identities, studyDigest, baseDigest } = greetingSchema.parse(JSON.parse(coordinator.greeting))
const line = await throughLine(port, delayMs)

/** A site that is connected, as an agent is that has something to send. */
async function connect(identity: SiteIdentity, file: string): Promise<{ deliver(): Promise<void>; close(): void }> {
  const client = createCoordinatorClient({ ...identity, federationAddress: `localhost:${line.port}` })
  await client.listStudies()
  const assignment = { studyDigest, stage: 0, round: 0 }
  const updateDigest = await digestOfFile(file)
  const update = { assignment, baseDigest, updateDigest, byteLength, children: 10, updateNorm: 1, metrics: [], file }
  const options = { signal: new AbortController().signal, onProgress: () => {} }
  return { deliver: async () => void (await client.deliver(update, options)), close: client.close }
}

const [first, second] = identities
if (first === undefined || second === undefined) throw new Error('two sites were enrolled')
const before = await connect(first, files[0])
await before.deliver()
before.close()
const site = await connect(second, files[1])
await printMeasurementOfAll(async () => {
  const start = performance.now()
  await site.deliver()
  const seconds = (performance.now() - start) / 1000
  return { value: byteLength / 2 ** 20 / seconds, pid: coordinator.pid }
})
site.close()
await line.close()
await coordinator.close()
