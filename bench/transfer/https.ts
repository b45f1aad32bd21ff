// Candidate: the upload as one would write it without gRPC: one HTTPS request under mutual TLS, hashed and synced at the
// other end, nothing resumable. Argument: a TransferTask.

import { createReadStream, readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { printMeasurementOfAll } from '../self-measured.ts'
import { startReceiver, throughLine } from './receiver.ts'
import { transferTask } from './task.ts'

const told = process.argv[2] ?? ''
const { tls, files, byteLength, delayMs } = transferTask.parse(JSON.parse(told))
const server = await startReceiver('./https-server.ts', [told])
const line = await throughLine(Number(server.greeting), delayMs)
const agent = new Agent({ keepAlive: true })

/** Sends a file and resolves with what the other end says. */
async function put(path: string): Promise<string> {
  const call = request({
    host: 'localhost',
    port: line.port,
    method: 'PUT',
    agent,
    ca: readFileSync(tls.root),
    key: readFileSync(tls.siteKey),
    cert: readFileSync(tls.siteChain),
  })
  const answer = new Promise<string>((resolve, reject) => {
    call.once('response', (response) => text(response).then(resolve, reject))
    call.once('error', reject)
  })
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), call)
  return answer
}

await put(files[0])
await printMeasurementOfAll(async () => {
  const before = performance.now()
  const outcome = await put(files[1])
  const seconds = (performance.now() - before) / 1000
  return { value: byteLength / 2 ** 20 / seconds, outcome, pid: server.pid }
})
agent.destroy()
await line.close()
await server.close()
