// Entry: a coordinator on a home folder, with a fault of its store that a journey asks for.
// Arguments: the home folder, then the fault as JSON where there is one.

import { startCoordinator } from '../../coordinator/coordinator.ts'
import { coordinatorHome, readSettings } from '../../coordinator/home.ts'
import { stopSignal } from '../../shared/command-line.ts'
import { createLog } from '../../shared/log.ts'
import { storeFaultSchema, storeSeamOf } from './store-faults.ts'

const [folder = '', faultText] = process.argv.slice(2)
const home = coordinatorHome(folder)
const stop = stopSignal()
const coordinator = await startCoordinator({
  home,
  settings: await readSettings(home),
  log: createLog('coordinator'),
  onFatal: (error) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(70)
  },
  ...(faultText === undefined ? {} : { storeSeam: storeSeamOf(storeFaultSchema.parse(JSON.parse(faultText))) }),
})
process.stdout.write('serving\n')
await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }))
await coordinator.close(0)
