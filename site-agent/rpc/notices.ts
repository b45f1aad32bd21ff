// What the coordinator says on the open call, read into values.

import { parseDigest } from '../../shared/digest.ts'
import type { AttendResponse } from '../../shared/gen/sequela/v1/federation.ts'
import { parseAssignmentId } from '../../shared/protocol/assignment-id.ts'
import { byteCount, peerText } from '../../shared/protocol/wire.ts'
import type { Notice } from '../agent.ts'

/** Undefined for a notice of a kind that this version does not know. @throws SequelaError `message_malformed`. */
export function noticeOf({ notice }: AttendResponse): Notice | undefined {
  switch (notice?.$case) {
    case 'welcome': {
      const { serverTimeMs, programVersion } = notice.value
      return { kind: 'welcome', serverTimeMs: Number(serverTimeMs), programVersion: peerText(programVersion) }
    }
    case 'assignment': {
      const { assignmentId, baseDigest, baseByteLength, deadlineMs, evaluateOnly, answerPass } = notice.value
      const { pooledDigest, pooledByteLength } = notice.value
      return {
        kind: 'assignment',
        assignment: {
          ...parseAssignmentId(assignmentId),
          baseDigest: parseDigest(baseDigest),
          baseByteLength: byteCount(baseByteLength),
          deadlineMs: Number(deadlineMs),
          evaluateOnly,
          answerPass,
          ...(pooledDigest !== '' && {
            pooled: { digest: parseDigest(pooledDigest), byteLength: byteCount(pooledByteLength) },
          }),
        },
      }
    }
    case 'cancellation':
      return { kind: 'cancellation', assignment: parseAssignmentId(notice.value.assignmentId) }
    case 'studyOffer':
      return {
        kind: 'study-offer',
        studyDigest: parseDigest(notice.value.studyDigest),
        name: peerText(notice.value.name),
      }
    case 'renewal':
      return { kind: 'renewal' }
    case 'heartbeat':
      return { kind: 'heartbeat', serverTimeMs: Number(notice.value.serverTimeMs) }
    case undefined:
      return undefined
  }
}
