// The only module that opens a connection outward: to one coordinator, over mutual TLS, under this site's certificate.
// It translates between messages and values and knows how transfers resume; what to do with them is the agent's affair.

import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { parseDigest } from '../shared/digest.ts'
import {
  type AttendResponse,
  FederationServiceClient,
  FederationServiceService,
  type StudyDescription,
  type UploadUpdateResponse,
} from '../shared/gen/sequela/v1/federation.ts'
import { formatAssignmentId, parseAssignmentId } from '../shared/protocol/assignment-id.ts'
import { encodeUploadRequest } from '../shared/protocol/chunk-codec.ts'
import { isErrorCode, SequelaError } from '../shared/protocol/errors.ts'
import { chunkBytes, errorCodeKey, maxMessageBytes, shortCallMs, windowBytes } from '../shared/protocol/limits.ts'
import { byteCount } from '../shared/protocol/wire.ts'
import { programVersion, protocolVersion } from '../shared/version.ts'
import type { AgentClient, Notice } from './agent.ts'
import { digestOfFile } from './file-digest.ts'
import type { SiteIdentity } from './identity-file.ts'
import type { SpooledUpdate } from './spool.ts'

export interface CoordinatorClient extends AgentClient {
  /** Studies that list this site, with the text to be approved. */
  listStudies(): Promise<readonly StudyDescription[]>
  /** A fresh certificate chain for a new key. */
  renewCertificate(csrPem: string): Promise<string>
}

/** Resuming is our own; grpc-js's retries would keep whole uploads in memory. */
const channelOptions = {
  'grpc.enable_retries': 0,
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
  'grpc-node.flow_control_window': windowBytes,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 500,
  'grpc.max_reconnect_backoff_ms': 5_000,
  'grpc.use_local_subchannel_pool': 1,
}

const definition = {
  ...FederationServiceService,
  uploadUpdate: { ...FederationServiceService.uploadUpdate, requestSerialize: encodeUploadRequest },
}

