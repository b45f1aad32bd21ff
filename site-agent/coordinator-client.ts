// The only way out of the site agent: to one coordinator, over mutual TLS, under this site's certificate. Here are the
// calls that it makes; how they are made is in rpc/, and what to do with the answers is the agent's affair.

import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { type Clock, systemClock } from '../shared/clock.ts'
import {
  type AttendResponse,
  type BeginUpdateRequest,
  type BeginUpdateResponse,
  FederationServiceClient,
  type LinkChildrenRequest,
  type LinkChildrenResponse,
  type ListStudiesResponse,
  type Receipt,
  type RenewCertificateResponse,
  type ReportResponse,
  type StudyDescription,
} from '../shared/gen/sequela/v1/federation.ts'
import { formatAssignmentId } from '../shared/protocol/assignment-id.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { heartbeatMs, shortCallMs } from '../shared/protocol/limits.ts'
import { decodeLinkTokens, encodeLinkTokens } from '../shared/protocol/link-tokens.ts'
import { byteCount } from '../shared/protocol/wire.ts'
import { programVersion, protocolVersion } from '../shared/version.ts'
import type { AgentClient, Notice } from './agent.ts'
import type { SealedLinks } from './egress.ts'
import type { SiteIdentity } from './identity-file.ts'
import type { Environment } from './proxy.ts'
import { openClient } from './rpc/channel.ts'
import { downloadWeights } from './rpc/download.ts'
import { noticeOf } from './rpc/notices.ts'
import { refusalOf } from './rpc/refusal.ts'
import { type Later, systemLater, watchSilence } from './rpc/silence.ts'
import { uploadUpdate } from './rpc/upload.ts'
import type { SpooledUpdate } from './spool.ts'

export interface CoordinatorClient extends AgentClient {
  /** Studies that list this site, with the text to be approved. */
  listStudies(): Promise<readonly StudyDescription[]>
  /** A fresh certificate chain for a new key. */
  renewCertificate(csrPem: string): Promise<string>
}

export interface CoordinatorClientDeps {
  readonly clock: Clock
  readonly later: Later
  readonly environment: Environment
}

const systemDeps: CoordinatorClientDeps = { clock: systemClock, later: systemLater, environment: process.env }

/** The coordinator says that it is alive; a line that is silent for three times as long is dead. */
const silenceLimitMs = 3 * heartbeatMs

type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: { readonly deadline: number },
  callback: (error: ServiceError | null, response: Response) => void,
) => unknown

/**
 * A client of the coordinator that the identity names. Connects with the first call.
 * @throws SequelaError `config_invalid` when the environment names a proxy that cannot be used.
 */
