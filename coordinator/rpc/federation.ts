// The federation service: what a site can ask, each method a few lines over the part that does the work.

import {
  type DeclineRequest,
  type FederationServiceServer,
  FederationServiceService,
  type ListStudiesResponse,
  type ReportEvaluationRequest,
  type ReportRequest,
} from '../../shared/gen/sequela/v1/federation.ts'
import { parseAssignmentId } from '../../shared/protocol/assignment-id.ts'
import { encodeDownloadResponse } from '../../shared/protocol/chunk-codec.ts'
import { errorCodes, isErrorCode, SequelaError } from '../../shared/protocol/errors.ts'
import { maxCsrBytes } from '../../shared/protocol/limits.ts'
import { evaluationOf, peerText } from '../../shared/protocol/wire.ts'
import { requireLargeCells } from '../admission/large-cells.ts'
import { createLinkage } from '../linkage/linkage.ts'
import { standingOf } from '../run/queries.ts'
import { attend } from './attend.ts'
import { createDownload } from './downloads.ts'
import type { FederationPorts } from './federation-ports.ts'
import type { CallContext, Handlers } from './handlers.ts'
import { createUploads } from './uploads.ts'

/** The service's definition, with the message that carries chunks written by our own encoder. */
export const federationDefinition: typeof FederationServiceService = {
  ...FederationServiceService,
  downloadWeights: { ...FederationServiceService.downloadWeights, responseSerialize: encodeDownloadResponse },
}

export function createFederationService(ports: FederationPorts, handlers: Handlers): FederationServiceServer {
  const uploads = createUploads(ports)
  const linkage = createLinkage(ports)
  return {
    attend: handlers.serverStream('Attend', (request, send, context) => attend(ports, request, send, context)),
    listStudies: handlers.unary('ListStudies', async (_, { peer }) => studiesOf(ports, peer.site)),
    downloadWeights: handlers.serverStream('DownloadWeights', createDownload(ports)),
    beginUpdate: handlers.unary('BeginUpdate', async (request, context) => {
      const answer = await uploads.begin(request, context)
      return 'continueAt' in answer
        ? { answer: { $case: 'continueAt', value: answer.continueAt } }
        : { answer: { $case: 'receipt', value: answer } }
    }),
    uploadUpdate: handlers.clientStream('UploadUpdate', async (requests, context) => ({
      receipt: await uploads.receive(requests, context),
    })),
    reportEvaluation: handlers.unary('ReportEvaluation', async (request, context) => {
      await reportEvaluation(ports, request, context)
      return {}
    }),
    decline: handlers.unary('Decline', async (request, context) => {
      await decline(ports, request, context)
      return {}
    }),
    report: handlers.unary('Report', async (request, context) => ({ wanted: report(ports, request, context) })),
    linkChildren: handlers.unary('LinkChildren', (request, { peer }) => linkage.link(request, peer.site)),
    renewCertificate: handlers.unary('RenewCertificate', async ({ csrPem }, { peer }) => {
      if (csrPem.length > maxCsrBytes) throw new SequelaError('csr_invalid', `a request may hold ${maxCsrBytes} bytes`)
      return { certificateChainPem: await ports.renew(peer, csrPem) }
    }),
  }
}

function studiesOf(ports: FederationPorts, site: string): ListStudiesResponse {
  const runs = [...ports.loop.federation().runs.values()].filter((run) => run.study.sites.includes(site))
  return { studies: runs.map(({ studyDigest, text, phase }) => ({ studyDigest, text, state: phase })) }
}

async function reportEvaluation(
  ports: FederationPorts,
  request: ReportEvaluationRequest,
  { peer }: CallContext,
): Promise<void> {
  const evaluation = evaluationOf(request)
  const run = ports.loop.federation().runs.get(evaluation.studyDigest)
  if (run !== undefined) requireLargeCells(evaluation.metrics, run.study)
  await ports.loop.handle({ type: 'report-evaluation', ...evaluation, site: peer.site })
}

/** The site's own words are not kept: its code stands for one of our sentences. */
async function decline(ports: FederationPorts, request: DeclineRequest, { peer }: CallContext): Promise<void> {
  const key = parseAssignmentId(request.assignmentId)
  if (!isErrorCode(request.code)) {
    throw new SequelaError('message_malformed', `"${peerText(request.code)}" is not one of the error codes`)
  }
  const reason = errorCodes[request.code]
  await ports.loop.handle({ type: 'decline', ...key, site: peer.site, code: request.code, reason })
}

function report(ports: FederationPorts, request: ReportRequest, { peer }: CallContext): boolean {
  const key = parseAssignmentId(request.assignmentId)
  const { activity, done, total } = request
  ports.attendance.report(peer.site, { assignmentId: request.assignmentId, activity: peerText(activity), done, total })
  return standingOf(ports.loop.federation(), peer.site, key) === 'wanted'
}
