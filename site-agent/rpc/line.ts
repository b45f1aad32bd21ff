// A TCP connection to the coordinator along the route that gRPC takes: direct, or through a proxy's CONNECT. For the
// handshakes that we make ourselves, so that what they find is true of the real calls.

import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { SequelaError } from '../../shared/protocol/errors.ts'
import type { Route } from '../proxy.ts'

/** How long one attempt may take, in ms. */
export const linePatienceMs = 15_000

/** @throws the socket's own error, or SequelaError `unreachable` with what the proxy answered. */
export function openLine(route: Route, host: string, port: number): Promise<Socket> {
  return route.kind === 'direct' ? openDirectly(host, port) : openThrough(route, `${host}:${port}`)
}

function openDirectly(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: linePatienceMs })
    socket.once('timeout', () => socket.destroy(new Error(`ETIMEDOUT ${host}:${port}`)))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.setTimeout(0)
      resolve(socket)
    })
  })
}

function openThrough({ url, shown }: Extract<Route, { kind: 'proxy' }>, target: string): Promise<Socket> {
  const { hostname, port, username, password } = new URL(url)
  const user = decodeURIComponent(`${username}:${password}`)
  const authorization = `Basic ${Buffer.from(user).toString('base64')}`
  return new Promise((resolve, reject) => {
    const refuse = (why: string, cause?: unknown): void =>
      reject(new SequelaError('unreachable', `the proxy ${shown} ${why}; ask IT about it`, { cause }))
    const asking = request({
      host: hostname,
      port: port === '' ? 80 : Number(port),
      method: 'CONNECT',
      path: target,
      timeout: linePatienceMs,
      headers: { host: target, ...(username === '' ? {} : { 'proxy-authorization': authorization }) },
    })
    asking.once('timeout', () => asking.destroy(new Error('no answer')))
    asking.once('error', (error) => refuse(`cannot be used: ${error.message}`, error))
    asking.once('connect', ({ statusCode }, socket) => {
      if (statusCode === 200) return resolve(socket)
      socket.destroy()
      refuse(`does not let us through to ${target} (it answered ${statusCode})`)
    })
    asking.end()
  })
}