/** A client of the coordinator that the identity names. Connects with the first call. */
export function createCoordinatorClient(identity: SiteIdentity): CoordinatorClient {
  const client = new FederationServiceClient(
    identity.federationAddress,
    credentials.createSsl(
      Buffer.from(identity.rootPem),
      Buffer.from(identity.privateKeyPem),
      Buffer.from(identity.certificateChainPem),
    ),
    channelOptions,
  )
  // The generated client takes its serialisers from the generated definition; ours writes each chunk once.
  const { uploadUpdate } = definition

  const short = <Response>(
    call: (
      metadata: Metadata,
      options: { deadline: number },
      callback: (error: ServiceError | null, response: Response) => void,
    ) => unknown,
  ): Promise<Response> =>
    new Promise((resolve, reject) => {
      // The deadline is a wall-clock instant for grpc-js.
      const deadline = Date.now() + shortCallMs
      call(new Metadata(), { deadline }, (error, response) =>
        error === null ? resolve(response) : reject(refusalOf(error)),
      )
    })

  const beginUpdate = async (update: SpooledUpdate): Promise<{ offset: number } | { journalIndex: bigint }> => {
    const { answer } = await short<{ answer?: { $case: string; value: unknown } | undefined }>((...rest) =>
      client.beginUpdate(beginMessage(update), ...rest),
    )
    if (answer?.$case === 'continueAt' && typeof answer.value === 'bigint') return { offset: byteCount(answer.value) }
    if (answer?.$case === 'receipt') return { journalIndex: receiptIndex(answer.value) }
    throw new SequelaError('message_malformed', 'the coordinator did not say where to continue')
  }

  const upload = (
    update: SpooledUpdate,
    offset: number,
    options: { readonly signal: AbortSignal; readonly onProgress: (done: number, total: number) => void },
  ): Promise<UploadUpdateResponse> =>
    new Promise((resolve, reject) => {
      const call = client.makeClientStreamRequest(
        uploadUpdate.path,
        uploadUpdate.requestSerialize,
        uploadUpdate.responseDeserialize,
        (error: ServiceError | null, response?: UploadUpdateResponse) => {
          options.signal.removeEventListener('abort', abort)
          if (error !== null) reject(refusalOf(error))
          else if (response === undefined)
            reject(new SequelaError('message_malformed', 'the coordinator answered nothing'))
          else resolve(response)
        },
      )
      const abort = (): void => call.cancel()
      options.signal.addEventListener('abort', abort, { once: true })
      const send = async (): Promise<void> => {
        for await (const chunk of chunksOf(update, offset)) {
          if (options.signal.aborted || call.destroyed) return
          options.onProgress(chunk.offset, update.byteLength)
          const message = {
            assignmentId: '',
            updateDigest: '',
            chunk: { offset: BigInt(chunk.offset), data: chunk.data },
          }
          const named = chunk.offset === offset ? { ...message, ...namesOf(update) } : message
          if (!call.write(named)) await drained(call)
        }
        if (offset === update.byteLength) call.write({ ...namesOf(update), chunk: undefined })
        call.end()
      }
      send().catch((error: unknown) => {
        call.cancel()
        reject(SequelaError.from(error, 'file_unreadable'))
      })
    })

  return {
    attend: (approvedStudies, onNotice, signal) =>
      new Promise((resolve, reject) => {
        const call = client.attend({
          protocolVersion,
          programVersion,
          capabilities: [],
          approvedStudies: [...approvedStudies],
        })
        const abort = (): void => call.cancel()
        signal.addEventListener('abort', abort, { once: true })
        if (signal.aborted) abort()
        call.on('data', (message: AttendResponse) => {
          const notice = noticeOf(message)
          if (notice !== undefined) onNotice(notice)
        })
        call.on('end', resolve)
        call.on('error', (error: ServiceError) => {
          signal.removeEventListener('abort', abort)
          reject(refusalOf(error))
        })
      }),

    deliver: async (update, options) => {
      const begun = await beginUpdate(update)
      if ('journalIndex' in begun) return { journalIndex: begun.journalIndex, bytesSent: 0 }
      const { receipt } = await upload(update, begun.offset, options)
      return { journalIndex: receiptIndex(receipt), bytesSent: update.byteLength - begun.offset }
    },

    downloadWeights: async ({ digest, byteLength, file }, options) => {
      const partial = `${file}.partial`
      const held = await stat(partial).then(
        (info) => info.size,
        () => 0,
      )
      const handle = await open(partial, held > byteLength ? 'w' : 'a', 0o600)
      try {
        await receive(client, { digest, byteLength, from: held > byteLength ? 0 : held }, handle, options)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await verifyDigest(partial, digest)
      await rename(partial, file)
    },

    decline: async (assignmentId, code, reason) => {
      await short((...rest) => client.decline({ assignmentId, code, reason }, ...rest))
    },
    report: async (assignmentId, activity, done, total) => {
      const request = { assignmentId, activity, done: Math.trunc(done), total: Math.trunc(total) }
      const { wanted } = await short<{ wanted: boolean }>((...rest) => client.report(request, ...rest))
      return wanted
    },
    listStudies: async () => {
      const { studies } = await short<{ studies: StudyDescription[] }>((...rest) => client.listStudies({}, ...rest))
      return studies
    },
    renewCertificate: async (csrPem) => {
      const { certificateChainPem } = await short<{ certificateChainPem: string }>((...rest) =>
        client.renewCertificate({ csrPem }, ...rest),
      )
      return certificateChainPem
    },
    close: () => client.close(),
  }
}

/** A failed call as a refusal: the coordinator's own code where it sent one, else what the transport says. */
export function refusalOf(error: ServiceError): SequelaError {
  const [code] = error.metadata?.get(errorCodeKey) ?? []
  if (typeof code === 'string' && isErrorCode(code)) return new SequelaError(code, error.details)
  switch (error.code) {
    case status.CANCELLED:
      return new SequelaError('cancelled', 'the call was called off', { cause: error })
    case status.DEADLINE_EXCEEDED:
      return new SequelaError('deadline_exceeded', 'the coordinator did not answer in time', { cause: error })
    case status.UNIMPLEMENTED:
      return new SequelaError('version_incompatible', 'the coordinator does not know this call; compare versions', {
        cause: error,
      })
    case status.RESOURCE_EXHAUSTED:
      return new SequelaError('too_busy', 'the coordinator has too much to do; try again', { cause: error })
    default:
      return new SequelaError('unreachable', `the coordinator cannot be reached: ${error.details}`, { cause: error })
  }
}

async function receive(
  client: FederationServiceClient,
  request: { readonly digest: string; readonly byteLength: number; readonly from: number },
  file: FileHandle,
  options: { readonly signal: AbortSignal; readonly onProgress: (done: number, total: number) => void },
): Promise<void> {
  const call = client.downloadWeights({ digest: request.digest, offset: BigInt(request.from) })
  const abort = (): void => call.cancel()
  options.signal.addEventListener('abort', abort, { once: true })
  let offset = request.from
  try {
    for await (const { chunk } of call) {
      if (byteCount(chunk.offset) !== offset || offset + chunk.data.byteLength > request.byteLength) {
        throw new SequelaError('offset_mismatch', 'the coordinator sent other bytes than were asked for')
      }
      await file.write(chunk.data)
      offset += chunk.data.byteLength
      options.onProgress(offset, request.byteLength)
    }
  } catch (error) {
    call.cancel()
    throw isServiceError(error) ? refusalOf(error) : error
  } finally {
    options.signal.removeEventListener('abort', abort)
  }
  if (offset !== request.byteLength) throw new SequelaError('unreachable', `the weights ended at byte ${offset}`)
}

async function verifyDigest(file: string, expected: string): Promise<void> {
  if ((await digestOfFile(file)) === expected) return
  await rm(file, { force: true })
  throw new SequelaError(
    'digest_mismatch',
    'the weights that came are not the ones that were announced; they are fetched again',
  )
}

async function* chunksOf(update: SpooledUpdate, from: number): AsyncIterable<{ offset: number; data: Uint8Array }> {
  const handle = await open(update.file, 'r')
  try {
    for (let offset = from; offset < update.byteLength; offset += chunkBytes) {
      const data = new Uint8Array(Math.min(chunkBytes, update.byteLength - offset))
      const { bytesRead } = await handle.read(data, 0, data.byteLength, offset)
      if (bytesRead < data.byteLength)
        throw new SequelaError('file_unreadable', 'a spooled update is shorter than it was')
      yield { offset, data }
    }
  } finally {
    await handle.close()
  }
}

function drained(call: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      for (const event of ['drain', 'close', 'error']) call.off(event, go)
      resolve()
    }
    for (const event of ['drain', 'close', 'error']) call.once(event, go)
  })
}

