import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type EnrolledConsortium, enrolConsortium } from './support/consortium.ts'
import { eventually } from './support/eventually.ts'

test('a full disk refuses new work, loses nothing that was acknowledged, and work goes on when there is room', async () => {
  const enrolled = await enrolConsortium()
  try {
    const undisturbed = await weightsWithoutFault(enrolled)
    const consortium = await enrolled.open({ orderingRounds: 1 })
    const whileExists = join(consortium.folder, 'disk-is-full')
    try {
      await consortium.startCoordinator({ kind: 'disk-full', whileExists })
      await consortium.startAgents(['a'])
      await consortium.startRun()
      const counts = (site: string) =>
        consortium.when(`site ${site} to count`, ({ rounds }) =>
          Boolean(rounds[0]?.sites.some((entry) => entry.site === site && entry.outcome === 'counted')),
        )
      await counts('a')

      await writeFile(whileExists, '')
      const others = [await consortium.startAgents(['b']), await consortium.startAgents(['c'])]
      await eventually('both sites to hear that the disk is full', () =>
        others.every((agent) => wasRefused(agent.output())),
      )
      const { rounds } = await consortium.status()
      expect(rounds[0]?.sites.map(({ outcome }) => outcome)).toEqual(['counted', 'awaited', 'awaited'])

      await rm(whileExists)
      const finished = await consortium.finished()
      expect(finished.weightsDigest).toBe(undisturbed)
      expect(finished.rounds.flatMap(({ sites }) => sites.map(({ outcome }) => outcome))).toEqual(
        Array(6).fill('counted'),
      )
      expect(await consortium.trainings()).toEqual(
        ['a', 'b', 'c'].flatMap((site) => [`7/${site}/0/0`, `7/${site}/1/0`]),
      )
    } finally {
      await consortium.close()
    }
  } finally {
    await enrolled.close()
  }
})

/** Whether an agent's log says that its update was refused for want of room. */
function wasRefused(log: string): boolean {
  return log.split('\n').some((line) => line.includes('assignment-failed') && line.includes('disk_full'))
}

async function weightsWithoutFault(enrolled: EnrolledConsortium): Promise<string | undefined> {
  const consortium = await enrolled.open({ orderingRounds: 1 })
  try {
    await consortium.startCoordinator()
    await consortium.startAgents(['a', 'b', 'c'])
    await consortium.startRun()
    return (await consortium.finished()).weightsDigest
  } finally {
    await consortium.close()
  }
}
