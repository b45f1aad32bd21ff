import { rm, writeFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createSpool } from '../site-agent/spool.ts'
import { type Consortium, type EnrolledConsortium, enrolConsortium } from './support/consortium.ts'
import { eventually, inTime } from './support/eventually.ts'
import { startTcpRelay } from './support/tcp-relay.ts'

let enrolled: EnrolledConsortium
let undisturbed: string | undefined
beforeAll(async () => {
  enrolled = await enrolConsortium()
  const reference = await enrolled.open({ orderingRounds: 1 })
  try {
    await reference.startCoordinator()
    await reference.startAgents(['a', 'b', 'c'])
    await reference.startRun()
    undisturbed = (await reference.finished()).weightsDigest
  } finally {
    await reference.close()
  }
})
afterAll(() => enrolled.close())

let consortium: Consortium
beforeEach(async () => {
  consortium = await enrolled.open({ orderingRounds: 1 })
  await consortium.startCoordinator()
})
afterEach(() => consortium.close())

describe('an agent that is killed', () => {
  test('in training trains again after its restart, and the weights are the same', async () => {
    await writeFile(consortium.holdFile, '')
    const doomed = await consortium.startAgents(['c'])
    await consortium.startRun()
    await eventually('site c to train', async () => (await consortium.trainings()).includes('7/c/0/0'))
    await doomed.end('SIGKILL')
    await rm(consortium.holdFile)

    await consortium.startAgents(['a', 'b', 'c'])
    const { weightsDigest } = await consortium.finished()
    expect(weightsDigest).toBe(undisturbed)
    expect((await consortium.trainings()).filter((line) => line.startsWith('7/c'))).toEqual([
      '7/c/0/0',
      '7/c/0/0',
      '7/c/1/0',
    ])
  })

  test('in its upload delivers what it had sealed and does not train again', async () => {
    const relay = await startTcpRelay({ port: consortium.port })
    try {
      await consortium.reroute('c', relay.port)
      await writeFile(consortium.holdFile, '')
      const doomed = await consortium.startAgents(['c'])
      await consortium.startRun()
      await eventually('site c to train', async () => (await consortium.trainings()).includes('7/c/0/0'))
      const silent = relay.muteAfter('up', 200_000)
      await rm(consortium.holdFile)
      await inTime('the middle of the upload', silent)
      await doomed.end('SIGKILL')
      const spooled = await createSpool(consortium.siteHome('c').spoolFolder).list()
      expect(spooled.map(({ assignment }) => [assignment.stage, assignment.round])).toEqual([[0, 0]])
    } finally {
      await relay.close()
    }

    await consortium.reroute('c', consortium.port)
    await consortium.startAgents(['a', 'b', 'c'])
    const { weightsDigest } = await consortium.finished()
    expect(weightsDigest).toBe(undisturbed)
    expect((await consortium.trainings()).filter((line) => line.startsWith('7/c'))).toEqual(['7/c/0/0', '7/c/1/0'])
  })
})
