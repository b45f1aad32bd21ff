// Entry of the coordinator's command line.

import { runCommandLine } from '../shared/command-line.ts'
import { coordinatorProgram } from './cli.ts'

await runCommandLine(() => coordinatorProgram().parseAsync())
