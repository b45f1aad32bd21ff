// The one wrapper around every handler. It knows the caller, ends calls that take too long, turns refusals into statuses,
// and lets nothing that a handler throws reach grpc-js, where it would end the process.

import type {
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js'
import type { Clock } from '../../shared/clock.ts'
import type { Log } from '../../shared/log.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { LiveCalls } from './live-calls.ts'
import { type Peer, peerOf } from './peer.ts'
import { serviceError } from './status.ts'

/** What a handler knows of its call. `signal` aborts when the caller has gone, time is up, or the call is ended. */
export interface CallContext {
  readonly peer: Peer
  readonly signal: AbortSignal
}

export interface HandlerDeps {
  /** Throws unless the certificate is good for that site now. */
  readonly authenticate: (peer: Peer) => void
  readonly liveCalls: LiveCalls
  readonly clock: Clock
  readonly log: Log
}

/** Receives the messages of an upload. */
export type MessageStream<Request> = AsyncIterable<Request>

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
    handler: (requests: MessageStream<Request>, context: CallContext) => Promise<Response>,
  ): handleClientStreamingCall<Request, Response>
}

/** Wrappers for calls that need a certificate. */
export function createHandlers(deps: HandlerDeps): Handlers {
  /** Runs a handler between knowing its caller and having answered. */
  const guarded = async <Response>(
    method: string,
    call: OpenCall,
    end: () => void,
    handler: (context: CallContext) => Promise<Response>,
  ): Promise<Response> => {
    const peer = peerOf(call)
    deps.authenticate(peer)
    const live = deps.liveCalls.open(peer.site, end)
    call.on('cancelled', live.done)
    try {
      return await handler({ peer, signal: live.signal })
    } catch (error) {
      if (!live.signal.aborted) logRefusal(deps.log, method, error, peer.site)
      throw error
    } finally {
      live.done()
    }
  }

  return {
    unary: (method, handler) => (call, callback) => {
      const ended = (): void => callback(serviceError(new SequelaError('unauthenticated', 'the call was ended')), null)
      guarded(method, call, ended, (context) => handler(call.request, context)).then(
        (response) => callback(null, response),
        (error: unknown) => callback(statusOf(error), null),
      )
    },

    serverStream: (method, handler) => (call) => {
      const fail = (error: unknown): void => void call.emit('error', statusOf(error))
      const ended = (): void => fail(new SequelaError('unreachable', 'the coordinator has ended the call'))
      call.on('error', () => {
        // The stream broke; the handler hears of it through its signal.
      })
      guarded(method, call, ended, (context) => handler(call.request, senderOf(call, context.signal), context)).then(
        () => call.end(),
        fail,
      )
    },

    clientStream: (method, handler) => (call, callback) => {
      const ended = (): void =>
        callback(serviceError(new SequelaError('unreachable', 'the coordinator has ended the call')), null)
      guarded(method, call, ended, (context) => handler(call, context)).then(
        (response) => callback(null, response),
        (error: unknown) => {
          callback(statusOf(error), null)
          // Nothing more is read from a caller that was refused; what is under way is dropped with the stream.
          call.destroy()
        },
      )
    },
  }
}

/** A unary handler for callers that have no certificate yet. */
export function anonymousUnary<Request, Response>(
  log: Log,
  method: string,
  handler: (request: Request, address: string) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call: ServerUnaryCall<Request, Response>, callback) => {
    handler(call.request, call.getPeer()).then(
      (response) => callback(null, response),
      (error: unknown) => {
        logRefusal(log, method, error)
        callback(statusOf(error), null)
      },
    )
  }
}

type OpenCall = Parameters<typeof peerOf>[0] & { on(event: 'cancelled', listener: () => void): unknown }

/** What is no refusal is a fault of ours: it is logged, and the caller learns nothing of it. */
function statusOf(error: unknown): ReturnType<typeof serviceError> {
  if (error instanceof SequelaError) return serviceError(error)
  return serviceError(new SequelaError('internal', 'the coordinator has a fault; its log says more'))
}

function logRefusal(log: Log, method: string, error: unknown, site?: string): void {
  const where = { method, ...(site === undefined ? {} : { site }) }
  if (error instanceof SequelaError) log.info('call-refused', { ...where, code: error.code, reason: error.message })
  else
    log.error('call-failed', {
      ...where,
      reason: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown',
    })
}

function senderOf<Request, Response>(
  call: ServerWritableStream<Request, Response>,
  signal: AbortSignal,
): Send<Response> {
  return async (message) => {
    if (signal.aborted) throw new SequelaError('cancelled', 'the caller has gone')
    if (call.write(message)) return
    await new Promise<void>((resolve) => {
      const go = (): void => {
        call.off('drain', go)
        signal.removeEventListener('abort', go)
        resolve()
      }
      call.once('drain', go)
      signal.addEventListener('abort', go, { once: true })
    })
  }
}
