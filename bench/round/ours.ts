// Candidate: a run in which nobody trains. A real coordinator on a real store in one process, the sites' agents in
// another; what is left is what a round costs: assignments, transfers, admission, average, journal.

import { enrolConsortium } from '../../test/support/consortium.ts'
import { printMeasurementOfAll } from '../self-measured.ts'

const [siteCount, rounds] = process.argv.slice(2).map(Number)
const sites = Array.from({ length: siteCount ?? 8 }, (_, k) => `site-${k}`)
const enrolled = await enrolConsortium(Object.fromEntries(sites.map((site, k) => [site, 12 + k])))
const consortium = await enrolled.open({ sites, quorum: sites.length, orderingRounds: rounds ?? 10 })
try {
  const coordinator = await consortium.startCoordinator()
  await consortium.startAgents(sites, 'instant')
  await printMeasurementOfAll(async () => {
    await consortium.startRun()
    const run = await consortium.finished()
    // The first round waits for the agents to connect; from then on one round opens as the one before is published.
    const [first, ...others] = run.rounds
    if (first?.publishedAtMs === undefined || run.finishedAtMs === undefined) throw new Error('the run has finished')
    return { value: (run.finishedAtMs - first.publishedAtMs) / others.length, pid: coordinator.pid }
  })
} finally {
  await consortium.close()
  await enrolled.close()
}
