// The receiving end of ours: a coordinator's listeners and store, with a round open for an update of the size asked for.
// Argument: float32 values of the model. Prints one line of JSON: port, a site's identity, and the update to send.

import { startLiveFederation } from '../../coordinator/testsupport/live-federation.ts'
import { spooledUpdate } from '../../coordinator/testsupport/spooled-update.ts'
import { stopSignal } from '../../shared/command-line.ts'

const stop = stopSignal()
const live = await startLiveFederation({ elements: Number(process.argv[2]) })
const identity = await live.enrol('a')
const update = await spooledUpdate(live, 1)
process.stdout.write(`${JSON.stringify({ port: live.listeners.federationPort, identity, update })}\n`)
await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }))
await live.close()