function beginMessage(update: SpooledUpdate): Parameters<FederationServiceClient['beginUpdate']>[0] {
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

function namesOf(update: SpooledUpdate): { assignmentId: string; updateDigest: string } {
  return { assignmentId: formatAssignmentId(update.assignment), updateDigest: update.updateDigest }
}

function receiptIndex(receipt: unknown): bigint {
  if (typeof receipt === 'object' && receipt !== null && 'journalIndex' in receipt) {
    if (typeof receipt.journalIndex === 'bigint') return receipt.journalIndex
  }
  throw new SequelaError('message_malformed', 'the coordinator gave no receipt')
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error
}

function noticeOf({ notice }: AttendResponse): Notice | undefined {
  switch (notice?.$case) {
    case 'welcome': {
      const { site, serverTimeMs, programVersion: version } = notice.value
      return { kind: 'welcome', site, serverTimeMs: Number(serverTimeMs), programVersion: version }
    }
    case 'assignment': {
      const { assignmentId, baseDigest, baseByteLength, deadlineMs } = notice.value
      return {
        kind: 'assignment',
        assignment: {
          ...parseAssignmentId(assignmentId),
          baseDigest: parseDigest(baseDigest),
          baseByteLength: byteCount(baseByteLength),
          deadlineMs: Number(deadlineMs),
        },
      }
    }
    case 'cancellation':
      return { kind: 'cancellation', ...notice.value }
    case 'studyOffer':
      return { kind: 'study-offer', ...notice.value }
    case 'renewal':
      return { kind: 'renewal' }
    case 'heartbeat':
      return { kind: 'heartbeat', serverTimeMs: Number(notice.value.serverTimeMs) }
    case undefined:
      return undefined
  }
}
