// `site exclude` and `site include`: a person takes a scan or a child out, or puts it back; recorded with who and when.

import { mkdir } from 'node:fs/promises'
import { userInfo } from 'node:os'
import type { Clock } from '../../shared/clock.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { maxPeerTextLength } from '../../shared/protocol/limits.ts'
import { exclusionsOf, placeText, readDecisions, recordDecision } from '../cohort/exclusions.ts'
import { fewOf, quoted } from '../cohort/finding.ts'
import { openDataset } from '../cohort/open-dataset.ts'
import { readSettings, type SiteHome } from '../home.ts'

export interface ExcludeRequest {
  readonly action: 'exclude' | 'include'
  /** `sub-X/ses-Y`, or `sub-X` for the whole child. */
  readonly place: string
  readonly reason?: string
}

/**
 * Writes the decision down and says what it means.
 * @throws SequelaError `usage` when there is no such scan, nothing would change, or no reason is given.
 */
export async function decideOnScan(home: SiteHome, request: ExcludeRequest, clock: Clock): Promise<string> {
  const { action, place } = request
  const [child = '', visit, ...more] = place.split('/')
  const named = { child, ...(visit !== undefined && { visit }) }
  const reason = request.reason?.trim()
  if (more.length > 0 || child === '' || visit === '') {
    throw new SequelaError('usage', `${quoted(place)} names no scan; write sub-X/ses-Y, or sub-X for the whole child`)
  }
  if (action === 'exclude' && (reason === undefined || reason === '')) {
    throw new SequelaError('usage', 'say why with --reason; whoever reads the record later will want to know')
  }
  if (reason !== undefined && (reason.length > maxPeerTextLength || /\p{C}/u.test(reason))) {
    throw new SequelaError('usage', `a reason is one line of at most ${maxPeerTextLength} letters`)
  }
  const excluded = exclusionsOf(await readDecisions(home.exclusionsFile)).get(placeText(named))
  if (action === 'include' && excluded === undefined) {
    throw new SequelaError(
      'usage',
      `${placeText(named)} is not excluded by hand; see site check-data for why it is held back`,
    )
  }
  if (action === 'exclude') await requirePlace(home, named)
  await mkdir(home.folder, { recursive: true, mode: 0o700 })
  await recordDecision(home.exclusionsFile, {
    ...{ at: new Date(clock.now()).toISOString(), user: userInfo().username, action, ...named },
    ...(reason !== undefined && { reason }),
  })
  const done = action === 'exclude' ? 'is not used any more' : 'is used again, if nothing else speaks against it'
  return `${placeText(named)} ${done}. An agent that runs takes this in at its next start; updates that were sent stay as they were.`
}

/** What is excluded, one line each. */
export async function exclusionsText(home: SiteHome): Promise<string> {
  const excluded = [...exclusionsOf(await readDecisions(home.exclusionsFile)).values()]
  if (excluded.length === 0) return 'Nothing is excluded by hand.'
  return excluded.map((one) => `${one.at}  ${one.user}  ${placeText(one)}: ${one.reason ?? ''}`).join('\n')
}

/** Only what exists can be excluded: a slip of the pen would leave the scan in. */
async function requirePlace(home: SiteHome, { child, visit }: { child: string; visit?: string }): Promise<void> {
  const settings = await readSettings(home)
  const dataset = await openDataset(settings.data, settings)
  if (!dataset.participants.includes(child)) {
    throw new SequelaError('usage', `there is no child ${quoted(child)} that could be used; see site check-data`)
  }
  if (visit === undefined) return
  const { visits } = await dataset.readChild(child)
  if (visits.some(({ session }) => session === visit)) return
  const known = fewOf(visits.map(({ session }) => session))
  throw new SequelaError('usage', `${child} has no visit ${quoted(visit)}; there are ${known}`)
}