export function createCoordinatorClient(
  identity: SiteIdentity,
  { clock, later, environment }: CoordinatorClientDeps = systemDeps,
): CoordinatorClient {
  const { rootPem, privateKeyPem, certificateChainPem, federationAddress } = identity
  const [root, key, chain] = [rootPem, privateKeyPem, certificateChainPem].map((pem) => Buffer.from(pem))
  const client = openClient(FederationServiceClient, {
    address: federationAddress,
    credentials: credentials.createSsl(root, key, chain),
    environment,
  })

  /** A call that is answered at once. */
  const ask = <Request, Response>(method: Unary<Request, Response>, request: Request): Promise<Response> =>
    new Promise((resolve, reject) => {
      method.call(client, request, new Metadata(), { deadline: clock.now() + shortCallMs }, (error, response) =>
        error === null ? resolve(response) : reject(refusalOf(error)),
      )
    })

  return {
    attend: (approvedStudies, onNotice, signal) => {
      const greeting = { protocolVersion, programVersion, capabilities: [], approvedStudies: [...approvedStudies] }
      return listen(client.attend(greeting), onNotice, signal, later)
    },
    deliver: async (update, options) => {
      const { answer } = await ask<BeginUpdateRequest, BeginUpdateResponse>(client.beginUpdate, announcementOf(update))
      if (answer === undefined)
        throw new SequelaError('message_malformed', 'the coordinator did not say where to go on')
      if (answer.$case === 'receipt') return { journalIndex: answer.value.journalIndex, bytesSent: 0 }
      const from = byteCount(answer.value)
      const { receipt } = await uploadUpdate(client, update, from, { ...options, later })
      return { journalIndex: indexOf(receipt), bytesSent: update.byteLength - from }
    },
    downloadWeights: (wanted, options) => downloadWeights(client, wanted, { ...options, later }),
    reportEvaluation: async ({ assignment, baseDigest, metrics }) => {
      const request = {
        ...{ assignmentId: formatAssignmentId(assignment), baseDigest },
        metrics: metrics.map((metric) => ({ ...metric })),
      }
      await ask(client.reportEvaluation, request)
    },
    linkChildren: async (links) => {
      const { studyDigest } = links
      const request: LinkChildrenRequest = { studyDigest, answer: linkAnswerOf(links) }
      const { shared, held, keysDiffer, settled } = await ask<LinkChildrenRequest, LinkChildrenResponse>(
        client.linkChildren,
        request,
      )
      return { shared: decodeLinkTokens(shared), held: decodeLinkTokens(held), keysDiffer, settled }
    },
    decline: async (assignmentId, code, reason) => void (await ask(client.decline, { assignmentId, code, reason })),
    report: async (assignmentId, activity, done, total) => {
      const request = { assignmentId, activity, done: Math.trunc(done), total: Math.trunc(total) }
      return (await ask<typeof request, ReportResponse>(client.report, request)).wanted
    },
    listStudies: async () => (await ask<object, ListStudiesResponse>(client.listStudies, {})).studies,
    renewCertificate: async (csrPem) =>
      (await ask<{ csrPem: string }, RenewCertificateResponse>(client.renewCertificate, { csrPem }))
        .certificateChainPem,
    close: () => client.close(),
  }
}

/** Resolves when the coordinator ends the call, rejects with why it broke. */
function listen(
  call: ReturnType<FederationServiceClient['attend']>,
  onNotice: (notice: Notice) => void,
  signal: AbortSignal,
  later: Later,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const cancel = (): void => call.cancel()
  const silence = watchSilence(later, silenceLimitMs, () => {
    reject(new SequelaError('unreachable', 'the coordinator has said nothing for over a minute'))
    cancel()
  })
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()
  call.on('data', (message: AttendResponse) => {
    silence.heard()
    try {
      const notice = noticeOf(message)
      if (notice !== undefined) onNotice(notice)
    } catch (error) {
      reject(SequelaError.from(error))
      cancel()
    }
  })
  call.on('end', resolve)
  call.on('error', (error: ServiceError) => reject(refusalOf(error, signal)))
  return promise.finally(() => {
    silence.stop()
    signal.removeEventListener('abort', cancel)
  })
}

function linkAnswerOf(links: SealedLinks): LinkChildrenRequest['answer'] {
  if (links.kind === 'unchecked') return { $case: 'unchecked', value: links.reason }
  const { keyFingerprint, tokens } = links
  return { $case: 'list', value: { keyFingerprint, tokens: encodeLinkTokens(tokens) } }
}

function announcementOf(update: SpooledUpdate): BeginUpdateRequest {
  const { assignment, baseDigest, updateDigest, byteLength, children, updateNorm, metrics } = update
  return {
    assignmentId: formatAssignmentId(assignment),
    studyDigest: assignment.studyDigest,
    stage: assignment.stage,
    round: assignment.round,
    baseDigest,
    updateDigest,
    byteLength: BigInt(byteLength),
    children,
    updateNorm,
    metrics: metrics.map((metric) => ({ ...metric })),
  }
}

function indexOf(receipt: Receipt | undefined): bigint {
  if (receipt === undefined) throw new SequelaError('message_malformed', 'the coordinator gave no receipt')
  return receipt.journalIndex
}
