// The open call of an agent: welcome, studies that wait for approval, and from then on whatever concerns the site, as soon
// as the journal says so. What was pushed is remembered for the length of the call, so nothing is pushed twice.

import type { AttendRequest, AttendResponse } from '../../shared/gen/sequela/v1/federation.ts'
import { formatAssignmentId } from '../../shared/protocol/assignment-id.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { heartbeatMs } from '../../shared/protocol/limits.ts'
import { peerText } from '../../shared/protocol/wire.ts'
import { programVersion, protocolVersion } from '../../shared/version.ts'
import { encodedByteLength } from '../../shared/weights/safetensors.ts'
import { type Assignment, assignmentsFor, standingOf } from '../run/queries.ts'
import type { Federation } from '../run/run.ts'
import type { FederationPorts } from './federation-ports.ts'
import type { CallContext, Send } from './handlers.ts'

type Notice = NonNullable<AttendResponse['notice']>

/** A site may approve this many studies; more are of no use and would be memory for nothing. */
const maxApprovals = 1000

/** Serves one Attend call until it ends. @throws SequelaError `version_incompatible`. */
export async function attend(
  ports: FederationPorts,
  request: AttendRequest,
  send: Send<AttendResponse>,
  { peer: { site }, signal, authenticateAgain }: CallContext,
): Promise<void> {
  requireSameProtocol(request)
  const approved = new Set(request.approvedStudies.slice(0, maxApprovals))
  const notices: Notice[] = [
    { $case: 'welcome', value: { protocolVersion, programVersion, site, serverTimeMs: BigInt(ports.clock.now()) } },
  ]
  const pushed = new Map<string, Assignment>()
  const offered = new Set<string>()
  let wake = (): void => {}

  const lookAround = (): void => {
    const federation = ports.loop.federation()
    notices.push(...newOffers(federation, site, approved, offered))
    notices.push(...cancellations(federation, site, pushed))
    notices.push(...newAssignments(ports, site, approved, pushed))
    wake()
  }
  let authenticationDue = false
  const beat = (): void => {
    authenticationDue = true
    notices.push({ $case: 'heartbeat', value: { serverTimeMs: BigInt(ports.clock.now()) } })
    callOffBeat = ports.timer.callAt(ports.clock.now() + heartbeatMs, beat)
    wake()
  }

  const leave = ports.attendance.arrive({
    site,
    programVersion: peerText(request.programVersion),
    approvedStudies: approved,
  })
  const unsubscribe = ports.loop.subscribe(lookAround)
  let callOffBeat = ports.timer.callAt(ports.clock.now() + heartbeatMs, beat)
  signal.addEventListener('abort', () => wake(), { once: true })
  ports.log.info('site-arrived', { site, version: peerText(request.programVersion) })
  try {
    lookAround()
    while (!signal.aborted) {
      // The certificate may have come to its end while the call was open.
      if (authenticationDue) authenticateAgain()
      authenticationDue = false
      const notice = notices.shift()
      if (notice !== undefined) await send({ notice })
      else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } finally {
    unsubscribe()
    callOffBeat()
    leave()
    ports.log.info('site-left', { site })
  }
}

function requireSameProtocol(request: AttendRequest): void {
  if (request.protocolVersion === protocolVersion) return
  const older = request.protocolVersion < protocolVersion ? 'the site agent' : 'the coordinator'
  const message =
    `the site agent ${peerText(request.programVersion)} speaks protocol ${request.protocolVersion} and the coordinator ` +
    `${programVersion} speaks ${protocolVersion}; update ${older}`
  throw new SequelaError('version_incompatible', message)
}

function newOffers(
  federation: Federation,
  site: string,
  approved: ReadonlySet<string>,
  offered: Set<string>,
): readonly Notice[] {
  const open = [...federation.runs.values()].filter(
    (run) => run.study.sites.includes(site) && run.phase !== 'finished' && run.phase !== 'cancelled',
  )
  return open.flatMap(({ studyDigest, study }) => {
    if (approved.has(studyDigest) || offered.has(studyDigest)) return []
    offered.add(studyDigest)
    return [{ $case: 'studyOffer', value: { studyDigest, name: study.study } } as const]
  })
}

function newAssignments(
  { loop, manifestOf }: FederationPorts,
  site: string,
  approved: ReadonlySet<string>,
  pushed: Map<string, Assignment>,
): readonly Notice[] {
  const federation = loop.federation()
  return assignmentsFor(federation, site).flatMap((assignment) => {
    const assignmentId = formatAssignmentId(assignment)
    const run = federation.runs.get(assignment.studyDigest)
    if (run === undefined || pushed.has(assignmentId) || !approved.has(assignment.studyDigest)) return []
    pushed.set(assignmentId, assignment)
    const value = {
      assignmentId,
      studyDigest: assignment.studyDigest,
      stage: assignment.stage,
      round: assignment.round,
      baseDigest: assignment.baseDigest,
      baseByteLength: BigInt(encodedByteLength(manifestOf(run.study))),
      deadlineMs: BigInt(assignment.deadlineMs),
      evaluateOnly: assignment.purpose === 'evaluation',
      answerPass: assignment.purpose === 'pass',
      pooledDigest: assignment.pooled?.digest ?? '',
      pooledByteLength: BigInt(assignment.pooled?.byteLength ?? 0),
    }
    return [{ $case: 'assignment', value } as const]
  })
}

/**
 * Assignments that were pushed and are not wanted any more. One that counts is over and needs no word; one that the site
 * declined, or that was refused, is forgotten, because the site is asked again should the round fall short.
 */
function cancellations(federation: Federation, site: string, pushed: Map<string, Assignment>): readonly Notice[] {
  return [...pushed].flatMap(([assignmentId, assignment]) => {
    const standing = standingOf(federation, site, assignment)
    if (standing === 'wanted') return []
    pushed.delete(assignmentId)
    if (standing !== 'over') return []
    return [{ $case: 'cancellation', value: { assignmentId, reason: 'the round is over' } } as const]
  })
}
