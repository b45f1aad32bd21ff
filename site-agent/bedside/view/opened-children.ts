// Children whose pages were asked for: each is made ready once, with the volumes that people look at, while the browser is
// told how far it is. The last few stay in memory, so that leafing through slices is quick.

import { SequelaError } from '../../../shared/protocol/errors.ts'
import { isImageStudy } from '../../../shared/study/study.ts'
import { imagePreparerFor } from '../../children.ts'
import type { CohortChild } from '../../cohort/cohort.ts'
import { prepareScans } from '../../cohort/prepare-cohort.ts'
import type { SiteHome } from '../../home.ts'
import { type Bedside, type OpenChild, readVoxels } from '../bedside.ts'
import { type ChangedVolume, changedVolume } from '../changed-volume.ts'
import { displayGrid, displaySpacingMm } from '../display-grid.ts'
import { changeBetween, type Voxels } from '../slices.ts'
import { inOneSequence } from './one-sequence.ts'

/** A scan to be looked at. */
export interface DisplayScan {
  readonly session: string
  readonly day: number
  readonly volume: Voxels
  /** Since the first scan that is shown; undefined for that one. */
  readonly changed: ChangedVolume | undefined
}

export interface ReadyChild extends OpenChild {
  /** In order of time; scans that the finer grid does not take are not among them. */
  readonly scans: readonly DisplayScan[]
  /** In which all of them are, where the study shows several at once. */
  readonly sequence: string | undefined
  /** Why some scans are not shown. */
  readonly unseen: readonly string[]
}

export type Opening =
  | { readonly state: 'opening'; readonly what: string; readonly done: number; readonly total: number }
  | { readonly state: 'ready'; readonly child: ReadyChild }
  | { readonly state: 'failed'; readonly error: SequelaError }

export interface OpenedChildren {
  /** How far the child is; starts with the first question. A failure is told once, and tried again after that. */
  state(child: CohortChild): Opening
  /** Settles when the child's state is no longer `opening`. */
  settled(child: CohortChild): Promise<void>
}

/** A dozen scans of 7.5 MB each a child. */
const keptChildren = 3

export function createOpenedChildren(bedside: Bedside, home: SiteHome): OpenedChildren {
  const entries = new Map<string, { opening: Opening; readonly done: Promise<void> }>()

  const start = (child: CohortChild) => {
    const entry: { opening: Opening; done: Promise<void> } = {
      opening: { state: 'opening', what: 'Reading the scans', done: 0, total: 0 },
      done: Promise.resolve(),
    }
    const onProgress = (what: string, done: number, total: number): void => {
      entry.opening = { state: 'opening', what, done, total }
    }
    entry.done = makeReady(bedside, home, child, onProgress).then(
      (ready) => {
        entry.opening = { state: 'ready', child: ready }
      },
      (error: unknown) => {
        entry.opening = { state: 'failed', error: SequelaError.from(error) }
      },
    )
    for (const key of [...entries.keys()].slice(0, Math.max(0, entries.size + 1 - keptChildren))) entries.delete(key)
    entries.set(child.key, entry)
    return entry
  }

  return {
    state: (child) => {
      const { opening } = entries.get(child.key) ?? start(child)
      if (opening.state === 'failed') entries.delete(child.key)
      return opening
    },
    settled: (child) => (entries.get(child.key) ?? start(child)).done,
  }
}

async function makeReady(
  bedside: Bedside,
  home: SiteHome,
  child: CohortChild,
  onProgress: (what: string, done: number, total: number) => void,
): Promise<ReadyChild> {
  const open = await bedside.open(child, { onProgress })
  const { study } = bedside.study
  if (!isImageStudy(study)) {
    const unseen = ['The model is shown arrays that this hospital computed, so there are no pictures of what it saw.']
    return { ...open, scans: [], sequence: undefined, unseen }
  }
  const shape = displayGrid(study.model)
  const preparer = imagePreparerFor({ home, settings: bedside.settings }, study, {
    grid: [...shape],
    spacingMm: displaySpacingMm,
  })
  const { child: shown, sequence, without } = inOneSequence(open.shown, bedside.cohort.channels)
  const { files, findings } = await prepareScans([shown], preparer, {
    onProgress: (done, total) => onProgress('Preparing the pictures', done, total),
  }).finally(() => preparer.close())
  const scans: DisplayScan[] = []
  for (const scan of shown.scans) {
    const file = files.get(scan)
    if (file === undefined) continue
    const volume: Voxels = { shape, voxels: await readVoxels(file) }
    const first = scans[0]?.volume
    const changed = first && changedVolume(changeBetween(first, volume), displaySpacingMm)
    scans.push({ session: scan.session, day: scan.day, volume, changed })
  }
  const unseen = [
    ...without.map((visit) => `${visit}: it has no ${sequence}, in which the scans are shown here.`),
    ...findings.map(({ visit, sentence }) => `${visit ?? ''}: ${sentence}`),
  ]
  return { ...open, scans, sequence, unseen }
}
