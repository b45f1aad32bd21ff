// The receiving end of ours: a coordinator's listeners and store, with a round open for updates of the size asked for.
// Argument: float32 values of the model. Prints one line of JSON: port, two sites' identities, study and base.

import { writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startLiveFederation } from '../../coordinator/testsupport/live-federation.ts'
import { stopSignal } from '../../shared/command-line.ts'

const stop = stopSignal()
const live = await startLiveFederation({ elements: Number(process.argv[2]) })
const identities = [await live.enrol('a'), await live.enrol('b')]
const { studyDigest, base } = live
const greeting = { port: live.listeners.federationPort, identities, studyDigest, baseDigest: base.digest }
forgetPreparation()
process.stdout.write(`${JSON.stringify(greeting)}\n`)
await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }))
await live.close()

/** So that the peak that is read later is that of the transfers. */
function forgetPreparation(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
  writeFileSync('/proc/self/clear_refs', '5')
}
