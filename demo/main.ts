// `npm run demo`: says what will happen, runs it, shows the report.

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommandLine, stopSignal } from '../shared/command-line.ts'
import { demoOptions } from './options.ts'
import { createPhases } from './phases.ts'
import { reportPage } from './report/report-page.ts'
import { terminalReport } from './report/terminal-table.ts'
import { runDemo } from './run.ts'

await runCommandLine(async () => {
  const options = demoOptions(process.argv)
  const { sites, childrenPerSite, testChildren, orderingRounds, recurrenceRounds, outFolder } = options
  const phases = createPhases()
  // About 0.03 s a scan to paint, 0.6 s a site's round with its arms, on two cores.
  const scans = sites.length * childrenPerSite * 5.5 + testChildren * 6
  const minutes = (scans * 0.04 + sites.length * (orderingRounds + recurrenceRounds) * 0.75 + 25) / 60
  phases.say(
    `${sites.length} synthetic hospitals with ${childrenPerSite} children each train together on this machine, ` +
      `${orderingRounds} rounds of ordering and ${recurrenceRounds} of recurrence.\n` +
      `This takes about ${Math.max(1, Math.round(minutes))} min on two cores and ${Math.ceil((scans * 0.4) / 10) * 10 + 50} MB in ${outFolder}. ` +
      'The first time, the training engine is installed as well: 259 MB to download, 780 MB on disk.\n',
  )
  const { report, federation } = await runDemo(options, phases, stopSignal())
  writeFileSync(join(outFolder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(join(outFolder, 'report.html'), reportPage(report))
  phases.say(`\n${terminalReport(report)}\n`)
  phases.say(`report    ${join(outFolder, 'report.html')} and report.json\nweights   ${report.weights.file}`)
  if (options.evaluate) phases.say(`evaluation ${join(outFolder, 'evaluation', 'report.html')} and model-card.md`)
  if (!options.keep) return
  phases.say(
    `\nThe federation is up until Ctrl-C. In another terminal:\n` +
      `  npm run coordinator -- --home ${federation.coordinator.folder} status --watch\n` +
      `  npm run site -- --home ${[...federation.sites.values()][0]?.folder} status`,
  )
  await once(process, 'SIGINT')
  await federation.stop()
})
