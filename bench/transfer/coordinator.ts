// The receiving end of ours: a coordinator's listeners and store, with a round open for updates of the size asked for.
// Argument: float32 values of the model. Prints one line of JSON: port, two sites' identities, study and base.

import { startLiveFederation } from '../../coordinator/testsupport/live-federation.ts'
import { stopSignal } from '../../shared/command-line.ts'

const stop = stopSignal()
const live = await startLiveFederation({ elements: Number(process.argv[2]) })
const identities = [await live.enrol('a'), await live.enrol('b')]
const { studyDigest, base } = live
const greeting = { port: live.listeners.federationPort, identities, studyDigest, baseDigest: base.digest }
process.stdout.write(`${JSON.stringify(greeting)}\n`)
await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }))
await live.close()
