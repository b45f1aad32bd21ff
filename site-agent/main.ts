// Entry of the site's command line.

import { runCommandLine } from '../shared/command-line.ts'
import { siteProgram } from './cli.ts'

await runCommandLine(() => siteProgram().parseAsync())
