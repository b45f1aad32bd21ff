// Candidate: a coordinator that is killed in the middle of a run and started again; the time from the kill to the first
// answer that a site gets over mutual TLS.

import { setTimeout as delay } from 'node:timers/promises'
import { createCoordinatorClient } from '../../site-agent/coordinator-client.ts'
import { enrolConsortium } from '../../test/support/consortium.ts'
import { printMeasurementOfAll } from '../self-measured.ts'

const pauseMs = 5

const rounds = Number(process.argv[2])
const enrolled = await enrolConsortium()
const consortium = await enrolled.open({ orderingRounds: rounds, quorum: 3 })
try {
  const doomed = await consortium.startCoordinator()
  await consortium.startAgents(['a', 'b', 'c'], 'instant')
  await consortium.startRun()
  await consortium.when('half of the rounds', (run) => run.rounds.length > rounds / 2)
  const identity = await consortium.identity('a')
  await printMeasurementOfAll(async () => {
    const before = performance.now()
    await doomed.end('SIGKILL')
    const starting = consortium.startCoordinator()
    for (;;) {
      const client = createCoordinatorClient(identity)
      const answered = await client.listStudies().then(
        () => true,
        () => false,
      )
      client.close()
      if (answered) break
      await delay(pauseMs)
    }
    const value = (performance.now() - before) / 1000
    return { value, pid: (await starting).pid }
  })
} finally {
  await consortium.close()
  await enrolled.close()
}
