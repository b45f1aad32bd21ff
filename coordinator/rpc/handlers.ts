// The one wrapper around every handler. It knows the caller, ends calls from outside, turns refusals into statuses, and
// lets nothing that a handler throws reach grpc-js, where it would end the process.

import type {
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js'
import type { Log } from '../../shared/log.ts'
import { drained } from '../../shared/protocol/drained.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { createInbox, type Inbox } from '../../shared/protocol/inbox.ts'
import { isDamage } from '../store/blobs.ts'
import type { LiveCalls } from './live-calls.ts'
import { type Peer, peerOf } from './peer.ts'
import { serviceError } from './status.ts'

/** What a handler knows of its call. `signal` aborts when the caller has gone or the call is ended. */
export interface CallContext {
  readonly peer: Peer
  readonly signal: AbortSignal
  /** For calls that stay open: throws once the certificate is not good any more. */
  readonly authenticateAgain: () => void
}

export interface HandlerDeps {
  /** Throws unless the certificate is good for that site now. */
  readonly authenticate: (peer: Peer) => void
  readonly liveCalls: LiveCalls
  readonly log: Log
}

/** Sends a message; resolves when the next may be sent (back-pressure). */
export type Send<Response> = (message: Response) => Promise<void>

export interface Handlers {
  unary<Request, Response>(
    method: string,
    handler: (request: Request, context: CallContext) => Promise<Response>,
  ): handleUnaryCall<Request, Response>
  serverStream<Request, Response>(
    method: string,
    handler: (request: Request, send: Send<Response>, context: CallContext) => Promise<void>,
  ): handleServerStreamingCall<Request, Response>
  clientStream<Request, Response>(
    method: string,
    handler: (requests: Inbox<Request>, context: CallContext) => Promise<Response>,
  ): handleClientStreamingCall<Request, Response>
}

/** Wrappers for calls that need a certificate. */
export function createHandlers(deps: HandlerDeps): Handlers {
  /** Runs a handler and answers exactly once: with what it gives, with why it fails, or because the call is ended. */
  const guard = <Response>(
    method: string,
    call: OpenCall,
    handler: (context: CallContext) => Promise<Response>,
    answer: { readonly succeed: (response: Response) => void; readonly fail: (error: ServiceFailure) => void },
  ): void => {
    let answered = false
    const once = (say: () => void): void => {
      if (!answered) say()
      answered = true
    }
    const run = async (): Promise<Response> => {
      const peer = peerOf(call)
      const authenticateAgain = (): void => deps.authenticate(peer)
      authenticateAgain()
      const ended = new SequelaError('unreachable', 'the coordinator has ended the call; call again')
      const live = deps.liveCalls.open({ site: peer.site, method }, () => once(() => answer.fail(serviceError(ended))))
      call.on('cancelled', live.done)
      try {
        return await handler({ peer, signal: live.signal, authenticateAgain })
      } finally {
        live.done()
      }
    }
    run().then(
      (response) => once(() => answer.succeed(response)),
      (error: unknown) =>
        once(() => {
          if (!call.cancelled) logFailure(deps.log, method, error)
          answer.fail(failureOf(error))
        }),
    )
  }

  return {
    unary: (method, handler) => (call, callback) =>
      guard(method, call, (context) => handler(call.request, context), {
        succeed: (response) => callback(null, response),
        fail: (error) => callback(error, null),
      }),

    serverStream: (method, handler) => (call) =>
      guard(method, call, (context) => handler(call.request, senderOf(call, context.signal), context), {
        succeed: () => void call.end(),
        fail: (error) => void call.emit('error', error),
      }),

    clientStream: (method, handler) => (call, callback) =>
      guard(method, call, (context) => handler(createInbox(call, gone), context), {
        succeed: (response) => callback(null, response),
        fail: (error) => callback(error, null),
      }),
  }
}

/** A unary handler for callers that have no certificate yet. */
export function anonymousUnary<Request, Response>(
  log: Log,
  method: string,
  handler: (request: Request) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call: ServerUnaryCall<Request, Response>, callback) => {
    handler(call.request).then(
      (response) => callback(null, response),
      (error: unknown) => {
        logFailure(log, method, error)
        callback(failureOf(error), null)
      },
    )
  }
}

type ServiceFailure = ReturnType<typeof serviceError>

type OpenCall = Parameters<typeof peerOf>[0] & {
  readonly cancelled: boolean
  on(event: 'cancelled', listener: () => void): unknown
}

/** What is no refusal is a fault or a loss of ours: the caller learns nothing of it but that it happened, and where. */
function failureOf(error: unknown): ServiceFailure {
  if (isDamage(error)) return serviceError(new SequelaError('store_corrupt', damageInWords))
  if (error instanceof SequelaError) return serviceError(error)
  return serviceError(new SequelaError('internal', 'the coordinator has a fault; its log says more'))
}

const damageInWords =
  'something that the coordinator has stored is damaged; its operator has to restore it, and nothing is to be done at the site'

function logFailure(log: Log, method: string, error: unknown): void {
  if (error instanceof SequelaError && !isDamage(error))
    log.info('call-refused', { method, code: error.code, reason: error.message })
  else {
    log.error('call-failed', { method, reason: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown' })
  }
}

function senderOf<Request, Response>(
  call: ServerWritableStream<Request, Response>,
  signal: AbortSignal,
): Send<Response> {
  return async (message) => {
    if (signal.aborted) throw gone()
    if (!call.write(message)) await drained(call, signal)
  }
}

function gone(): SequelaError {
  return new SequelaError('cancelled', 'the caller has gone')
}
