// The local server of `site view`: on this machine only, for one browser, read only. Every answer, refusals included, carries
// the same strict headers; nothing may be kept by the browser, and no page can load or send anything elsewhere. What stands
// on the pages is in routes.ts.

import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import fastify, { type FastifyInstance } from 'fastify'
import { SequelaError } from '../../../shared/protocol/errors.ts'
import { systemCode } from '../../../shared/system-code.ts'
import type { Access } from './access.ts'
import { enteredPage, refusalPage } from './notice-pages.ts'

/** Only this machine can reach it. */
const loopback = '127.0.0.1'

/** The longest path is that of a picture, below 300 letters; a header of more than this is nobody's browser. */
const maxHeaderBytes = 16_384
const requestTimeoutMs = 30_000

const contentPolicy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
  },
}

export interface ViewServerOptions {
  readonly access: Access
  /** 0 takes any port that is free. */
  readonly port: number
  /** Adds what can be seen, below the room's path, behind the guards. */
  readonly routes: (server: FastifyInstance) => void
  readonly onEntered: () => Promise<void>
  /** Called with every request that was let in, so that an idle server can be ended. */
  readonly onUse: () => void
}

export interface ViewServer {
  /** To be opened in a browser, once. */
  readonly link: string
  readonly port: number
  close(): Promise<void>
}

/** @throws SequelaError `config_invalid` when the port is taken or may not be used. */
export async function startViewServer(options: ViewServerOptions): Promise<ViewServer> {
  const { access, port: wanted } = options
  const server = fastify({
    logger: false,
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, maxParamLength: 80 },
    exposeHeadRoutes: true,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: true,
    bodyLimit: 1,
    http: { maxHeaderSize: maxHeaderBytes },
  })
  await server.register(helmet, {
    contentSecurityPolicy: contentPolicy,
    crossOriginEmbedderPolicy: true,
    referrerPolicy: { policy: 'no-referrer' },
    // There is no certificate for a loopback address; nothing of this leaves the machine.
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
  })
  await server.register(cookie)
  guard(server, options)
  await server.register(
    async (room) => {
      entrance(room, options)
      await room.register(async (inside) => {
        inside.addHook('onRequest', async (request) => {
          if (!access.isIn(request.cookies[access.cookieName])) throw notIn()
          options.onUse()
        })
        options.routes(inside)
      })
    },
    { prefix: access.room },
  )
  const address = await listen(server, wanted)
  return {
    port: address.port,
    link: `http://${loopback}:${address.port}${access.entrance}`,
    close: () => server.close(),
  }
}

/** What holds for every request, known path or not. */
function guard(server: FastifyInstance, { access }: ViewServerOptions): void {
  server.addHook('onRequest', async (request, reply) => {
    reply.header('Cache-Control', 'no-store')
    reply.header('Permissions-Policy', 'camera=(), geolocation=(), microphone=()')
    // A name that somebody else's DNS points here is not this server's name (DNS rebinding).
    if (request.headers.host !== `${loopback}:${portOf(server)}`) throw foreign(`${loopback}:${portOf(server)}`)
    // A page of another server on this machine is on the same site but not of the same origin.
    const from = request.headers['sec-fetch-site']
    const isEntrance = request.url.startsWith(`${access.room}/enter?`)
    if (from !== undefined && from !== 'same-origin' && from !== 'none' && !isEntrance) throw notIn()
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      reply.header('Allow', 'GET, HEAD')
      throw new ViewRefusal(405, 'usage', 'These pages can only be read.')
    }
  })
  server.setNotFoundHandler(async () => {
    throw new ViewRefusal(404, 'usage', 'There is no such page.')
  })
  server.setErrorHandler(async (error, _request, reply) => {
    const refusal = SequelaError.from(error)
    reply.code(statusOf(error)).type('text/html; charset=utf-8')
    const isOurs = error instanceof SequelaError
    return refusalPage(isOurs ? refusal.message : 'The request cannot be understood.', refusal.code).text
  })
}

function entrance(room: FastifyInstance, { access, onEntered }: ViewServerOptions): void {
  room.get<{ Querystring: { key?: unknown } }>('/enter', async (request, reply) => {
    const { key } = request.query
    const entered = access.enter(typeof key === 'string' ? key : '')
    // Whoever was let in and opens the link again goes on.
    if (entered === 'used' && access.isIn(request.cookies[access.cookieName])) return enteredPage(access.room).text
    if (entered === 'wrong') throw notIn()
    if (entered === 'used') {
      throw new ViewRefusal(
        403,
        'forbidden',
        'This link was opened before, and it works once. End “site view” and start it again for a new one.',
      )
    }
    await onEntered()
    reply.setCookie(access.cookieName, entered.session, { httpOnly: true, sameSite: 'strict', path: access.room })
    reply.type('text/html; charset=utf-8')
    return enteredPage(access.room).text
  })
}

/** A refusal with the status by which HTTP says it. */
class ViewRefusal extends SequelaError {
  readonly status: number

  constructor(status: number, code: SequelaError['code'], message: string) {
    super(code, message)
    this.status = status
  }
}

function notIn(): ViewRefusal {
  return new ViewRefusal(403, 'forbidden', 'Open the link that “site view” printed, in the browser that you will use.')
}

function foreign(name: string): ViewRefusal {
  return new ViewRefusal(
    421,
    'forbidden',
    `This server answers to ${name} only. Through a tunnel, use the same port at both ends.`,
  )
}

function statusOf(error: unknown): number {
  if (error instanceof ViewRefusal) return error.status
  if (error instanceof SequelaError) return error.code === 'usage' ? 404 : 500
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  return status >= 400 && status < 600 ? status : 500
}

async function listen(server: FastifyInstance, port: number): Promise<{ readonly port: number }> {
  try {
    await server.listen({ host: loopback, port })
  } catch (cause) {
    await server.close()
    const message = `port ${port} of this machine cannot be used (${systemCode(cause)}); leave --port out for any free one`
    throw new SequelaError('config_invalid', message, { cause })
  }
  return addressOf(server)
}

function portOf(server: FastifyInstance): number {
  return addressOf(server).port
}

function addressOf(server: FastifyInstance): { readonly port: number } {
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen')
  return address
}
