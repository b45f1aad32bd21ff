// A command loop in memory with a small study, and the commands that its sites would give.

import { sha256 } from '../../shared/digest.ts'
import { createCommandLoop } from '../command-loop.ts'
import type { Command } from '../run/run.ts'
import { type SmallStudy, smallStudy } from '../run/testsupport/small-study.ts'
import type { Journal } from '../store/journal.ts'
import { createMemoryJournal } from '../store/memory-journal.ts'
import { countingMachine } from './counting-machine.ts'
import { createManualTime, type ManualTime } from './manual-time.ts'

export interface SmallFederationDeps {
  readonly journal?: Journal
  readonly time?: ManualTime
  readonly onFatal?: (error: unknown) => void
}

export function createSmallFederation(wanted: Partial<SmallStudy> = {}, deps: SmallFederationDeps = {}) {
  const study = smallStudy({ sites: ['a', 'b', 'c'], quorum: 2, stages: [2], ...wanted })
  const { journal = createMemoryJournal(), time = createManualTime(), onFatal = fail } = deps
  const loop = createCommandLoop({ journal, clock: time, membership: countingMachine, onFatal })
  const studyDigest = study.digest
  return {
    ...{ study, journal, time, loop },
    run: () => loop.federation().runs.get(studyDigest),
    /** Proposes and starts the study from the weights `w0`. */
    start: async () => {
      await loop.handle({ type: 'propose-study', studyDigest, text: study.text })
      await loop.handle({ type: 'start-run', studyDigest, initialWeights: sha256('w0') })
    },
    /** The site's update for a round whose base weights are `base`; its digest is named after site and round. */
    update: (site: string, round = 0, base = 'w0'): Command => ({
      ...{ type: 'count-update', studyDigest, site, stage: 0, round },
      ...{ baseDigest: sha256(base), updateDigest: sha256(`${site}${round}`), byteLength: 100 },
      ...{ children: 10, metrics: [], norm: 1 },
    }),
  }
}

function fail(error: unknown): never {
  throw error
}
