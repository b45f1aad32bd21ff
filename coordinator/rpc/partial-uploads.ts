// Updates that are on their way in: who announced what since this process started, and under which key its bytes are held.
// A site has one partial upload for each round, whatever it announces, so nobody can fill the disk with beginnings.

import { sha256 } from '../../shared/digest.ts'
import { type AssignmentKey, formatAssignmentId } from '../../shared/protocol/assignment-id.ts'
import { isActive } from '../run/rounds.ts'
import type { Federation, SiteRound, UpdateAnnouncement } from '../run/run.ts'
import type { Blobs } from '../store/blobs.ts'

/** Key of the partial blob: place (site and round), then content, so that other content never continues a beginning. */
export function partialKeyOf(update: UpdateAnnouncement): string {
  return `${placeOf(update)}-${update.updateDigest.slice(0, 32)}`
}

/** A name for a site in a round. */
export function placeOf(at: AssignmentKey & Pick<SiteRound, 'site'>): string {
  return sha256(`${formatAssignmentId(at)}\n${at.site}`).slice(0, 32)
}

/** Discards what the site began to send for the same round with other content. */
export async function discardOthers(blobs: Blobs, update: UpdateAnnouncement): Promise<void> {
  for (const key of await blobs.partialKeys()) {
    if (key.startsWith(placeOf(update)) && key !== partialKeyOf(update)) await blobs.discardPartial(key)
  }
}

/** Discards beginnings that can never count any more. `inUse` keeps those that are being written. */
export async function discardStale(
  blobs: Blobs,
  federation: Federation,
  inUse: (place: string) => boolean,
): Promise<void> {
  const wanted = new Set(
    [...federation.runs.values()].filter(isActive).flatMap(({ studyDigest, current }) => {
      const { stage, round, sites } = current
      return [...sites.keys()].map((site) => placeOf({ studyDigest, stage, round, site }))
    }),
  )
  for (const key of await blobs.partialKeys()) {
    const [place = ''] = key.split('-')
    if (!wanted.has(place) && !inUse(place)) await blobs.discardPartial(key)
  }
}
