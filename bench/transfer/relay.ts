// A line of its own between the two ends, in a process of its own. Arguments: the port it leads to and the delay one way
// in ms. Prints its port.

import { startTcpRelay } from '../../test/support/tcp-relay.ts'

const [port, delayMs] = process.argv.slice(2).map(Number)
const relay = await startTcpRelay({ port: port ?? 0, delayMs: delayMs ?? 0 })
process.stdout.write(`${relay.port}\n`)
