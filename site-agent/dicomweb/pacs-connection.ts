// The way to the hospital's PACS: the second of the two modules of the agent that open connections (the first goes to the
// coordinator). HTTPS with the server's certificate always checked, plain HTTP to this machine only, no redirects, no
// answer without a limit.

import { type IncomingMessage, request as plainRequest } from 'node:http'
import { Agent, request as tlsRequest } from 'node:https'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import type { PacsCredentials } from './credentials.ts'

export interface PacsConnection {
  /** One GET below the service's address. @throws SequelaError `unreachable`, `pacs_refused`, `cancelled`. */
  get(path: string, accept: string, signal?: AbortSignal): Promise<PacsAnswer>
  close(): void
}

export interface PacsAnswer {
  readonly contentType: string
  /** The body as it comes. Ends with an error when the line is cut or nothing comes for a while. */
  readonly body: AsyncIterable<Uint8Array>
}

/** A PACS may fetch from tape before it answers; nothing at all for this long is a dead line. */
const silenceMs = 120_000

/** A refusal that another attempt may not meet: the line, or a server that is busy or restarting. */
export class PassingFault extends SequelaError {}

/** A refusal of whoever asks (401, 403), whatever is asked for. */
export class AccessRefused extends SequelaError {}

/** @throws SequelaError `config_invalid` for an address that may not be used */
export function connectPacs(url: string, credentials: PacsCredentials): PacsConnection {
  const base = parseAddress(url)
  const secure = base.protocol === 'https:'
  const { ca, certificate, key, header } = credentials
  const agent = secure
    ? new Agent({
        keepAlive: true,
        maxSockets: 2,
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
        ...(ca === undefined ? {} : { ca }),
        ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key }),
      })
    : undefined
  return {
    get: async (path, accept, signal) => {
      const target = new URL(base.pathname.replace(/\/$/, '') + path, base)
      if (target.origin !== base.origin) throw new SequelaError('internal', 'a request left the PACS')
      const options = {
        headers: { accept, 'user-agent': 'sequela', ...(header === undefined ? {} : { [header.name]: header.value }) },
        timeout: silenceMs,
        ...(signal === undefined ? {} : { signal }),
        ...(agent === undefined ? {} : { agent }),
      }
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const request = (secure ? tlsRequest : plainRequest)(target, options, resolve)
        request.on('timeout', () =>
          request.destroy(new PassingFault('unreachable', 'the PACS has been silent for too long')),
        )
        request.on('error', (error) => reject(faultOf(error, signal)))
        request.end()
      })
      const status = answer.statusCode ?? 0
      if (status === 204) return { contentType: '', body: bodyOf(answer, signal) }
      if (status !== 200) {
        answer.destroy()
        throw refusalOf(status)
      }
      return { contentType: answer.headers['content-type'] ?? '', body: bodyOf(answer, signal) }
    },
    close: () => agent?.destroy(),
  }
}

async function* bodyOf(answer: IncomingMessage, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of answer) {
      if (chunk instanceof Uint8Array) yield chunk
    }
    if (!answer.complete) throw new PassingFault('unreachable', 'the PACS broke off in the middle of an answer')
  } catch (error) {
    throw faultOf(error, signal)
  }
}

function parseAddress(url: string): URL {
  const wrong = (reason: string): SequelaError =>
    new SequelaError('config_invalid', `the address of the PACS ${reason}`)
  if (!URL.canParse(url)) throw wrong('is no URL; write https://host/path')
  const parsed = new URL(url)
  if (parsed.username !== '' || parsed.password !== '') {
    throw wrong('holds a password, which others on this machine could see; give a header in a file (--pacs-header)')
  }
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(parsed.hostname)
  if (parsed.protocol !== 'https:' && !(parsed.protocol === 'http:' && loopback)) {
    throw wrong('must begin with https://; patients’ images do not travel unprotected, except within this machine')
  }
  if (parsed.search !== '' || parsed.hash !== '')
    throw wrong('must end with the path of the service, such as /dicom-web')
  return parsed
}

function refusalOf(status: number): SequelaError {
  if (status >= 300 && status < 400) {
    return new SequelaError(
      'pacs_refused',
      'the PACS answers with a redirect, which is not followed; give the address it leads to',
    )
  }
  if (status === 401 || status === 403) {
    return new AccessRefused(
      'pacs_refused',
      `the PACS refuses access (${status}); check the header or certificate given for it`,
    )
  }
  if (status === 429 || status >= 500)
    return new PassingFault('pacs_refused', `the PACS cannot answer at the moment (${status})`)
  return new SequelaError(
    'pacs_refused',
    `the PACS refuses the request (${status}); check the path of its DICOMweb service`,
  )
}

function faultOf(error: unknown, signal: AbortSignal | undefined): SequelaError {
  if (error instanceof SequelaError) return error
  if (signal?.aborted === true) {
    return new SequelaError('cancelled', 'the import was stopped; run it again to go on where it stopped', {
      cause: error,
    })
  }
  const code = systemCode(error, 'unknown fault')
  if (/CERT|SIGNATURE|SELF_SIGNED|ALTNAME|SSL|TLS/.test(code)) {
    const message = `the PACS cannot be trusted (${code}); give the hospital's certificate authority with --pacs-ca`
    return new SequelaError('unreachable', message, { cause: error })
  }
  return new PassingFault('unreachable', `the PACS cannot be reached (${code})`, { cause: error })
}
